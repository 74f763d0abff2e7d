import { AppendConnection, type Reply } from '../../subscriber/bigquery/append/connection.ts';
import type { RowWriteOptions } from './row-write.ts';

/** The rows of one request, and its reply once it has been sent. */
export interface PendingChunk<Origin> {
  rows: Uint8Array[];
  origins: Origin[];
  bytes: number;
  reply?: Promise<Reply>;
  /** Sent while no other chunk is in flight: it, or the chunk it is a part of, was rejected without a reason. */
  alone?: boolean;
  /** One row, rejected before any other was accepted: either it is bad, or the table fits none of the rows. */
  isSuspect?: boolean;
}

const rowOverheadBytes = 6;

export function emptyChunk<Origin>(): PendingChunk<Origin> {
  return { rows: [], origins: [], bytes: 0 };
}

export function addToChunk<Origin>(
  chunk: PendingChunk<Origin>,
  row: Uint8Array,
  origin: Origin,
): void {
  chunk.rows.push(row);
  chunk.origins.push(origin);
  chunk.bytes += row.length + rowOverheadBytes;
}

/** @param chunk of two rows or more */
export function halveChunk<Origin>(chunk: PendingChunk<Origin>): PendingChunk<Origin>[] {
  const middle = chunk.rows.length >> 1;
  const halves = [emptyChunk<Origin>(), emptyChunk<Origin>()];
  for (const [index, row] of chunk.rows.entries()) {
    const half = halves[index < middle ? 0 : 1];
    if (half) addToChunk(half, row, chunk.origins[index] as Origin);
  }
  return halves.map((half) => ({ ...half, alone: true }));
}

/** The connection of a PENDING stream. Each request has its offset, so that a repeated one can't double its rows. */
export class PendingConnection<Origin> {
  readonly #options: RowWriteOptions<Origin>;
  #connection: AppendConnection | undefined;
  /** Of the next chunk on this connection. */
  #offset = 0;

  constructor(options: RowWriteOptions<Origin>) {
    this.#options = options;
  }

  /**
   * Sends the queued chunks at once, up to the first one that must be sent alone.
   *
   * @param offset how many rows BigQuery has accepted
   */
  begin(writeStream: string, offset: number, queue: readonly PendingChunk<Origin>[]): void {
    const { client, descriptor, appendTimeoutMs = 60_000 } = this.#options;
    this.abort();
    this.#connection = new AppendConnection(client, {
      writeStream,
      descriptor,
      appendTimeoutMs,
      onEnd: () => {},
    });
    this.#offset = offset;
    for (const [index, chunk] of queue.entries()) {
      if (chunk.alone && index > 0) return;
      this.sendNext(chunk);
      if (chunk.alone) return;
    }
  }

  /** Sends a chunk behind those in flight. Without a connection the chunk waits for the next one. */
  sendNext(chunk: PendingChunk<Origin>): void {
    if (!this.#connection?.isOpen) return;
    const offset = { value: this.#offset };
    const protoRows = { rows: { serializedRows: chunk.rows } };
    chunk.reply = this.#connection.send({ offset, protoRows }, chunk.bytes);
    this.#offset += chunk.rows.length;
  }

  /** Replies that are still to come are lost. */
  abort(): void {
    this.#connection?.abort();
    this.#connection = undefined;
  }
}
