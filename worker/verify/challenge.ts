import { verifyTokenName } from '../../shared/config/secrets.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Bindings, readSecret } from '../env.ts';
import type { Outcome } from '../outcome.ts';
import type { Delivery } from '../receive/delivery.ts';
import type { Keys } from './handshakes/handshake.ts';

// The handshake step. Only the handshake that the stream's config names is ever answered.

/** The answer to a challenge that nothing signs; undefined if the delivery is not one. */
export async function answerUnsigned(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
): Promise<Outcome | undefined> {
  const answer = await askUnsigned(delivery, endpoint, env);
  if (answer) return withFacts(answer, delivery);
  // An OPTIONS is a challenge or nothing.
  return delivery.method === 'OPTIONS' ? { outcome: 'wrong-method', allow: 'POST' } : undefined;
}

/** The answer to a challenge whose key or signature held; undefined if the delivery is not one. */
export async function answerVerified(
  delivery: Delivery,
  { handshake, stream }: Endpoint,
  env: Bindings,
): Promise<Outcome | undefined> {
  const { method, facts } = delivery;
  if (method !== 'POST' || facts.secret === undefined) return undefined;
  const secret = readSecret(env, stream.secrets[facts.secret] ?? '');
  const answer = await handshake?.verified?.(delivery, secret);
  return answer && withFacts(answer, delivery);
}

async function askUnsigned(
  { method, headers, query, body }: Delivery,
  endpoint: Endpoint,
  env: Bindings,
): Promise<Outcome | undefined> {
  const { handshake } = endpoint;
  switch (method) {
    case 'GET':
      return handshake?.get?.(new URLSearchParams(query), keysOf(endpoint, env));
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

function keysOf({ stream }: Endpoint, env: Bindings): Keys {
  const [first = ''] = stream.secrets;
  const live = stream.secrets.find((name) => readSecret(env, name) !== '') ?? first;
  const verifyToken = verifyTokenName(stream.name);
  return {
    secret: { name: first, value: readSecret(env, live) },
    verifyToken: { name: verifyToken, value: readSecret(env, verifyToken) },
  };
}
