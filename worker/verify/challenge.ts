import { verifyTokenName } from '../../shared/config/secrets.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Outcome } from '../outcome.ts';
import type { Delivery } from '../receive/delivery.ts';
import type { Keys } from './handshakes/handshake.ts';
import type { SecretReader } from './verify.ts';

// The handshake step. Only the handshake that the stream's config names is ever answered.

/** The answer to a challenge that nothing signs; undefined if the delivery is not one. */
export async function answerUnsigned(
  delivery: Delivery,
  endpoint: Endpoint,
  secretOf: SecretReader,
): Promise<Outcome | undefined> {
  const answer = await askUnsigned(delivery, endpoint, secretOf);
  if (answer) return withFacts(answer, delivery);
  // An OPTIONS is a challenge or nothing.
  return delivery.method === 'OPTIONS' ? { outcome: 'wrong-method', allow: 'POST' } : undefined;
}

/** The answer to a challenge whose key or signature held; undefined if the delivery is not one. */
export async function answerVerified(
  delivery: Delivery,
  { handshake }: Endpoint,
  secretOf: SecretReader,
): Promise<Outcome | undefined> {
  const { method, facts } = delivery;
  if (method !== 'POST' || facts.secret === undefined) return undefined;
  const secret = secretOf(facts.secret);
  const answer = await handshake?.verified?.(delivery, secret);
  return answer && withFacts(answer, delivery);
}

async function askUnsigned(
  { method, headers, query, body }: Delivery,
  endpoint: Endpoint,
  secretOf: SecretReader,
): Promise<Outcome | undefined> {
  const { handshake } = endpoint;
  switch (method) {
    case 'GET':
      return handshake?.get?.(new URLSearchParams(query), keysOf(endpoint, secretOf));
    case 'HEAD':
      return handshake?.head?.();
    case 'OPTIONS':
      return handshake?.options?.(headers);
    default:
      return handshake?.unsigned?.(headers, body);
  }
}

function withFacts(answer: Outcome, { facts }: Delivery): Outcome {
  return { ...answer, facts: { ...facts, ...answer.facts } };
}

function keysOf({ stream }: Endpoint, secretOf: SecretReader): Keys {
  const [first = ''] = stream.secrets;
  const live = stream.secrets.find((name) => secretOf(name) !== '') ?? first;
  const verifyToken = verifyTokenName(stream.name);
  return {
    secret: { name: first, value: secretOf(live) },
    verifyToken: { name: verifyToken, value: secretOf(verifyToken) },
  };
}
