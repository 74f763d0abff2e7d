import { setTimeout as sleep } from 'node:timers/promises';

/** What is watched to tell when there is nothing left to do. */
export interface Work {
  /** Messages that were pulled, ever. */
  readonly taken: number;
  /** Messages that were acked, ever. */
  readonly acked: number;
  /** Messages that were given back, ever. */
  readonly givenBack: number;
  /** Messages that have no fate yet. */
  readonly inHand: number;
}

export interface DrainOptions {
  /** Pub/Sub does not tell that a subscription is empty: it is when nothing came for so long. */
  quietMs: number;
  /** How long Pub/Sub may let rest what was given back. */
  restMs: number;
  /** How long nothing may be acked while something is in hand. */
  patienceMs: number;
  signal: AbortSignal;
}

/** Waits until the subscription is empty, or nothing gets done any more, or the signal is given. */
export async function drained(
  work: Work,
  { quietMs, restMs, patienceMs, signal }: DrainOptions,
): Promise<'empty' | 'stuck' | 'stopped'> {
  let { taken, acked, givenBack } = work;
  let takenAt = performance.now();
  let ackedAt = takenAt;
  let restsUntil = takenAt;
  while (!signal.aborted) {
    const now = performance.now();
    if (work.taken > taken) [taken, takenAt] = [work.taken, now];
    if (work.givenBack > givenBack) [givenBack, restsUntil] = [work.givenBack, now + restMs];
    const isIdle = work.inHand === 0 && now >= restsUntil;
    if (work.acked > acked || isIdle) [acked, ackedAt] = [work.acked, now];
    if (isIdle && now - takenAt >= quietMs) return 'empty';
    if (now - ackedAt >= patienceMs) return 'stuck';
    await sleep(50);
  }
  return 'stopped';
}
