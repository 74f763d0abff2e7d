import type { Reaction } from '../../../shared/errors.ts';

interface Curve {
  firstMs: number;
  capMs: number;
}

const CURVES: Record<Reaction, Curve> = {
  transient: { firstMs: 100, capMs: 20_000 },
  throttled: { firstMs: 1000, capMs: 60_000 },
  // A table that was just made is known everywhere after seconds, at most after a minute.
  setup: { firstMs: 250, capMs: 5000 },
  invalid: { firstMs: 250, capMs: 5000 },
};

/**
 * How long to wait before try number `tries` + 1, with full jitter.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function backoffMs(reaction: Reaction, tries: number, random: () => number): number {
  const { firstMs, capMs } = CURVES[reaction];
  return random() * Math.min(capMs, firstMs * 2 ** Math.min(tries, 30));
}
