import { RelayError } from '../../shared/errors.ts';
import {
  classifyReply,
  type WriteFailure,
} from '../../subscriber/bigquery/append/classify-reply.ts';
import type { Reply } from '../../subscriber/bigquery/append/connection.ts';
import { Retry } from '../../subscriber/retry.ts';
import {
  addToChunk,
  emptyChunk,
  halveChunk,
  type PendingChunk,
  PendingConnection,
} from './pending-connection.ts';
import { commitStream, createStream, finalizeStream } from './pending-stream.ts';
import {
  defaultRetryPolicy,
  type RowRetryPolicy,
  type RowWrite,
  type RowWriteOptions,
  writeError,
} from './row-write.ts';

const chunkBytes = 1_000_000;
const maxInFlightBytes = 4_000_000;
/** If so many rows are rejected before one is accepted, the table is at fault. */
const maxSuspects = 100;
const ALREADY_EXISTS = 6;

/**
 * Rows that become visible all at once or never: a PENDING stream of the Storage Write API. Every request has its
 * offset, so that a repeated one can't double its rows.
 * https://cloud.google.com/bigquery/docs/write-api-batch
 */
export class PendingWrite<Origin> implements RowWrite<Origin> {
  readonly #options: RowWriteOptions<Origin>;
  readonly #retryPolicy: RowRetryPolicy;
  readonly #queue: PendingChunk<Origin>[] = [];
  #building: PendingChunk<Origin> = emptyChunk();
  #inFlightBytes = 0;
  readonly #waiting: (() => void)[] = [];
  #stream: string | undefined;
  readonly #connection: PendingConnection<Origin>;
  /** How many rows BigQuery has accepted, which is the offset of the queue's first chunk. */
  #accepted = 0;
  #sending: Promise<void> | undefined;
  #failure: unknown;
  readonly #closing = new AbortController();
  readonly #stop = () => this.abandon();

