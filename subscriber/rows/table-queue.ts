import { setTimeout as sleep } from 'node:timers/promises';
import type { TableWriter } from '../bigquery/append/writer.ts';
import { TableRepair } from '../bigquery/tables/table-repair.ts';
import type { InFlightLimit, LimitedQueue } from '../pull/in-flight-limit.ts';
import type { DeliveryTrace } from '../traces/delivery-trace.ts';
import type { Traces } from '../traces/traces.ts';
import { Batches, type BatchLimits, defaultLimits } from './batches.ts';
import { type PendingAppend, PendingAppends, PendingRow } from './pending-rows.ts';
import type { Queue, WriteResult } from './write-result.ts';

export interface TableQueueOptions {
  writer: TableWriter;
  inFlight: InFlightLimit;
  limits?: BatchLimits;
  /** No further append begins while this much is pending; rows that wait meanwhile fill the batches. */
  maxPending: RowsAndBytes;
  /** Called when BigQuery keeps refusing every row alike; may repair the table before the next try. */
  onSetupFailure: (reason: string) => Promise<void>;
  /** Absent where no traces are exported. */
  traces?: { begin: Pick<Traces, 'append'>; table: string } | undefined;
  random?: () => number;
}

export interface RowsAndBytes {
  rows: number;
  bytes: number;
}

const noRowsTaken = 'the table takes no rows';

/** Batches the encoded rows of one table and appends them. No other table waits for them. */
export class TableQueue implements Queue<Uint8Array>, LimitedQueue {
  readonly #options: TableQueueOptions;
  readonly #limits: BatchLimits;
  readonly #closing = new AbortController();
  readonly #unsent: Batches<PendingRow>;
  readonly #sent = new PendingAppends();
  #linger: NodeJS.Timeout | undefined;
  /** The open batch has waited long enough for more rows. */
  #isDue = false;
  readonly #repair: TableRepair;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #rowsWritten = 0;

  constructor(options: TableQueueOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#unsent = new Batches(this.#limits);
    this.#repair = new TableRepair({
      repair: options.onSetupFailure,
      signal: this.#closing.signal,
      // Rows that were queued meanwhile may be accepted where the others were not.
      onEnd: () => this.#send(),
      random: options.random ?? Math.random,
    });
    options.inFlight.register(this);
  }

  get waitingSince(): number | undefined {
    return this.#sent.since ?? this.#unsent.oldest?.since;
  }

  get writtenAt(): number {
    return this.#writtenAt;
  }

  /** Whether BigQuery keeps refusing what is sent, and has accepted nothing since. */
  get isRefused(): boolean {
    return this.#repair.isPaused || (this.#repair.tries > 0 && this.#sent.rows > 0);
  }

  get rowsWritten(): number {
    return this.#rowsWritten;
  }

  /** Sends nothing until the table is open: before that, rows would be written wrongly, or refused. */
  pauseUntil(isOpen: Promise<boolean>): void {
    this.#repair.pauseUntil(isOpen);
  }

  write(row: Uint8Array, trace?: DeliveryTrace): Promise<WriteResult> {
    if (this.#closing.signal.aborted) {
      return Promise.resolve({ kind: 'nacked', reason: 'the subscriber is stopping' });
    }
    return new Promise<WriteResult>((resolve) => {
      this.#add(new PendingRow(row, this.#options.inFlight.now, trace, resolve));
    });
  }

  isAnswered(): Promise<boolean> {
    return this.#options.writer.isAnswered();
  }

  nackUnsent(): void {
    for (const row of this.#unsent.takeAll()) row.settle({ kind: 'nacked', reason: noRowsTaken });
  }

  nackUnanswered(): void {
    this.#sent.nackUnanswered(noRowsTaken);
  }

  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#isDue = true;
    this.#send();
    const grace = new AbortController();
    await Promise.race([
      this.#sent.ended(),
      sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {}),
    ]);
    grace.abort();
    this.#stopLinger();
    this.nackUnsent();
    await this.#options.writer.close(0);
    await this.#sent.ended();
  }

  #add(row: PendingRow): void {
    const isFull = this.#unsent.add(row);
    if (isFull) {
      this.#stopLinger();
      this.#send();
    }
    if (this.#unsent.openRows > 0 && !this.#isDue) {
      this.#linger ??= setTimeout(() => {
        this.#linger = undefined;
        this.#isDue = true;
        this.#send();
      }, this.#limits.lingerMs);
    }
  }

  #stopLinger(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#isDue = this.#closing.signal.aborted;
  }

  /** Begins as many appends as there are batches and `maxPending` allows. */
  #send(): void {
    while (this.#mayAppend) {
      const rows = this.#unsent.take(this.#isDue);
      if (this.#unsent.openRows === 0) this.#stopLinger();
      if (!rows) return;
      this.#sent.add(
        rows,
        (append) => this.#appendUntilSettled(append),
        () => this.#send(),
      );
    }
  }

  get #mayAppend(): boolean {
    const { rows, bytes } = this.#options.maxPending;
    return !this.#repair.isRunning && this.#sent.rows < rows && this.#sent.bytes < bytes;
  }

  /** Settles every row. A row that may still be written is tried again until the queue closes. */
  async #appendUntilSettled(append: PendingAppend): Promise<void> {
    for (let tries = 0; append.rows.length > 0; tries++) {
      const { rows, refusedAt } = append;
      const encoded = rows.map((row) => row.bytes);
      const endSpans = this.#beginSpans(rows, tries > 0);
      const result = await this.#options.writer.append(encoded, refusedAt);
      endSpans?.(result);
      if (result.written.length > 0) this.#noteWritten(result.written.length);
      for (const index of result.written) rows[index]?.settle({ kind: 'written' });
      for (const { index, reason } of result.invalid) {
        rows[index]?.settle({ kind: 'invalid', problem: { reason } });
      }
      append.rows = result.retryable.flatMap((index) => rows[index] ?? []);
      append.refusedAt = result.refusedAt;
      if (append.rows.length === 0) return;
      const reason = result.failure?.message ?? 'not written';
      if (this.#closing.signal.aborted) {
        for (const row of append.rows) row.settle({ kind: 'nacked', reason });
        return;
      }
      await this.#repair.run(reason);
    }
  }

  #beginSpans(rows: readonly PendingRow[], isRetry: boolean) {
    const { traces, inFlight } = this.#options;
    return traces?.begin.append(traces.table, rows, { now: inFlight.now, isRetry });
  }

  #noteWritten(rows: number): void {
    this.#rowsWritten += rows;
    this.#writtenAt = this.#options.inFlight.now;
    this.#repair.succeeded();
  }
}
