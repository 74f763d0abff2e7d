import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteClient } from '../client.ts';
import { MAX_ROW_BYTES } from '../encode/encode.ts';
import { backoffMs } from './backoff.ts';
import { AppendConnections } from './connections.ts';
import { cutPieces, halve, type Piece } from './piece.ts';
import { type AppendOutcome, type Suspect, Tally } from './tally.ts';
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
  /** Requests, ever: each has its number. */
  #sent = 0;
  /** The last of them that BigQuery took: the proof that table and schema were in order after it was sent. */
  #lastTaken = 0;
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

  /**
   * Resolves when the fate of every row is known; never rejects for what the service answers.
   *
   * @param refusedAt of the outcome by which these rows came back, where it has one
   */
  async append(rows: readonly Uint8Array[], refusedAt?: number): Promise<AppendOutcome> {
    const tally = new Tally();
    if (this.#closing.signal.aborted) {
      const indexes = [...rows.keys()];
      tally.retryable({ rows, indexes, bytes: 0 }, CLOSED);
      return tally.outcome();
    }
    const work = this.#appendAll(rows, tally, refusedAt);
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

  async #appendAll(rows: readonly Uint8Array[], tally: Tally, refusedAt?: number): Promise<void> {
    const pieces = cutPieces(rows, this.#options.maxRequestBytes).filter((piece) => {
      if (piece.bytes <= MAX_ROW_BYTES + 1000) return true;
      tally.invalid(piece.indexes[0] ?? 0, `${piece.bytes} bytes: too large for one request`);
      return false;
    });
    await Promise.all(pieces.map((piece) => this.#deliver(piece, tally, { refusedAt })));
    await this.#settleSuspects(tally);
  }

  async #deliver(
    whole: Piece,
    tally: Tally,
    { refusedAt, alone = false }: { refusedAt: number | undefined; alone?: boolean },
  ): Promise<void> {
    const connections = this.#connections;
    const begun = this.#options.now();
    let piece = whole;
    let apart = alone;
    for (let tries = 0; ; ) {
      const number = ++this.#sent;
      const reply = await (apart ? connections.sendAlone(piece) : connections.send(piece));
      const verdict = judge(reply, piece.rows.length);
      if (verdict.kind === 'written') {
        this.#lastTaken = Math.max(this.#lastTaken, number);
        return tally.written(piece);
      }
      if (verdict.kind === 'refused') {
        const { failure } = verdict;
        return await this.#narrow({ piece, failure, refusedAt: refusedAt ?? this.#sent }, tally);
      }
      if (verdict.kind === 'suspected') {
        apart = true;
      } else if (verdict.kind === 'bad-rows') {
        piece = tally.takeOut(piece, verdict.reasons);
        if (piece.rows.length === 0) return;
      } else if (!(await this.#pause(verdict.failure, tries++, begun))) {
        return tally.retryable(piece, verdict.failure);
      }
    }
  }

  /**
   * A piece was refused and no row named: its halves are tried, down to the rows that are at fault. Where
   * one row alone is refused and none is taken, the rest waits: it may be the table that is at fault.
   */
  async #narrow(suspect: Suspect, tally: Tally): Promise<void> {
    const { piece, failure, refusedAt } = suspect;
    if (piece.rows.length === 1) {
      if (this.#isCleared(suspect)) tally.invalid(piece.indexes[0] ?? 0, failure.message);
      else tally.suspects.push(suspect);
      return;
    }
    // One after the other, and apart: a refusal that ends the stream must not take a good half with it.
    const [first, second] = halve(piece);
    await this.#deliver(first, tally, { alone: true, refusedAt });
    if (tally.suspects.length > 0 && !this.#isCleared(suspect)) {
      tally.suspects.push({ piece: second, failure, refusedAt });
    } else await this.#deliver(second, tally, { alone: true, refusedAt });
  }

  /** Whether the table is: it took a request that was sent after these rows were first refused. */
  #isCleared({ refusedAt }: Suspect): boolean {
    return this.#lastTaken > refusedAt;
  }

  /**
   * A row is bad that was refused, alone, both before and after BigQuery took others. While it takes none,
   * the table may be at odds with the request: then one after the other is tried, with pauses, until one is
   * taken; or they come back as retryable.
   */
  async #settleSuspects(tally: Tally): Promise<void> {
    const begun = this.#options.now();
    for (let tries = 0; tally.suspects.length > 0; ) {
      const suspects = tally.suspects.splice(0);
      let due = suspects.filter((suspect) => this.#isCleared(suspect));
      if (due.length === 0) {
        const failure: WriteFailure = { ...(suspects[0]?.failure ?? CLOSED), reaction: 'setup' };
        if (!(await this.#pause(failure, tries++, begun))) {
          for (const { piece, refusedAt } of suspects) tally.retryable(piece, failure, refusedAt);
          return;
        }
        due = suspects.slice(0, 1);
      }
      tally.suspects.push(...suspects.filter((suspect) => !due.includes(suspect)));
      for (const { piece, refusedAt } of due) {
        await this.#deliver(piece, tally, { alone: true, refusedAt });
      }
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
