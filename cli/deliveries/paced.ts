import { setTimeout as sleep } from 'node:timers/promises';

interface Clock {
  /** Milliseconds, from any beginning. */
  now(): number;
  sleep(ms: number): Promise<unknown>;
}

export interface Pace {
  /** As fast as the answers come, if it is undefined. */
  perSecond?: number | undefined;
  /** How many may be under way at once. */
  atOnce: number;
  clock?: Clock;
}

const realClock: Clock = { now: () => performance.now(), sleep };

/**
 * Runs it `count` times: number n (from 0) begins n / perSecond seconds after the first. After a failure no other
 * begins, and it is thrown once those under way have ended.
 */
export async function runPaced(
  count: number,
  run: (n: number) => Promise<void>,
  { perSecond, atOnce, clock = realClock }: Pace,
): Promise<void> {
  const begun = clock.now();
  let next = 0;
  let hasFailed = false;
  const lane = async () => {
    while (next < count && !hasFailed) {
      const n = next++;
      const waitMs = perSecond === undefined ? 0 : begun + (n * 1000) / perSecond - clock.now();
      if (waitMs > 0) await clock.sleep(waitMs);
      await run(n).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, count) }, lane));
  const failed = lanes.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
