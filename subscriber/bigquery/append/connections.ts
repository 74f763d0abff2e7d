import type { protos } from '@google-cloud/bigquery-storage';
import type { WriteClient } from '../client.ts';
import { ByteBudget } from './byte-budget.ts';
import { AppendConnection, type Reply } from './connection.ts';
import { type Piece, toRequest } from './piece.ts';

export interface ConnectionsOptions {
  /** `projects/…/datasets/…/tables/…/streams/…` */
  writeStream: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  appendTimeoutMs: number;
  maxInFlightBytes: number;
  maxConnections: number;
  bytesPerConnection: number;
}

const CANCELLED = 1;
const ABORTED: Reply = {
  kind: 'lost',
  code: CANCELLED,
  message: 'the writer was closed',
  alone: false,
};

/** The connections to one table's stream: one that all share, more of them while there is much to write. */
export class AppendConnections {
  readonly #client: WriteClient;
  readonly #options: ConnectionsOptions;
  readonly #budget: ByteBudget;
  readonly #all = new Set<AppendConnection>();
  /** Those that take any piece; the others were opened for one alone. */
  readonly #shared = new Set<AppendConnection>();
  #alone: Promise<unknown> = Promise.resolve();
  #isAborted = false;

  constructor(client: WriteClient, options: ConnectionsOptions) {
    this.#client = client;
    this.#options = options;
    this.#budget = new ByteBudget(options.maxInFlightBytes);
  }

  async send(piece: Piece): Promise<Reply> {
    await this.#budget.take(piece.bytes);
    try {
      if (this.#isAborted) return ABORTED;
      return await this.#leastBusy().send(toRequest(piece), piece.bytes);
    } finally {
      this.#budget.give(piece.bytes);
    }
  }

  /** On a stream of its own, one piece at a time, so that the answer can be about nothing else. */
  async sendAlone(piece: Piece): Promise<Reply> {
    const turn = this.#alone.then(async () => {
      if (this.#isAborted) return ABORTED;
      const connection = this.#connect();
      const reply = await connection.send(toRequest(piece), piece.bytes);
      connection.abort();
      return reply;
    });
    this.#alone = turn;
    return await turn;
  }

  /** Ends every connection, and opens none any more: what is on its way is lost. */
  abort(): void {
    this.#isAborted = true;
    for (const connection of this.#all) connection.abort();
  }

  #leastBusy(): AppendConnection {
    let best: AppendConnection | undefined;
    for (const connection of this.#shared) {
      if (!connection.isOpen) continue;
      if (!best || connection.pendingBytes < best.pendingBytes) best = connection;
    }
    const { bytesPerConnection, maxConnections } = this.#options;
    const isBusy = !best || best.pendingBytes >= bytesPerConnection;
    if (best && (!isBusy || this.#all.size >= maxConnections)) return best;
    const connection = this.#connect();
    this.#shared.add(connection);
    return connection;
  }

  #connect(): AppendConnection {
    const { writeStream, descriptor, appendTimeoutMs } = this.#options;
    const connection = new AppendConnection(this.#client, {
      writeStream,
      descriptor,
      appendTimeoutMs,
      onEnd: () => {
        this.#all.delete(connection);
        this.#shared.delete(connection);
      },
    });
    this.#all.add(connection);
    return connection;
  }
}
