import { setTimeout as sleep } from 'node:timers/promises';

/** How many messages were handled since the start, and are in flight now. */
export interface MessageCounts {
  readonly pulled: number;
  readonly acked: number;
  readonly nacked: number;
  readonly inFlight: number;
}

export interface DrainOptions {
  /** Pub/Sub does not report that a subscription is empty: it counts as empty after this idle time. */
  idleMs: number;
  /** How long Pub/Sub may delay a nacked message. */
  maxBackoffMs: number;
  /** How long messages may be in flight without one ack. */
  stuckAfterMs: number;
  signal: AbortSignal;
}

/** Waits until the subscription is empty, nothing is acked any more, or the signal is given. */
export async function drained(
  counts: MessageCounts,
  { idleMs, maxBackoffMs, stuckAfterMs, signal }: DrainOptions,
): Promise<'empty' | 'stuck' | 'stopped'> {
  let { pulled, acked, nacked } = counts;
  let pulledAt = performance.now();
  let ackedAt = pulledAt;
  let redeliveredBy = pulledAt;
  while (!signal.aborted) {
    const now = performance.now();
    if (counts.pulled > pulled) [pulled, pulledAt] = [counts.pulled, now];
    if (counts.nacked > nacked) [nacked, redeliveredBy] = [counts.nacked, now + maxBackoffMs];
    const isIdle = counts.inFlight === 0 && now >= redeliveredBy;
    if (counts.acked > acked || isIdle) [acked, ackedAt] = [counts.acked, now];
    if (isIdle && now - pulledAt >= idleMs) return 'empty';
    if (now - ackedAt >= stuckAfterMs) return 'stuck';
    await sleep(50);
  }
  return 'stopped';
}
