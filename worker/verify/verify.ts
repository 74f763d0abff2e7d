import { misreadSecrets } from '../../shared/config/secrets.ts';
import type { Cause } from '../../shared/signatures/verify/verdict.ts';
import { verifySignature } from '../../shared/signatures/verify/verify.ts';
import type { Endpoint } from '../endpoint.ts';
import type { Delivery } from '../receive/delivery.ts';
import { readSecret } from '../secrets.ts';

export type Verification =
  /** `secret` is the index of the live secret that matched. */
  | { ok: true; secret: number }
  /** `ours`: the sender may well be right, but the relay lacks what it takes to tell. */
  | { ok: false; cause: Cause | 'secret-missing'; ours: boolean; problem?: string };

/** Was the delivery made by a holder of one of the stream's live secrets? Over the bytes as received. */
export async function verify(
  delivery: Delivery,
  { stream, scheme }: Endpoint,
  env: Env,
): Promise<Verification> {
  const secrets = stream.secrets.map((name) => readSecret(env, name));
  const verdict = await verifySignature(scheme, delivery, secrets, delivery.receivedAt);
  if (verdict.ok) return verdict;
  // With one of several secrets missing, the sender may have signed with that one: a 401 would be wrong.
  const missing = stream.secrets.filter((_, index) => secrets[index] === '');
  if (missing.length > 0) {
    const problem = `configuration: ${missing.join(' and ')} is missing or empty`;
    return { ok: false, cause: 'secret-missing', ours: true, problem };
  }
  if (verdict.cause === 'bad-secret') {
    const problems = await misreadSecrets(stream, (name) => readSecret(env, name));
    const problem = `configuration: ${problems.join('; ')}`;
    return { ok: false, cause: verdict.cause, ours: true, problem };
  }
  return { ok: false, cause: verdict.cause, ours: false };
}
