import type { protos } from '@google-cloud/bigquery-storage';
import { AppendConnection } from '../../subscriber/bigquery/append/connection.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { PendingPiece } from './pending-chunk.ts';

export interface PendingConnectionOptions {
  client: WriteClient;
  descriptor: protos.google.protobuf.IDescriptorProto;
  appendTimeoutMs?: number;
}

/** A PENDING stream's connection. Each request bears its offset: sent again, it can't double its rows. */
export class PendingConnection<Origin> {
  readonly #options: PendingConnectionOptions;
  #connection: AppendConnection | undefined;
  /** Where the next piece on this connection goes. */
  #offset = 0;

  constructor(options: PendingConnectionOptions) {
    this.#options = options;
  }

  /**
   * Sends what waits: all at once, but for what goes apart, which is settled first.
   *
   * @param offset how many rows BigQuery has taken
   */
  begin(writeStream: string, offset: number, queue: readonly PendingPiece<Origin>[]): void {
    const { client, descriptor, appendTimeoutMs = 60_000 } = this.#options;
    this.abort();
    this.#connection = new AppendConnection(client, {
      writeStream,
      descriptor,
      appendTimeoutMs,
      onEnd: () => {},
    });
    this.#offset = offset;
    for (const [index, piece] of queue.entries()) {
      if (piece.apart && index > 0) return;
      this.sendNext(piece);
      if (piece.apart) return;
    }
  }

  /** Sends a piece behind those that are on the wire; without a connection it waits for the next. */
  sendNext(piece: PendingPiece<Origin>): void {
    if (!this.#connection?.isOpen) return;
    const offset = { value: this.#offset };
    const protoRows = { rows: { serializedRows: piece.rows } };
    piece.reply = this.#connection.send({ offset, protoRows }, piece.bytes);
    this.#offset += piece.rows.length;
  }

  /** What is on the wire is lost. */
  abort(): void {
    this.#connection?.abort();
    this.#connection = undefined;
  }
}
