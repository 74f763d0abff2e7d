import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import type { WriteClient } from './client.ts';
import { AppendConnections } from './connections.ts';
import { MAX_ROW_BYTES } from './encode.ts';
import { cutPieces, halve, type Piece, without } from './piece.ts';
import { type AppendOutcome, Tally } from './tally.ts';
import { judge, type WriteFailure } from './verdict.ts';
import { defaultOptions, type WriterOptions } from './writer-options.ts';

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
  readonly #writeStream: string;
  readonly #connections: AppendConnections;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  /** Grows with each request that BigQuery took: the proof that table and schema are in order. */
  #requestsWritten = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(client: WriteClient, options: WriterOptions) {
    this.#client = client;
    this.#options = { ...defaultOptions, ...options };
    this.#writeStream = `${options.table}/streams/_default`;
    this.#connections = new AppendConnections(client, {
      ...this.#options,
      writeStream: this.#writeStream,
    });
  }

  /** Whether BigQuery answers, be it with a refusal; nothing is written. */
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
    const timer = setTimeout(() => this.#connections.abort(), graceMs);
    await Promise.allSettled(this.#running);
    clearTimeout(timer);
    this.#connections.abort();
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
    const connections = this.#connections;
    const begun = this.#options.now();
    let piece = whole;
    let apart = alone;
    for (let tries = 0; ; ) {
      const reply = await (apart ? connections.sendAlone(piece) : connections.send(piece));
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
