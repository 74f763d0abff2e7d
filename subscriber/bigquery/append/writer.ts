import { setTimeout as sleep } from 'node:timers/promises';
import type { protos } from '@google-cloud/bigquery-storage';
import { type Metrics, noMetrics } from '../../service/metrics.ts';
import type { WriteClient } from '../client.ts';
import { MAX_ROW_BYTES } from '../encode/encode.ts';
import { type AppendResult, AppendResultBuilder, type Suspect } from './append-result.ts';
import { backoffMs } from './backoff.ts';
import { type Chunk, halve, splitIntoChunks } from './chunk.ts';
import { classifyReply, type WriteFailure } from './classify-reply.ts';
import { ConnectionPool } from './connection-pool.ts';

export interface WriterOptions {
  /** `projects/…/datasets/…/tables/…` */
  table: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  /** How long one append may stay unanswered before its stream is ended. */
  appendTimeoutMs?: number;
  /** How long `setup` failures are tried again: a new table may be unknown to the service for a minute. */
  setupRetryMs?: number;
  /** How long transient failures and throttling are tried again; forever by default. */
  retryMs?: number;
  /** More than a full batch, because the request adds a few bytes to each row. */
  maxRequestBytes?: number;
  maxInFlightBytes?: number;
  /** A client carries 100 streams, and the next one hangs. */
  maxConnections?: number;
  /** With this many unanswered bytes on each connection, another one is opened. */
  bytesPerConnection?: number;
  /** Called for the first failure of each pause: the others have the same cause. */
  onFailure?: (failure: WriteFailure, waitMs: number) => void;
  metrics?: Metrics;
  now?: () => number;
  random?: () => number;
}

const defaultOptions = {
  appendTimeoutMs: 30_000,
  setupRetryMs: 60_000,
  retryMs: Number.POSITIVE_INFINITY,
  maxRequestBytes: 2_000_000,
  maxInFlightBytes: 8_000_000,
  maxConnections: 10,
  bytesPerConnection: 2_000_000,
  onFailure: () => {},
  metrics: noMetrics,
  now: Date.now,
  random: Math.random,
};

const ASK_TIMEOUT_MS = 2000;
/** Appends are few, and a backlog waits for them: after an outage the next try is due within this time. */
const LONGEST_TRANSIENT_MS = 2000;
/** gRPC codes of a service that works: NOT_FOUND, PERMISSION_DENIED, UNIMPLEMENTED. */
const ANSWERS: ReadonlySet<number> = new Set([5, 7, 12]);

const CLOSED: WriteFailure = { reaction: 'transient', code: 1, message: 'the writer was closed' };

/** Writes encoded rows to a table's default stream, at least once. Appends may run at the same time. */
export class TableWriter {
  readonly #client: WriteClient;
  readonly #options: Required<WriterOptions>;
  readonly #writeStream: string;
  readonly #pool: ConnectionPool;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  /** How many requests were sent; each has its number. */
  #sent = 0;
  /** The number of the last request that BigQuery took: table and schema were in order after it was sent. */
  #lastTaken = 0;
  #reportedUntil = Number.NEGATIVE_INFINITY;

