import { setTimeout as sleep } from 'node:timers/promises';
import type { protos } from '@google-cloud/bigquery-storage';
import { backoffMs } from './backoff.ts';
import { ByteBudget } from './byte-budget.ts';
import type { WriteClient } from './client.ts';
import { AppendConnection, type Reply } from './connection.ts';
import { MAX_ROW_BYTES } from './encode.ts';
import { cutPieces, halve, type Piece, toRequest, without } from './piece.ts';
import { type AppendOutcome, Tally } from './tally.ts';
import { judge, type WriteFailure } from './verdict.ts';

export interface WriterOptions {
  /** `projects/…/datasets/…/tables/…` */
  table: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  /** How long one append may stay unanswered before its stream is given up. */
  appendTimeoutMs?: number;
  /** How long `setup` failures are tried again: a new table may be unknown to the service for a minute. */
  setupPatienceMs?: number;
  /** How long transient failures and throttling are tried again; without end by default. */
  patienceMs?: number;
  maxRequestBytes?: number;
  maxInFlightBytes?: number;
  /** A client carries 100 streams, and the next one hangs. */
  maxConnections?: number;
  /** With so many unanswered bytes on each of its connections, the table gets another one. */
  bytesPerConnection?: number;
  /** Hears of the first failure of each pause: the others are of the same trouble. */
  onFailure?: (failure: WriteFailure, waitMs: number) => void;
  now?: () => number;
  random?: () => number;
}

const DEFAULTS = {
  appendTimeoutMs: 30_000,
  setupPatienceMs: 60_000,
  patienceMs: Number.POSITIVE_INFINITY,
  maxRequestBytes: 1_000_000,
  maxInFlightBytes: 8_000_000,
  maxConnections: 10,
  bytesPerConnection: 2_000_000,
  onFailure: () => {},
  now: Date.now,
  random: Math.random,
};

const ASK_TIMEOUT_MS = 2000;
/** gRPC codes that tell of a service that works: NOT_FOUND, PERMISSION_DENIED, UNIMPLEMENTED. */
const ANSWERS: ReadonlySet<number> = new Set([5, 7, 12]);

const CLOSED: WriteFailure = { reaction: 'transient', code: 1, message: 'the writer was closed' };

/**
 * Writes encoded rows to a table's default stream, at least once: `written` rows are visible, and a row that
 * is in no list of an outcome does not exist. Many appends may be under way; they share one connection, and
 * more of them while there is much to write.
 */
