import type { RelayStream } from '../../shared/config/config.ts';
import type { Cause } from '../../shared/signatures/verify/verify.ts';
import type { Outcome } from '../../worker/outcome.ts';
import type { SecretReader } from '../../worker/verify/verify.ts';
import type { TrialOptions } from './trial.ts';

/** Why a signature is refused, for a person. The sender never reads this. */
const causes: Record<Exclude<Cause, 'no-secret' | 'bad-secret' | 'no-certificate'>, string> = {
  missing: 'the key or signature is missing, or a part that is signed is',
  malformed: "the signature can't be decoded, or its time can't be read",
  oversized: 'more would have to be read before the signature than any sender sends',
  mismatch: 'no live secret made this key or signature over these bytes',
  stale: 'the signature is right, but it was made too long ago, or in the future',
};

/** Empty if it is missing or blank, as at the edge. */
export function secretValue(secrets: NonNullable<TrialOptions['secrets']>, name: string): string {
  const value = secrets[name] ?? '';
  return value.trim() === '' ? '' : value;
}

/** What the edge's verification says, in words for whoever tries the delivery. */
export function explainRefusal(
  refused: Outcome,
  stream: RelayStream,
  secretOf: SecretReader,
): Outcome {
  const { cause = '', problem } = refused.facts ?? {};
  const missing = stream.secrets.filter((name) => secretOf(name) === '');
  const explained =
    cause === 'secret-missing'
      ? `${missing.join(' and ')} is not set, so the edge could not tell`
      : (problem?.replace(/^configuration: /, '') ?? causes[cause as keyof typeof causes]);
  return { ...refused, facts: { ...refused.facts, problem: explained } };
}
