import type { protos } from '@google-cloud/bigquery-storage';
import type { WriteClient } from '../client.ts';
import { type Chunk, toRequest } from './chunk.ts';
import { AppendConnection, type Reply } from './connection.ts';

export interface ConnectionPoolOptions {
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

/** The connections to one table's stream: one, and more while there is much to write. */
export class ConnectionPool {
  readonly #client: WriteClient;
  readonly #options: ConnectionPoolOptions;
  readonly #budget: ByteBudget;
  readonly #all = new Set<AppendConnection>();
  /** Those that take any chunk; each of the others was opened for a single chunk. */
  readonly #shared = new Set<AppendConnection>();
  #alone: Promise<unknown> = Promise.resolve();
  #isAborted = false;

  constructor(client: WriteClient, options: ConnectionPoolOptions) {
    this.#client = client;
    this.#options = options;
    this.#budget = new ByteBudget(options.maxInFlightBytes);
  }

  async send(chunk: Chunk): Promise<Reply> {
    await this.#budget.take(chunk.bytes);
    try {
      if (this.#isAborted) return ABORTED;
      return await this.#leastBusy().send(toRequest(chunk), chunk.bytes);
    } finally {
      this.#budget.give(chunk.bytes);
    }
  }

  /** On a stream of its own, one chunk at a time: the answer can only be about this chunk. */
  async sendAlone(chunk: Chunk): Promise<Reply> {
    const turn = this.#alone.then(async () => {
      if (this.#isAborted) return ABORTED;
      const connection = this.#connect();
      const reply = await connection.send(toRequest(chunk), chunk.bytes);
      connection.abort();
      return reply;
    });
    this.#alone = turn;
    return await turn;
  }

  /** Ends every connection and opens no other: unanswered requests are lost. */
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

interface Waiting {
  bytes: number;
  enter: () => void;
}

/** Limits the bytes that are sent and not answered, first come, first served. */
class ByteBudget {
  #free: number;
  readonly #limit: number;
  readonly #waiting: Waiting[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /** Resolves once `bytes` are free; more than the whole budget waits for all of it. */
  async take(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) {
      this.#free -= bytes;
      return;
    }
    await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }));
  }

  give(bytes: number): void {
    this.#free += bytes;
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
      this.#free -= next.bytes;
      this.#waiting.shift();
      next.enter();
    }
  }

  #fits(bytes: number): boolean {
    return bytes <= this.#free || this.#free === this.#limit;
  }
}
