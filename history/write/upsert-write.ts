import { TableWriter } from '../../subscriber/bigquery/append/writer.ts';
import {
  defaultRetryPolicy,
  type RowWrite,
  type RowWriteOptions,
  writeError,
} from './row-write.ts';

const batchBytes = 1_000_000;
const maxBatches = 4;

/**
 * Rows that replace those with the same key, on the table's default stream. Each is visible when BigQuery has
 * accepted it. Rows may be sent again, because their sequence numbers say which ones count.
 */
export class UpsertWrite<Origin> implements RowWrite<Origin> {
  readonly #writer: TableWriter;
  readonly #table: string;
  readonly #onRefused: (origin: Origin, reason: string) => void;
  #rows: Uint8Array[] = [];
  #origins: Origin[] = [];
  #bytes = 0;
  readonly #inFlight = new Set<Promise<void>>();
  #failure: unknown;
  readonly #signal: AbortSignal | undefined;
  readonly #stop = () => this.abandon();

  constructor(options: RowWriteOptions<Origin>) {
    const { client, table, descriptor, onRefused, appendTimeoutMs = 60_000 } = options;
    const { maxElapsedMs, maxSetupElapsedMs, random } = options.retryPolicy ?? defaultRetryPolicy;
    this.#table = table;
    this.#onRefused = onRefused;
    this.#signal = options.signal;
    this.#signal?.addEventListener('abort', this.#stop);
    this.#writer = new TableWriter(client, {
      table,
      descriptor,
      appendTimeoutMs,
      setupRetryMs: maxSetupElapsedMs,
      retryMs: maxElapsedMs,
      random,
      maxConnections: 1,
    });
  }

  add(row: Uint8Array, origin: Origin): boolean {
    this.#rows.push(row);
    this.#origins.push(origin);
    this.#bytes += row.length;
    return this.#bytes >= batchBytes;
  }

  async waitForCapacity(): Promise<void> {
    if (this.#bytes >= batchBytes) this.#send();
    while (this.#inFlight.size >= maxBatches) await Promise.race(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async commit(): Promise<void> {
    if (this.#rows.length > 0) this.#send();
    await Promise.all(this.#inFlight);
    await this.#writer.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  abandon(): void {
    this.#signal?.removeEventListener('abort', this.#stop);
    void this.#writer.close(0);
  }

  #send(): void {
    const [rows, origins] = [this.#rows, this.#origins];
    this.#rows = [];
    this.#origins = [];
    this.#bytes = 0;
    const sent = this.#append(rows, origins)
      .catch((error) => {
        this.#failure ??= error;
      })
      .finally(() => this.#inFlight.delete(sent));
    this.#inFlight.add(sent);
  }

  /** @throws RelayError `bigquery.append`, and what `onRefused` throws */
  async #append(rows: readonly Uint8Array[], origins: readonly Origin[]): Promise<void> {
    const { invalid, retryable, failure } = await this.#writer.append(rows);
    for (const { index, reason } of invalid) {
      const origin = origins[index];
      if (origin !== undefined) this.#onRefused(origin, reason);
    }
    if (retryable.length === 0) return;
    const { reaction = 'transient', message = 'no answer' } = failure ?? {};
    throw writeError('bigquery.append', this.#table, { reaction, message });
  }
}
