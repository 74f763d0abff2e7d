import { misreadSecrets, verifyTokenName } from '../../shared/config/secrets.ts';
import { type Cause, verifySignature } from '../../shared/signatures/verify/verify.ts';
import type { Endpoint } from '../../worker/endpoint.ts';
import type { Outcome } from '../../worker/outcome.ts';
import type { Delivery } from '../../worker/receive/delivery.ts';
import type { TrialOptions } from './trial.ts';

type Secrets = NonNullable<TrialOptions['secrets']>;

/** Why a signature is refused, as worker/verify/verify.ts decides it: the sender never reads this. */
const causes: Record<Cause, string> = {
  missing: 'the key or signature is missing, or a part that is signed is',
  malformed: "the signature can't be decoded, or its time can't be read",
  oversized: 'more would have to be read before the signature than any sender sends',
  mismatch: 'no live secret made this key or signature over these bytes',
  stale: 'the signature is right, but it was made too long ago, or in the future',
  'no-secret': 'no secret is set',
  'no-certificate': "the sender's certificate could not be fetched, so the edge would answer 503",
  'bad-secret': "a secret can't be read as a key",
};

/** Empty if it is missing or blank, as at the edge. */
export function secretValue(secrets: Secrets, name: string): string {
  const value = secrets[name] ?? '';
  return value.trim() === '' ? '' : value;
}

/** The delivery with the secret that it matches, or the outcome that refuses it. */
export async function authenticate(
  delivery: Delivery,
  { stream, scheme }: Endpoint,
  known: Secrets,
): Promise<Delivery | Outcome> {
  const secrets = stream.secrets.map((name) => secretValue(known, name));
  const verdict = await verifySignature(scheme, delivery, secrets, delivery.receivedAt);
  if (verdict.ok) return { ...delivery, facts: { ...delivery.facts, secret: verdict.secret } };
  const missing = stream.secrets.filter((_, index) => secrets[index] === '');
  if (missing.length > 0) {
    const problem = `${missing.join(' and ')} is not set, so the edge could not tell`;
    return { outcome: 'not-stored', facts: { cause: 'secret-missing', problem } };
  }
  const { cause } = verdict;
  if (cause === 'bad-secret') {
    const problems = await misreadSecrets(stream, (name) => secretValue(known, name));
    return { outcome: 'not-stored', facts: { cause, problem: problems.join('; ') } };
  }
  return { outcome: 'unauthorized', facts: { cause, problem: causes[cause] } };
}

/** The answer to a challenge that nothing signs; undefined if the delivery is not one. */
export async function answerUnsigned(
  { method, headers, query, body }: Delivery,
  { handshake, stream }: Endpoint,
  known: Secrets,
): Promise<Outcome | undefined> {
  switch (method) {
    case 'GET': {
      const [first = ''] = stream.secrets;
      const token = verifyTokenName(stream.name);
      const named = (name: string) => ({ name, value: secretValue(known, name) });
      const keys = { secret: named(first), verifyToken: named(token) };
      return handshake?.get?.(new URLSearchParams(query), keys);
    }
    case 'HEAD':
      return handshake?.head?.();
    case 'OPTIONS':
      return handshake?.options?.(headers) ?? { outcome: 'wrong-method', allow: 'POST' };
    default:
      return handshake?.unsigned?.(headers, body);
  }
}
