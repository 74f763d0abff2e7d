import type { Relay } from '../../shared/config/config.ts';
import { likelyMistake } from '../../shared/signatures/mistakes/likely-mistake.ts';
import type { Cause } from '../../shared/signatures/verify/verify.ts';
import type { Endpoint } from '../../worker/endpoint.ts';
import type { Outcome } from '../../worker/outcome.ts';
import type { Delivery } from '../../worker/receive/delivery.ts';
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

/** What the edge's verification says, in words for whoever tries the delivery, with the likely mistake. */
export async function explainRefusal(
  refused: Outcome,
  delivery: Delivery,
  { stream, scheme }: Endpoint,
  relay: Relay,
  secretOf: SecretReader,
): Promise<Outcome> {
  const { cause = '', problem } = refused.facts ?? {};
  const missing = stream.secrets.filter((name) => secretOf(name) === '');
  const others = [...relay.streams.values()].filter((other) => other.name !== stream.name);
  const mistake = isCause(cause)
    ? await likelyMistake({
        cause,
        scheme,
        request: delivery,
        secrets: stream.secrets.map(secretOf),
        others: others.flatMap(({ name, secrets }) =>
          secrets.map((secret) => ({ stream: name, value: secretOf(secret) })),
        ),
        now: delivery.receivedAt,
      })
    : undefined;
  const likely = mistake === undefined ? '' : `. Likely: ${mistake}`;
  const explained =
    cause === 'secret-missing'
      ? `${missing.join(' and ')} is not set, so the edge could not tell`
      : (problem?.replace(/^configuration: /, '') ??
        (isCause(cause) ? causes[cause] + likely : undefined));
  return {
    ...refused,
    facts: { ...refused.facts, ...(explained !== undefined && { problem: explained }) },
  };
}

function isCause(cause: string): cause is keyof typeof causes {
  return Object.hasOwn(causes, cause);
}
