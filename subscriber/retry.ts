import { setTimeout as sleep } from 'node:timers/promises';
import type { Reaction } from '../shared/errors.ts';
import { backoffMs } from './bigquery/append/backoff.ts';

/** How long a failing operation is tried again. An absent limit does not apply. */
export interface RetryPolicy {
  /** Counts the first try, too. */
  maxTries?: number;
  /** Since the operation began. */
  maxElapsedMs?: number;
  /** The same for failures whose reaction is `setup`, such as a new table that BigQuery does not know yet. */
  maxSetupElapsedMs?: number;
  random?: () => number;
}

interface NextTry {
  /** The server's own wish, which replaces the backoff. */
  afterMs?: number | undefined;
  onWait?: (waitMs: number) => void;
}

/** The tries of one operation. An operation that makes progress begins a new one. */
export class Retry {
  readonly #policy: RetryPolicy;
  readonly #signal: AbortSignal | undefined;
  readonly #begun = Date.now();
  #failures = 0;

  constructor(policy: RetryPolicy, signal?: AbortSignal) {
    this.#policy = policy;
    this.#signal = signal;
  }

  /**
   * Counts a failure and waits for the next try.
   *
   * @returns false without a wait when the policy allows no more tries
   * @throws the signal's reason
   */
  async next(reaction: Reaction, { afterMs, onWait }: NextTry = {}): Promise<boolean> {
    const { maxTries = Number.POSITIVE_INFINITY, random = Math.random } = this.#policy;
    this.#signal?.throwIfAborted();
    const waitMs = afterMs ?? backoffMs(reaction, this.#failures, random);
    this.#failures++;
    if (this.#failures >= maxTries) return false;
    if (Date.now() - this.#begun + waitMs > this.#maxElapsedMs(reaction)) return false;
    onWait?.(waitMs);
    await sleep(waitMs, undefined, this.#signal && { signal: this.#signal }).catch(() => {});
    this.#signal?.throwIfAborted();
    return true;
  }

  #maxElapsedMs(reaction: Reaction): number {
    const { maxElapsedMs, maxSetupElapsedMs = maxElapsedMs } = this.#policy;
    return (reaction === 'setup' ? maxSetupElapsedMs : maxElapsedMs) ?? Number.POSITIVE_INFINITY;
  }
}
