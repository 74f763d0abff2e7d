import { setTimeout as sleep } from 'node:timers/promises';

/** What is watched to tell when there is nothing left to do. */
export interface Work {
  /** Messages that were pulled, ever. */
  readonly taken: number;
  /** Messages that were acked, ever. */
  readonly acked: number;
  /** Messages that have no fate yet. */
  readonly inHand: number;
}

export interface DrainOptions {
  /** Pub/Sub does not tell that a subscription is empty: it is when nothing came for so long. */
  quietMs: number;
  /** How long nothing may be acked while something is in hand. */
  patienceMs: number;
  signal: AbortSignal;
}

/** Waits until the subscription is empty, or nothing gets done any more, or the signal is given. */
export async function drained(
  work: Work,
  { quietMs, patienceMs, signal }: DrainOptions,
): Promise<'empty' | 'stuck' | 'stopped'> {
  let [taken, acked] = [work.taken, work.acked];
  let takenAt = performance.now();
  let ackedAt = takenAt;
  while (!signal.aborted) {
    const now = performance.now();
    if (work.taken > taken) [taken, takenAt] = [work.taken, now];
    if (work.acked > acked || work.inHand === 0) [acked, ackedAt] = [work.acked, now];
    if (work.inHand === 0 && now - takenAt >= quietMs) return 'empty';
    if (now - ackedAt >= patienceMs) return 'stuck';
    await sleep(50);
  }
  return 'stopped';
}
