import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../shared/columns.ts';
import { type BatchLimits, defaultLimits, placeRow } from './batch.ts';
import type { RowEncoder } from './bigquery/encode.ts';
import type { TableWriter } from './bigquery/writer.ts';
import type { Fate } from './fate.ts';

interface Waiting {
  bytes: Uint8Array;
  resolve: (fate: Fate) => void;
}

export interface TableQueueOptions {
  encoder: RowEncoder;
  writer: TableWriter;
  limits?: BatchLimits;
  /** Called when BigQuery keeps refusing every row alike; may mend the table before they are tried again. */
  onSetupFailure: (reason: string) => Promise<void>;
}

/** The rows on their way to one table. No other table waits for them. */
export class TableQueue {
  readonly #options: TableQueueOptions;
  readonly #limits: BatchLimits;
  readonly #writing = new Set<Promise<void>>();
  #batch: Waiting[] = [];
  #batchBytes = 0;
  #linger: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: TableQueueOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
  }

  /** Resolves when the fate of the row is known; never rejects. */
  write(row: Row): Promise<Fate> {
    const encoded = this.#options.encoder.encode(row);
    if (!encoded.ok) {
      const { column, reason } = encoded;
      return Promise.resolve({ kind: 'dead', reason, ...(column && { column }) });
    }
    if (this.#closing)
      return Promise.resolve({ kind: 'held', reason: 'the subscriber is stopping' });
    return new Promise((resolve) => {
      this.#add({ bytes: encoded.row, resolve });
    });
  }

  /** Writes what waits for company, for at most `graceMs`; what isn't written by then is held. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#flush();
    const grace = new AbortController();
    await Promise.race([
      Promise.all(this.#writing),
      sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {}),
    ]);
    grace.abort();
    await this.#options.writer.close(0);
    await Promise.all(this.#writing);
  }

  #add(item: Waiting): void {
    const size = { rows: this.#batch.length, bytes: this.#batchBytes };
    const rowBytes = item.bytes.byteLength;
    const { closesBefore, closesAfter } = placeRow(size, rowBytes, this.#limits);
    if (closesBefore) this.#flush();
    this.#batch.push(item);
    this.#batchBytes += rowBytes;
    if (closesAfter) this.#flush();
    else this.#linger ??= setTimeout(() => this.#flush(), this.#limits.lingerMs);
  }

  #flush(): void {
    this.#stopLinger();
    const items = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (items.length > 0) this.#append(items);
  }

  #stopLinger(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
  }

  #append(items: readonly Waiting[]): void {
    const writing = this.#appendUntilSettled(items).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Each row leaves this loop with a fate. What may still be written stays until the queue closes. */
  async #appendUntilSettled(items: readonly Waiting[]): Promise<void> {
    let left = items;
    while (left.length > 0) {
      const outcome = await this.#options.writer.append(left.map((item) => item.bytes));
      for (const index of outcome.written) left[index]?.resolve({ kind: 'written' });
      for (const { index, reason } of outcome.invalid)
        left[index]?.resolve({ kind: 'dead', reason });
      const retryable = outcome.retryable.flatMap((index) => left[index] ?? []);
      const reason = outcome.failure?.message ?? 'not written';
      if (this.#closing) {
        for (const item of retryable) item.resolve({ kind: 'held', reason });
        return;
      }
      if (retryable.length > 0) await this.#options.onSetupFailure(reason);
      left = retryable;
    }
  }
}