  constructor(client: WriteClient, options: WriterOptions) {
    this.#client = client;
    this.#options = { ...defaultOptions, ...options };
    this.#writeStream = `${options.table}/streams/_default`;
    this.#pool = new ConnectionPool(client, {
      ...this.#options,
      writeStream: this.#writeStream,
    });
  }

  /** Whether BigQuery answers, even with a refusal; nothing is written. */
  async isAnswered(): Promise<boolean> {
    try {
      const name = this.#writeStream;
      await this.#client.getWriteStream({ name }, { timeout: ASK_TIMEOUT_MS, retry: null });
      return true;
    } catch (error) {
      const { code } = error as { code?: number };
      return code !== undefined && ANSWERS.has(code);
    }
  }

  /**
   * Resolves when every row's result is known; never rejects for what the service answers.
   *
   * @param refusedAt of the result in which these rows were retryable, if it has one
   */
  async append(rows: readonly Uint8Array[], refusedAt?: number): Promise<AppendResult> {
    const result = new AppendResultBuilder();
    if (this.#closing.signal.aborted) {
      const indexes = [...rows.keys()];
      result.retryable({ rows, indexes, bytes: 0 }, CLOSED);
      return result.build();
    }
    const work = this.#appendAll(rows, result, refusedAt);
    this.#running.add(work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
    }
    return result.build();
  }

  /**
   * Lets running appends be sent and answered, for at most `graceMs`. Rows that wait for another try, or are
   * not answered by then, are retryable.
   */
  async close(graceMs = 5000): Promise<void> {
    this.#closing.abort();
    const timer = setTimeout(() => this.#pool.abort(), graceMs);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
    this.#pool.abort();
  }

  async #appendAll(
    rows: readonly Uint8Array[],
    result: AppendResultBuilder,
    refusedAt?: number,
  ): Promise<void> {
    const chunks = splitIntoChunks(rows, this.#options.maxRequestBytes).filter((chunk) => {
      if (chunk.bytes <= MAX_ROW_BYTES + 1000) return true;
      result.invalid(chunk.indexes[0] ?? 0, `${chunk.bytes} bytes: too large for one request`);
      return false;
    });
    await Promise.all(chunks.map((chunk) => this.#deliver(chunk, result, { refusedAt })));
    await this.#settleSuspects(result);
  }

  async #deliver(
    whole: Chunk,
    result: AppendResultBuilder,
    { refusedAt, alone = false }: { refusedAt: number | undefined; alone?: boolean },
  ): Promise<void> {
    const pool = this.#pool;
    const { metrics } = this.#options;
    const begun = this.#options.now();
    let chunk = whole;
    let apart = alone;
    for (let tries = 0; ; ) {
      const number = ++this.#sent;
      const sentAt = metrics.now();
      const reply = await (apart ? pool.sendAlone(chunk) : pool.send(chunk));
      const meaning = classifyReply(reply, chunk.rows.length);
      if (meaning.kind === 'written') {
        this.#lastTaken = Math.max(this.#lastTaken, number);
        metrics.appended(sentAt, chunk.rows.length);
        return result.written(chunk);
      }
      if (meaning.kind === 'refused') {
        const { failure } = meaning;
        return await this.#narrow({ chunk, failure, refusedAt: refusedAt ?? this.#sent }, result);
      }
      if (meaning.kind === 'suspected') {
        apart = true;
      } else if (meaning.kind === 'bad-rows') {
        chunk = result.dropInvalid(chunk, meaning.reasons);
        if (chunk.rows.length === 0) return;
      } else if (!(await this.#pause(meaning.failure, tries++, begun))) {
        return result.retryable(chunk, meaning.failure);
      }
    }
  }

  /**
   * A chunk was refused without naming a row: its halves are tried, down to the bad rows. If a single row is
   * refused and none is taken, the rest waits: the table may be the cause.
   */
  async #narrow(suspect: Suspect, result: AppendResultBuilder): Promise<void> {
    const { chunk, failure, refusedAt } = suspect;
    if (chunk.rows.length === 1) {
      if (this.#isCleared(suspect)) result.invalid(chunk.indexes[0] ?? 0, failure.message);
      else result.suspects.push(suspect);
      return;
    }
    // One after the other, each alone: a refusal that ends the stream must not take the good half with it.
    const [first, second] = halve(chunk);
    await this.#deliver(first, result, { alone: true, refusedAt });
    if (result.suspects.length > 0 && !this.#isCleared(suspect)) {
      result.suspects.push({ chunk: second, failure, refusedAt });
    } else await this.#deliver(second, result, { alone: true, refusedAt });
  }

  /** Is the table cleared? It took a request that was sent after these rows were first refused. */
  #isCleared({ refusedAt }: Suspect): boolean {
    return this.#lastTaken > refusedAt;
  }

  /**
   * A row is invalid if it was refused alone, both before and after BigQuery took others. While it takes none,
   * the table may be the cause: then the rows are tried one by one, with pauses, until one is taken or the time
   * is over and all are retryable.
   */
  async #settleSuspects(result: AppendResultBuilder): Promise<void> {
    const begun = this.#options.now();
    for (let tries = 0; result.suspects.length > 0; ) {
      const suspects = result.suspects.splice(0);
      let due = suspects.filter((suspect) => this.#isCleared(suspect));
      if (due.length === 0) {
        const failure: WriteFailure = { ...(suspects[0]?.failure ?? CLOSED), reaction: 'setup' };
        if (!(await this.#pause(failure, tries++, begun))) {
          for (const { chunk, refusedAt } of suspects) result.retryable(chunk, failure, refusedAt);
          return;
        }
        due = suspects.slice(0, 1);
      }
      result.suspects.push(...suspects.filter((suspect) => !due.includes(suspect)));
      for (const { chunk, refusedAt } of due) {
        await this.#deliver(chunk, result, { alone: true, refusedAt });
      }
    }
  }

  /** Waits before the next try; false if there is none. */
  async #pause(failure: WriteFailure, tries: number, begun: number): Promise<boolean> {
    const { now, random, setupRetryMs, retryMs, onFailure, metrics } = this.#options;
    const limitMs = failure.reaction === 'setup' ? setupRetryMs : retryMs;
    const longestMs = failure.reaction === 'transient' ? LONGEST_TRANSIENT_MS : undefined;
    const waitMs = backoffMs(failure.reaction, tries, random, longestMs);
    if (this.#closing.signal.aborted || now() - begun + waitMs > limitMs) return false;
    if (now() >= this.#reportedUntil) {
      this.#reportedUntil = now() + waitMs;
      onFailure(failure, waitMs);
    }
    try {
      await sleep(waitMs, undefined, { signal: this.#closing.signal });
      metrics.retried(failure.reaction);
      return true;
    } catch {
      return false;
    }
  }
}
