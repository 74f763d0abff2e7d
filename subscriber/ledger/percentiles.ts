import { freshnessBounds } from '../../shared/report/ledger.ts';

/** In milliseconds. */
export interface Freshness {
  p50: number;
  p95: number;
  p99: number;
}

/**
 * Estimates percentiles from deliveries by bucket, on a line through the bucket: at most 20 % off.
 *
 * @returns undefined without deliveries
 */
export function percentilesOf(counts: readonly number[]): Freshness | undefined {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (total === 0) return undefined;
  const at = (share: number) => Math.round(percentile(counts, share * total));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function percentile(counts: readonly number[], rank: number): number {
  let before = 0;
  for (const [bucket, n] of counts.entries()) {
    if (n > 0 && before + n >= rank) {
      const lower = bucket === 0 ? 0 : (freshnessBounds[bucket - 1] ?? 0);
      // The last bucket has no bound.
      const upper = freshnessBounds[bucket] ?? lower;
      return lower + ((upper - lower) * (rank - before)) / n;
    }
    before += n;
  }
  return freshnessBounds.at(-1) ?? 0;
}