export class TableWriter {
  readonly #client: WriteClient;
  readonly #options: Required<WriterOptions>;
  readonly #budget: ByteBudget;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #connections = new Set<AppendConnection>();
  /** Those that take any piece; the others were opened for one alone. */
  readonly #shared = new Set<AppendConnection>();
  /** Set when the grace of a close is over: nothing is sent any more. */
  #over = false;
  #alone: Promise<unknown> = Promise.resolve();
  /** Grows with each request that BigQuery took: the proof that table and schema are in order. */
  #requestsWritten = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(client: WriteClient, options: WriterOptions) {
    this.#client = client;
    this.#options = { ...DEFAULTS, ...options };
    this.#budget = new ByteBudget(this.#options.maxInFlightBytes);
  }

  /** Whether a stream is open now; between bursts the service closes idle ones. */
  get connected(): boolean {
    return [...this.#shared].some(({ isOpen }) => isOpen);
  }

  /** Whether BigQuery answers, be it with a refusal; nothing is written. */
  async isAnswered(): Promise<boolean> {
    try {
      const name = `${this.#options.table}/streams/_default`;
      await this.#client.getWriteStream({ name }, { timeout: ASK_TIMEOUT_MS, retry: null });
      return true;
    } catch (error) {
      const { code } = error as { code?: number };
      return code !== undefined && ANSWERS.has(code);
    }
  }

  /** Resolves when the fate of every row is known; never rejects for what the service answers. */
  async append(rows: readonly Uint8Array[]): Promise<AppendOutcome> {
    const tally = new Tally();
    if (this.#closing.signal.aborted) {
      const indexes = [...rows.keys()];
      tally.retryable({ rows, indexes, bytes: 0 }, CLOSED);
      return tally.outcome();
    }
    const work = this.#appendAll(rows, tally);
    this.#running.add(work);
    try {
      await work;
    } finally {
      this.#running.delete(work);
    }
    return tally.outcome();
  }

  /**
   * Lets appends that were begun be sent and answered, for at most `graceMs`. What waits to be tried again,
   * and what is not answered by then, comes back as retryable.
   */
  async close(graceMs = 5000): Promise<void> {
    this.#closing.abort();
    const timer = setTimeout(() => this.#abort(), graceMs);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
    this.#abort();
  }

  #abort(): void {
    this.#over = true;
    for (const connection of this.#connections) connection.abort();
  }

  async #appendAll(rows: readonly Uint8Array[], tally: Tally): Promise<void> {
    const writtenBefore = this.#requestsWritten;
    const pieces = cutPieces(rows, this.#options.maxRequestBytes).filter((piece) => {
      if (piece.bytes <= MAX_ROW_BYTES + 1000) return true;
      tally.invalid(piece.indexes[0] ?? 0, `${piece.bytes} bytes: too large for one request`);
      return false;
    });
    await Promise.all(pieces.map((piece) => this.#deliver(piece, tally, false)));
    await this.#settleSuspects(tally, writtenBefore);
  }

  async #deliver(whole: Piece, tally: Tally, alone: boolean): Promise<void> {
    const begun = this.#options.now();
    let piece = whole;
    let apart = alone;
    for (let tries = 0; ; ) {
      const reply = await (apart ? this.#sendAlone(piece) : this.#send(piece));
      const verdict = judge(reply, piece.rows.length);
      if (verdict.kind === 'written') {
        this.#requestsWritten++;
        return tally.written(piece);
      }
      if (verdict.kind === 'refused') return await this.#narrow(piece, tally, verdict.failure);
      if (verdict.kind === 'suspected') {
        apart = true;
      } else if (verdict.kind === 'bad-rows') {
        for (const [position, reason] of verdict.reasons) {
          tally.invalid(piece.indexes[position] ?? 0, reason);
        }
        piece = without(piece, new Set(verdict.reasons.keys()));
        if (piece.rows.length === 0) return;
      } else if (!(await this.#pause(verdict.failure, tries++, begun))) {
        return tally.retryable(piece, verdict.failure);
      }
    }
  }

  /** A piece was refused and no row named: its halves are tried, down to the rows that are at fault. */
  async #narrow(piece: Piece, tally: Tally, failure: WriteFailure): Promise<void> {
    if (piece.rows.length === 1) {
      tally.suspects.push({ piece, failure });
      return;
    }
    // One after the other, and apart: a refusal that ends the stream must not take a good half with it.
    for (const half of halve(piece)) await this.#deliver(half, tally, true);
  }

  /**
   * A row that was refused without a word is bad only if BigQuery takes others meanwhile. While it takes
   * none, the table may be at odds with the request: then the rows wait, and come back as retryable.
   */
  async #settleSuspects(tally: Tally, writtenBefore: number): Promise<void> {
    const begun = this.#options.now();
    for (let tries = 0; tally.suspects.length > 0; tries++) {
      const suspects = tally.suspects.splice(0);
      if (this.#requestsWritten > writtenBefore) {
        for (const { piece, failure } of suspects) {
          tally.invalid(piece.indexes[0] ?? 0, failure.message);
        }
        return;
      }
      const [first, ...others] = suspects;
      if (!first) return;
      const failure: WriteFailure = { ...first.failure, reaction: 'setup' };
      if (!(await this.#pause(failure, tries, begun))) {
        for (const { piece } of suspects) tally.retryable(piece, failure);
        return;
      }
      await this.#deliver(first.piece, tally, true);
      const proven = this.#requestsWritten > writtenBefore;
      if (!proven) tally.suspects.push(...others);
      else for (const { piece } of others) await this.#deliver(piece, tally, true);
    }
  }

  async #send(piece: Piece): Promise<Reply> {
    await this.#budget.take(piece.bytes);
    try {
      if (this.#over) return lost(CLOSED);
      return await this.#leastBusy().send(toRequest(piece), piece.bytes);
    } finally {
      this.#budget.give(piece.bytes);
    }
  }

  #leastBusy(): AppendConnection {
    let best: AppendConnection | undefined;
    for (const connection of this.#shared) {
      if (!connection.isOpen) continue;
      if (!best || connection.pendingBytes < best.pendingBytes) best = connection;
    }
    const { bytesPerConnection, maxConnections } = this.#options;
    const isBusy = !best || best.pendingBytes >= bytesPerConnection;
    if (best && (!isBusy || this.#connections.size >= maxConnections)) return best;
    const connection = this.#connect();
    this.#shared.add(connection);
    return connection;
  }

  /** On a stream of its own, one piece at a time, so that the answer can be about nothing else. */
  async #sendAlone(piece: Piece): Promise<Reply> {
    const turn = this.#alone.then(async () => {
      if (this.#over) return lost(CLOSED);
      const connection = this.#connect();
      const reply = await connection.send(toRequest(piece), piece.bytes);
      connection.abort();
      return reply;
    });
    this.#alone = turn;
    return await turn;
  }

  #connect(): AppendConnection {
    const { table, descriptor, appendTimeoutMs } = this.#options;
    const writeStream = `${table}/streams/_default`;
    const connection = new AppendConnection(this.#client, {
      writeStream,
      descriptor,
      appendTimeoutMs,
      onEnd: () => {
        this.#connections.delete(connection);
        this.#shared.delete(connection);
      },
    });
    this.#connections.add(connection);
    return connection;
  }

  /** Waits before the next try; false when there is to be none. */
  async #pause(failure: WriteFailure, tries: number, begun: number): Promise<boolean> {
    const { now, random, setupPatienceMs, patienceMs, onFailure } = this.#options;
    const patience = failure.reaction === 'setup' ? setupPatienceMs : patienceMs;
    const waitMs = backoffMs(failure.reaction, tries, random);
    if (this.#closing.signal.aborted || now() - begun + waitMs > patience) return false;
    if (now() >= this.#quietUntil) {
      this.#quietUntil = now() + waitMs;
      onFailure(failure, waitMs);
    }
    try {
      await sleep(waitMs, undefined, { signal: this.#closing.signal });
      return true;
    } catch {
      return false;
    }
  }
}

function lost(failure: WriteFailure): Reply {
  return { kind: 'lost', code: failure.code, message: failure.message, alone: false };
}
