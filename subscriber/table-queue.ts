import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../shared/columns.ts';
import { type BatchLimits, defaultLimits } from './batch.ts';
import { backoffMs } from './bigquery/backoff.ts';
import type { RowEncoder } from './bigquery/encode.ts';
import type { TableWriter } from './bigquery/writer.ts';
import type { Fate } from './fate.ts';
import { RowBatches } from './row-batches.ts';
import type { Guest, WaitingRoom } from './waiting-room.ts';

interface Waiting {
  readonly bytes: Uint8Array;
  readonly since: number;
  readonly resolve: (fate: Fate) => void;
}

export interface TableQueueOptions {
  encoder: RowEncoder;
  writer: TableWriter;
  room: WaitingRoom;
  limits?: BatchLimits;
  /** No further append begins while so much is under way; further rows wait, and fill the batches. */
  underWay?: { rows: number; bytes: number };
  /** Called when BigQuery keeps refusing every row alike; may mend the table before they are tried again. */
  onSetupFailure: (reason: string) => Promise<void>;
  random?: () => number;
}

const defaultUnderWay = { rows: 3000, bytes: 8_000_000 };

/** The rows on their way to one table. No other table waits for them. */
export class TableQueue implements Guest {
  readonly #options: TableQueueOptions;
  readonly #limits: BatchLimits;
  readonly #mostUnderWay: { rows: number; bytes: number };
  readonly #closing = new AbortController();
  readonly #unsent: RowBatches<Waiting>;
  /** The appends under way, oldest first, each with the time of its first row. */
  readonly #appends = new Map<Promise<void>, number>();
  #rowsUnderWay = 0;
  #bytesUnderWay = 0;
  #linger: NodeJS.Timeout | undefined;
  /** The open batch has waited for company long enough. */
  #isDue = false;
  #mending: Promise<void> | undefined;
  #mendings = 0;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #rowsWritten = 0;

  constructor(options: TableQueueOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#mostUnderWay = options.underWay ?? defaultUnderWay;
    this.#unsent = new RowBatches(this.#limits);
    options.room.join(this);
  }

  get waitingSince(): number | undefined {
    const [oldestAppend] = this.#appends.values();
    return oldestAppend ?? this.#unsent.oldest?.since;
  }

  get writtenAt(): number {
    return this.#writtenAt;
  }

  get rowsWritten(): number {
    return this.#rowsWritten;
  }

  /**
   * Resolves when the fate of the row is known; never rejects.
   *
   * @param sequence of a row of a table with a key: of rows with one key, the greatest stays
   */
  write(row: Row, sequence?: string): Promise<Fate> {
    const encoded = this.#options.encoder.encode(row, sequence);
    if (!encoded.ok) {
      const { column, reason } = encoded;
      return Promise.resolve({ kind: 'dead', reason, ...(column && { column }) });
    }
    if (this.#closing.signal.aborted) {
      return Promise.resolve({ kind: 'held', reason: 'the subscriber is stopping' });
    }
    return new Promise((resolve) => {
      this.#add({ bytes: encoded.row, since: this.#options.room.now, resolve });
    });
  }

  isAnswered(): Promise<boolean> {
    return this.#options.writer.isAnswered();
  }

  giveBackUnsent(): void {
    for (const item of this.#unsent.takeAll()) {
      item.resolve({ kind: 'held', reason: 'the table takes no rows' });
    }
  }

  /** Writes what waits, for at most `graceMs`; what isn't written by then is held. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#isDue = true;
    this.#send();
    const grace = new AbortController();
    await Promise.race([
      this.#drained(),
      sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {}),
    ]);
    grace.abort();
    this.#stopLinger();
    this.giveBackUnsent();
    await this.#options.writer.close(0);
    await this.#drained();
  }

  /** An append that ends may begin another. */
  async #drained(): Promise<void> {
    while (this.#appends.size > 0) await Promise.all(this.#appends.keys());
  }

  #add(item: Waiting): void {
    const isFull = this.#unsent.add(item);
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

  /** Begins as many appends as there are batches and may be under way. */
  #send(): void {
    while (this.#mayAppend) {
      const items = this.#unsent.take(this.#isDue);
      if (this.#unsent.openRows === 0) this.#stopLinger();
      if (!items) return;
      this.#append(items);
    }
  }

  get #mayAppend(): boolean {
    const { rows, bytes } = this.#mostUnderWay;
    return !this.#mending && this.#rowsUnderWay < rows && this.#bytesUnderWay < bytes;
  }

  #append(items: readonly Waiting[]): void {
    const bytes = items.reduce((sum, item) => sum + item.bytes.byteLength, 0);
    this.#rowsUnderWay += items.length;
    this.#bytesUnderWay += bytes;
    const append = this.#appendUntilSettled(items).finally(() => {
      this.#appends.delete(append);
      this.#rowsUnderWay -= items.length;
      this.#bytesUnderWay -= bytes;
      this.#send();
    });
    this.#appends.set(append, items[0]?.since ?? 0);
  }

  /** Each row leaves this loop with a fate. What may still be written stays until the queue closes. */
  async #appendUntilSettled(items: readonly Waiting[]): Promise<void> {
    let left = items;
    while (left.length > 0) {
      const sent = left;
      const outcome = await this.#options.writer.append(sent.map((item) => item.bytes));
      if (outcome.written.length > 0) this.#noteWritten(outcome.written.length);
      this.#settle(sent, outcome.written, { kind: 'written' });
      for (const { index, reason } of outcome.invalid) {
        this.#settle(sent, [index], { kind: 'dead', reason });
      }
      if (outcome.retryable.length === 0) return;
      const reason = outcome.failure?.message ?? 'not written';
      if (this.#closing.signal.aborted) {
        this.#settle(sent, outcome.retryable, { kind: 'held', reason });
        return;
      }
      await this.#mend(reason);
      left = outcome.retryable.flatMap((index) => sent[index] ?? []);
    }
  }

  #noteWritten(rows: number): void {
    this.#rowsWritten += rows;
    this.#writtenAt = this.#options.room.now;
    this.#mendings = 0;
  }

  #settle(items: readonly Waiting[], indexes: readonly number[], fate: Fate): void {
    for (const index of indexes) items[index]?.resolve(fate);
  }

  /** One at a time, whichever append asks first; nothing else is sent meanwhile. Each pause is longer. */
  #mend(reason: string): Promise<void> {
    const mend = async () => {
      const { onSetupFailure, random = Math.random } = this.#options;
      await onSetupFailure(reason);
      const waitMs = backoffMs('throttled', this.#mendings++, random);
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    };
    this.#mending ??= mend().finally(() => {
      this.#mending = undefined;
    });
    return this.#mending;
  }
}
