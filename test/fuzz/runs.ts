import type { Parameters } from 'fast-check';

// The same cases each time, so that `npm test` says the same of the same source. `npm run fuzz` sets both.
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_128);
const factor = Number(process.env['FUZZ_RUNS'] ?? 1);

/** How often a property is tried: `count` times in `npm test`, and as many times more as `npm run fuzz` says. */
export function runs<Case>(count: number, examples: Case[] = []): Parameters<Case> {
  return {
    seed,
    numRuns: count * factor,
    examples,
    // A counterexample of many rows takes long to make small.
    interruptAfterTimeLimit: 20_000 * Math.max(3, factor),
    markInterruptAsFailure: false,
  };
}

/** Of a test, with what `npm run fuzz` may ask of it. */
export const timeoutMs = 120_000 * Math.max(1, factor);