  constructor(options: RowWriteOptions<Origin>) {
    this.#options = options;
    this.#connection = new PendingConnection(options);
    options.signal?.addEventListener('abort', this.#stop);
    this.#retryPolicy = options.retryPolicy ?? defaultRetryPolicy;
  }

  add(row: Uint8Array, origin: Origin): boolean {
    // The write has failed, so the row is dropped. `waitForCapacity` throws the reason.
    if (this.#failure !== undefined) return true;
    addToChunk(this.#building, row, origin);
    if (this.#building.bytes >= chunkBytes) this.#enqueue();
    return this.#inFlightBytes >= maxInFlightBytes;
  }

  /** @throws RelayError `bigquery.*` when the rows can't be written */
  async waitForCapacity(): Promise<void> {
    while (this.#inFlightBytes >= maxInFlightBytes && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Makes the rows visible. Without rows it does nothing.
   *
   * @throws RelayError `bigquery.*`: nothing is visible, unless only the last response was lost
   */
  async commit(): Promise<void> {
    this.#enqueue();
    await this.#sending;
    this.#close();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stream === undefined || this.#accepted === 0) return;
    const { client, table } = this.#options;
    const rows = await finalizeStream(client, table, this.#stream, this.#retryPolicy);
    if (rows !== this.#accepted) {
      const message = `${this.#accepted} rows were accepted, and BigQuery has ${rows}`;
      throw new RelayError('bigquery.row-count', message);
    }
    await commitStream(client, table, this.#stream, this.#retryPolicy);
  }

  /** Rows that are not committed stay invisible, and BigQuery deletes them. */
  abandon(): void {
    const problem = 'the write was abandoned';
    this.#failure ??= new RelayError('bigquery.abandoned', problem);
    this.#close();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #close(): void {
    this.#options.signal?.removeEventListener('abort', this.#stop);
    this.#closing.abort();
    this.#connection.abort();
  }

  #enqueue(): void {
    const chunk = this.#building;
    if (chunk.rows.length === 0 || this.#failure !== undefined) return;
    this.#building = emptyChunk();
    // It may follow chunks in flight, but not one that is sent alone.
    const isNext = this.#queue.every(({ reply, alone }) => reply && !alone);
    this.#queue.push(chunk);
    this.#inFlightBytes += chunk.bytes;
    if (isNext) this.#connection.sendNext(chunk);
    this.#sending ??= this.#sendAll();
  }

  /** Sends the chunks and settles them in their order, until the queue is empty. */
  async #sendAll(): Promise<void> {
    const { client, table } = this.#options;
    try {
      const { signal } = this.#closing;
      this.#stream ??= await createStream(client, table, this.#retryPolicy, signal);
      let retry: Retry | undefined;
      for (let chunk = this.#queue[0]; chunk && !signal.aborted; chunk = this.#queue[0]) {
        if (!chunk.reply) this.#connection.begin(this.#stream, this.#accepted, this.#queue);
        const reply = await (chunk.reply as Promise<Reply> | undefined);
        if (!reply) continue;
        const failure = this.#settle(chunk, reply);
        if (!failure) {
          retry = undefined;
          continue;
        }
        retry ??= new Retry(this.#retryPolicy, signal);
        if (!(await retry.next(failure.reaction))) {
          throw writeError('bigquery.append', table, failure);
        }
        this.#rewind();
      }
    } catch (error) {
      this.#failure ??= error;
      for (const chunk of this.#queue.splice(0)) this.#release(chunk.bytes);
    } finally {
      // No await since the last look at the queue, so that the next chunk starts this again.
      this.#sending = undefined;
    }
  }

  /** Undefined when the chunk is done, or is sent again: without its bad rows, in halves, or alone. */
  #settle(chunk: PendingChunk<Origin>, reply: Reply): WriteFailure | undefined {
    // BigQuery has accepted it before, and the response was lost.
    const isKnown = reply.kind === 'answered' && reply.response.error?.code === ALREADY_EXISTS;
    const verdict = isKnown
      ? ({ kind: 'written' } as const)
      : classifyReply(reply, chunk.rows.length);
    if (verdict.kind === 'failed') return verdict.failure;
    if (verdict.kind === 'refused') return this.#bisect(chunk, verdict.failure);
    if (verdict.kind === 'written') {
      this.#queue.shift();
      this.#release(chunk.bytes);
      this.#accepted += chunk.rows.length;
      return undefined;
    }
    if (verdict.kind === 'bad-rows') this.#dropRows(chunk, verdict.reasons);
    else chunk.alone = true;
    this.#rewind();
    return undefined;
  }

  /**
   * BigQuery rejected a chunk and named no row. Its halves are tried, down to the row at fault. Such a row is bad
   * only if BigQuery accepts others. Until then the table may fit none of them, so the row waits.
   */
  #bisect(chunk: PendingChunk<Origin>, failure: WriteFailure): WriteFailure | undefined {
    const suspects = this.#queue.filter(({ isSuspect }) => isSuspect).length;
    const isProven = this.#accepted > 0;
    if (!isProven && (chunk.isSuspect || suspects >= maxSuspects)) {
      return { ...failure, reaction: 'setup' };
    }
    if (chunk.rows.length > 1) {
      const halves = halveChunk(chunk);
      this.#queue.splice(0, 1, ...halves);
      this.#inFlightBytes += halves.reduce((sum, { bytes }) => sum + bytes, -chunk.bytes);
    } else if (isProven) this.#dropRows(chunk, new Map([[0, failure.message]]));
    else {
      chunk.isSuspect = true;
      this.#queue.push(...this.#queue.splice(0, 1));
    }
    this.#rewind();
    return undefined;
  }

  /** BigQuery accepts nothing behind a gap in the offsets, so the chunks behind this one may move up. */
  #dropRows(chunk: PendingChunk<Origin>, reasons: ReadonlyMap<number, string>): void {
    for (const [position, reason] of reasons) {
      const origin = chunk.origins[position];
      if (origin !== undefined) this.#options.onRefused(origin, reason);
    }
    const isGood = (_: unknown, position: number) => !reasons.has(position);
    chunk.rows = chunk.rows.filter(isGood);
    chunk.origins = chunk.origins.filter(isGood);
    if (chunk.rows.length > 0) return;
    this.#queue.shift();
    this.#release(chunk.bytes);
  }

  #release(bytes: number): void {
    this.#inFlightBytes -= bytes;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Everything in the queue has to be sent again. */
  #rewind(): void {
    this.#connection.abort();
    for (const chunk of this.#queue) delete chunk.reply;
  }
}
