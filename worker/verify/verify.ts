import { misreadSecrets } from '../../shared/config/secrets.ts';
import { verifySignature } from '../../shared/signatures/verify/verify.ts';
import type { Endpoint } from '../endpoint.ts';
import { missingSecret, type Outcome } from '../outcome.ts';
import { type Delivery, isVerified } from '../receive/delivery.ts';

/** Gives the value of a secret by its name; empty if it is missing or blank. */
export type SecretReader = (name: string) => string;

/**
 * Verifies a key that the path or a header shows, before the body is read: the edge reads no body for a sender
 * without the key. A delivery of a scheme that signs is returned as it is.
 */
export function verifyKey(
  delivery: Delivery,
  endpoint: Endpoint,
  secretOf: SecretReader,
): Delivery | Promise<Delivery | Outcome> {
  // A console that sends OPTIONS knows the URL, and the key in its path. It may not know the headers.
  const showsKey = delivery.method === 'OPTIONS' ? endpoint.keyed : 'at' in endpoint.scheme;
  return showsKey ? verify(delivery, endpoint, secretOf) : delivery;
}

/** Was the delivery made by a holder of one of the stream's secrets? Over the bytes as received. */
export async function verify(
  delivery: Delivery,
  { stream, scheme }: Endpoint,
  secretOf: SecretReader,
): Promise<Delivery | Outcome> {
  if (isVerified(delivery)) return delivery;
  const { facts } = delivery;
  const secrets = stream.secrets.map(secretOf);
  const verdict = await verifySignature(scheme, delivery, secrets, delivery.receivedAt);
  if (verdict.ok) {
    facts.secret = stream.secrets[verdict.secret] ?? '';
    return delivery;
  }
  // If one of several secrets is missing, the sender may have signed with that one: a 401 would be wrong.
  const missing = stream.secrets.filter((_, index) => secrets[index] === '');
  if (missing.length > 0) return missingSecret(missing.join(' and '), facts);
  const { cause } = verdict;
  if (cause === 'no-certificate') {
    const problem = "the sender's certificate can't be fetched";
    return { outcome: 'not-stored', facts: { ...facts, cause, problem }, failedTry: true };
  }
  if (cause === 'bad-secret') {
    const problems = await misreadSecrets(stream, secretOf);
    const problem = `configuration: ${problems.join('; ')}`;
    return { outcome: 'not-stored', facts: { ...facts, cause, problem } };
  }
  return { outcome: 'unauthorized', facts: { ...facts, cause }, failedTry: true };
}
