import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../shared/columns.ts';
import type { Log } from '../log.ts';
import type { InFlightLimit, LimitedQueue } from '../pull/in-flight-limit.ts';
import { type RowTable, writeRow } from '../rows/row-writer.ts';
import { combineResults, type Queue, type WriteResult } from '../rows/write-result.ts';
import { bareDeadLetterRows, type DeadLetter, deadLetterRows } from './dead-letter-rows.ts';

export interface DeadLetterQueueOptions {
  table: RowTable;
  inFlight: Pick<InFlightLimit, 'register' | 'now'>;
  log: Log;
  /** Unix milliseconds. */
  now?: () => number;
  /** How long to wait before the next try of a refused dead letter, by the number of tries before. */
  waitMs?: (tries: number) => number;
}

/** A second, doubled after each try, up to ten minutes. */
const growingWaitMs = (tries: number) => Math.min(600_000, 1000 * 2 ** Math.min(tries, 20));

/**
 * Stores dead letters. One that BigQuery refuses even as plain bytes keeps its lease and is tried again with
 * growing pauses, until the in-flight limit needs its place.
 */
export class DeadLetterQueue implements Queue<DeadLetter>, LimitedQueue {
  readonly #options: Required<DeadLetterQueueOptions>;
  /** What nacks each refused dead letter, with the time of its first refusal. */
  readonly #refused = new Map<AbortController, number>();
  #isClosed = false;

  constructor(options: DeadLetterQueueOptions) {
    this.#options = { now: Date.now, waitMs: growingWaitMs, ...options };
    options.inFlight.register(this);
  }

  /** How many dead letters BigQuery refuses now. */
  get refused(): number {
    return this.#refused.size;
  }

  get waitingSince(): number | undefined {
    const [oldest] = this.#refused.values();
    return oldest;
  }

  readonly writtenAt = Number.NEGATIVE_INFINITY;

  isAnswered(): Promise<boolean> {
    return Promise.resolve(false);
  }

  nackUnsent(): void {
    for (const controller of this.#refused.keys()) controller.abort();
  }

  nackUnanswered(): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    this.nackUnsent();
  }

  /** @returns `written` or `nacked` */
  async write(letter: DeadLetter): Promise<WriteResult> {
    const result = await this.#try(letter);
    return result.kind === 'invalid' ? await this.#retry(letter, result.problem.reason) : result;
  }

  async #retry(letter: DeadLetter, refusal: string): Promise<WriteResult> {
    const { inFlight, log, waitMs } = this.#options;
    const { delivery_id, stream, traceparent } = letter.attributes;
    const message = 'BigQuery refuses a dead letter; it stays in flight and is tried again';
    const controller = new AbortController();
    const { signal } = controller;
    this.#refused.set(controller, inFlight.now);
    if (this.#isClosed) controller.abort();
    let cause = refusal;
    for (let tries = 0; ; tries++) {
      log({ severity: 'ERROR', message, stream, delivery_id, traceparent, cause });
      await sleep(waitMs(tries), undefined, { signal }).catch(() => {});
      const result: WriteResult = signal.aborted
        ? { kind: 'nacked', reason: cause }
        : await this.#try(letter);
      if (result.kind !== 'invalid') {
        this.#refused.delete(controller);
        return result;
      }
      cause = result.problem.reason;
    }
  }

  async #try(letter: DeadLetter): Promise<WriteResult> {
    const now = this.#options.now();
    const result = await this.#writeRows(deadLetterRows(letter, now));
    return result.kind === 'invalid'
      ? await this.#writeRows(bareDeadLetterRows(letter, now))
      : result;
  }

  async #writeRows(rows: readonly Row[]): Promise<WriteResult> {
    const results = await Promise.all(rows.map((row) => writeRow(this.#options.table, row)));
    return combineResults(results.map((result) => ({ result })));
  }
}
