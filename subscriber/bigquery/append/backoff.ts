import type { Reaction } from '../../../shared/errors.ts';

/** What a gRPC code asks for; every other code is transient. */
const REACTIONS: Readonly<Record<number, Reaction>> = {
  3: 'invalid', // INVALID_ARGUMENT
  5: 'setup', // NOT_FOUND
  7: 'setup', // PERMISSION_DENIED
  8: 'throttled', // RESOURCE_EXHAUSTED
  9: 'setup', // FAILED_PRECONDITION
  12: 'setup', // UNIMPLEMENTED
  16: 'setup', // UNAUTHENTICATED
};

export function reactionTo(code: number): Reaction {
  return REACTIONS[code] ?? 'transient';
}

interface Curve {
  firstMs: number;
  capMs: number;
}

const CURVES: Record<Reaction, Curve> = {
  transient: { firstMs: 100, capMs: 20_000 },
  throttled: { firstMs: 1000, capMs: 60_000 },
  // A new table is known everywhere after seconds, at most after a minute.
  setup: { firstMs: 250, capMs: 5000 },
  invalid: { firstMs: 250, capMs: 5000 },
};

/**
 * How long to wait after `tries` tries, with full jitter.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * @param longestMs for work that must go on soon after an outage
 */
export function backoffMs(
  reaction: Reaction,
  tries: number,
  random: () => number,
  longestMs = Number.POSITIVE_INFINITY,
): number {
  const { firstMs, capMs } = CURVES[reaction];
  return random() * Math.min(capMs, longestMs, firstMs * 2 ** Math.min(tries, 30));
}
