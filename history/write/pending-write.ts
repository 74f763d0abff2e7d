import { setTimeout as sleep } from 'node:timers/promises';
import { RelayError } from '../../shared/errors.ts';
import { backoffMs } from '../../subscriber/bigquery/append/backoff.ts';
import type { Reply } from '../../subscriber/bigquery/append/connection.ts';
import { judge, type WriteFailure } from '../../subscriber/bigquery/append/verdict.ts';
import { addToPiece, emptyPiece, halvePiece, type PendingPiece } from './pending-chunk.ts';
import { PendingConnection, type PendingConnectionOptions } from './pending-connection.ts';
import { commitStream, createStream, finalizeStream } from './pending-stream.ts';
import { defaultPatience, type Patience, writeError } from './retry-policy.ts';
import type { RowWrite } from './row-write.ts';

export interface PendingWriteOptions<Origin> extends PendingConnectionOptions {
  /** `projects/…/datasets/…/tables/…` */
  table: string;
  /** BigQuery has named this row as bad: it is left out. */
  onRefused: (origin: Origin, reason: string) => void;
  /** Abandons it. */
  signal?: AbortSignal | undefined;
  /** How long BigQuery may be away, or know nothing of a new table. */
  patience?: Patience;
}

const pieceBytes = 1_000_000;
const maxUnderWayBytes = 4_000_000;
/** So many rows that are refused before one is taken say that it is the table. */
const maxSuspects = 100;
const ALREADY_EXISTS = 6;

/**
 * Rows that become visible all at once, or never: a PENDING stream of the Storage Write API. Every request
 * bears its offset, so that one that is sent again can't double its rows.
 * https://cloud.google.com/bigquery/docs/write-api-batch
 */
export class PendingWrite<Origin> implements RowWrite<Origin> {
  readonly #options: PendingWriteOptions<Origin>;
  readonly #patience: Patience;
  readonly #queue: PendingPiece<Origin>[] = [];
  #building: PendingPiece<Origin> = emptyPiece();
  #underWayBytes = 0;
  readonly #waiting: (() => void)[] = [];
  #stream: string | undefined;
  readonly #connection: PendingConnection<Origin>;
  /** Rows that BigQuery has taken, and so the offset of the queue's first piece. */
  #taken = 0;
  #driving: Promise<void> | undefined;
  #failure: unknown;
  readonly #closing = new AbortController();
  readonly #stop = () => this.abandon();

