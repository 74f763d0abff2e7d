import { secretPrefix } from '../../shared/config/secrets.ts';
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
  const { handshake } = endpoint;
  const { method, headers, query, body } = delivery;
  switch (method) {
    case 'GET':
      return withFacts(
        await handshake?.get?.(new URLSearchParams(query), keysOf(endpoint, env)),
        delivery,
      );
    case 'HEAD':
      return withFacts(handshake?.head?.(), delivery);
    case 'OPTIONS':
      // An OPTIONS is a challenge or nothing.
      return (
        withFacts(handshake?.options?.(headers), delivery) ?? {
          outcome: 'wrong-method',
          allow: 'POST',
        }
      );
    default:
      return withFacts(handshake?.unsigned?.(headers, body), delivery);
  }
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
  return withFacts(await handshake?.verified?.(delivery, secret), delivery);
}

function withFacts(answer: Outcome | undefined, { facts }: Delivery): Outcome | undefined {
  return answer && { ...answer, facts: { ...facts, ...answer.facts } };
}

function keysOf({ stream }: Endpoint, env: Bindings): Keys {
  const [first = ''] = stream.secrets;
  const live = stream.secrets.find((name) => readSecret(env, name) !== '') ?? first;
  const verifyToken = `${secretPrefix(stream.name)}_VERIFY_TOKEN`;
  return {
    secret: { name: first, value: readSecret(env, live) },
    verifyToken: { name: verifyToken, value: readSecret(env, verifyToken) },
  };
}
