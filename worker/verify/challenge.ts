import { secretPrefix } from '../../shared/config/secrets.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Bindings } from '../optional-bindings.ts';
import { type Delivery, queryOf } from '../receive/delivery.ts';
import { readSecret } from '../secrets.ts';
import type { Answer, Handshake, Keys } from './handshakes/handshake.ts';
import { handshakes } from './handshakes/table.ts';

/** The handshake that the stream's config names: nothing else is ever answered as one. */
export function handshakeOf({ stream }: Endpoint): Handshake | undefined {
  return stream.handshake && handshakes[stream.handshake];
}

/** The answer to a challenge that nothing has signed; undefined where the delivery is none. */
export async function meetUnsigned(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
): Promise<Answer | undefined> {
  const handshake = handshakeOf(endpoint);
  const { method, headers } = delivery;
  switch (method) {
    case 'GET': {
      const query = new URLSearchParams(queryOf(delivery.url));
      return handshake?.get?.(query, keysOf(endpoint, env));
    }
    case 'HEAD':
      return handshake?.head?.();
    case 'OPTIONS':
      return handshake?.options?.(headers);
    default:
      return handshake?.unsigned?.(headers, delivery.body);
  }
}

/** The answer to a challenge whose key or signature held; undefined where the delivery is none. */
export async function meetVerified(
  delivery: Delivery,
  endpoint: Endpoint,
  env: Bindings,
  secret: number,
): Promise<Answer | undefined> {
  const name = endpoint.stream.secrets[secret] ?? '';
  return handshakeOf(endpoint)?.verified?.(delivery, readSecret(env, name));
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