  constructor(options: PendingWriteOptions<Origin>) {
    this.#options = options;
    this.#connection = new PendingConnection(options);
    options.signal?.addEventListener('abort', this.#stop);
    this.#patience = options.patience ?? defaultPatience;
  }

  add(row: Uint8Array, origin: Origin): boolean {
    // Nothing is kept that can't be written any more; `room` says why.
    if (this.#failure !== undefined) return true;
    addToPiece(this.#building, row, origin);
    if (this.#building.bytes >= pieceBytes) this.#enqueue();
    return this.#underWayBytes >= maxUnderWayBytes;
  }

  /** @throws RelayError `bigquery.*` when the rows can't be written */
  async room(): Promise<void> {
    while (this.#underWayBytes >= maxUnderWayBytes && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Makes the rows visible; without any there is nothing to be done.
   *
   * @throws RelayError `bigquery.*`: nothing is visible, unless the answer alone was lost
   */
  async commit(): Promise<void> {
    this.#enqueue();
    await this.#driving;
    this.#close();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stream === undefined || this.#taken === 0) return;
    const { client, table } = this.#options;
    const rows = await finalizeStream(client, table, this.#stream, this.#patience);
    if (rows !== this.#taken) {
      const message = `${this.#taken} rows were taken, and BigQuery has ${rows}`;
      throw new RelayError('bigquery.row-count', message);
    }
    await commitStream(client, table, this.#stream, this.#patience);
  }

  /** What is not committed is never seen; BigQuery forgets it. */
  abandon(): void {
    const problem = 'the write was given up';
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
    const piece = this.#building;
    if (piece.rows.length === 0 || this.#failure !== undefined) return;
    this.#building = emptyPiece();
    // It goes behind those that are on the wire; what goes apart has the wire for itself.
    const isNext = this.#queue.every(({ reply, apart }) => reply && !apart);
    this.#queue.push(piece);
    this.#underWayBytes += piece.bytes;
    if (isNext) this.#connection.sendNext(piece);
    this.#driving ??= this.#drive();
  }

  /** Settles the pieces in their order, until there are none. */
  async #drive(): Promise<void> {
    const { client, table } = this.#options;
    try {
      const { signal } = this.#closing;
      this.#stream ??= await createStream(client, table, this.#patience, signal);
      let failing: { since: number; tries: number } | undefined;
      for (let piece = this.#queue[0]; piece && !signal.aborted; piece = this.#queue[0]) {
        if (!piece.reply) this.#connection.begin(this.#stream, this.#taken, this.#queue);
        const reply = await (piece.reply as Promise<Reply> | undefined);
        if (!reply) continue;
        const failure = this.#settle(piece, reply);
        if (!failure) {
          failing = undefined;
          continue;
        }
        failing ??= { since: Date.now(), tries: 0 };
        await this.#pause(failure, failing.since, failing.tries++);
        this.#rewind();
      }
    } catch (error) {
      this.#failure ??= error;
      for (const piece of this.#queue.splice(0)) this.#giveRoom(piece.bytes);
    } finally {
      // In the same breath as the look at the queue: a piece that comes next begins anew.
      this.#driving = undefined;
    }
  }

  /** Undefined when the piece is done with, or goes again: without its bad rows, in parts, or apart. */
  #settle(piece: PendingPiece<Origin>, reply: Reply): WriteFailure | undefined {
    // Taken before, and its answer lost.
    const isKnown = reply.kind === 'answered' && reply.response.error?.code === ALREADY_EXISTS;
    const verdict = isKnown ? ({ kind: 'written' } as const) : judge(reply, piece.rows.length);
    if (verdict.kind === 'failed') return verdict.failure;
    if (verdict.kind === 'refused') return this.#narrow(piece, verdict.failure);
    if (verdict.kind === 'written') {
      this.#queue.shift();
      this.#giveRoom(piece.bytes);
      this.#taken += piece.rows.length;
      return undefined;
    }
    if (verdict.kind === 'bad-rows') this.#takeOut(piece, verdict.reasons);
    else piece.apart = true;
    this.#rewind();
    return undefined;
  }

  /**
   * A piece was refused and no row named: its halves are tried, down to the row that is at fault. Such a row is
   * bad only if BigQuery takes others; until then the table may be at odds with all of them, and the row waits.
   */
  #narrow(piece: PendingPiece<Origin>, failure: WriteFailure): WriteFailure | undefined {
    const suspects = this.#queue.filter(({ isSuspect }) => isSuspect).length;
    const isProven = this.#taken > 0;
    if (!isProven && (piece.isSuspect || suspects >= maxSuspects)) {
      return { ...failure, reaction: 'setup' };
    }
    if (piece.rows.length > 1) {
      const halves = halvePiece(piece);
      this.#queue.splice(0, 1, ...halves);
      this.#underWayBytes += halves.reduce((sum, { bytes }) => sum + bytes, -piece.bytes);
    } else if (isProven) this.#takeOut(piece, new Map([[0, failure.message]]));
    else {
      piece.isSuspect = true;
      this.#queue.push(...this.#queue.splice(0, 1));
    }
    this.#rewind();
    return undefined;
  }

  /** Behind a hole in the offsets nothing was taken, so that the pieces after this one may move up. */
  #takeOut(piece: PendingPiece<Origin>, reasons: ReadonlyMap<number, string>): void {
    for (const [position, reason] of reasons) {
      const origin = piece.origins[position];
      if (origin !== undefined) this.#options.onRefused(origin, reason);
    }
    const isGood = (_: unknown, position: number) => !reasons.has(position);
    piece.rows = piece.rows.filter(isGood);
    piece.origins = piece.origins.filter(isGood);
    if (piece.rows.length > 0) return;
    this.#queue.shift();
    this.#giveRoom(piece.bytes);
  }

  #giveRoom(bytes: number): void {
    this.#underWayBytes -= bytes;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #rewind(): void {
    this.#connection.abort();
    for (const piece of this.#queue) delete piece.reply;
  }

  async #pause(failure: WriteFailure, since: number, tries: number): Promise<void> {
    const { ms, setupMs, random } = this.#patience;
    const waitMs = backoffMs(failure.reaction, tries, random);
    if (Date.now() - since + waitMs > (failure.reaction === 'setup' ? setupMs : ms)) {
      throw writeError('bigquery.append', this.#options.table, failure);
    }
    await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
  }
}
