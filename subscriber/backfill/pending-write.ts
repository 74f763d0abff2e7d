import { setTimeout as sleep } from 'node:timers/promises';
import type { protos } from '@google-cloud/bigquery-storage';
import { RelayError } from '../../shared/error.ts';
import { backoffMs } from '../bigquery/backoff.ts';
import type { WriteClient } from '../bigquery/client.ts';
import { AppendConnection, type Reply } from '../bigquery/connection.ts';
import { judge, type WriteFailure } from '../bigquery/verdict.ts';
import { defaultPatience, type Patience, writeError } from './patience.ts';
import { commitStream, createStream, finalizeStream } from './pending-stream.ts';
import type { RowWrite } from './row-write.ts';

export interface PendingWriteOptions<Origin> {
  client: WriteClient;
  /** `projects/…/datasets/…/tables/…` */
  table: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  /** BigQuery has named this row as bad: it is left out. */
  onRefused: (origin: Origin, reason: string) => void;
  appendTimeoutMs?: number;
  /** How long BigQuery may be away, or know nothing of a new table. */
  patience?: Patience;
}

/** Rows of one request, and its answer once it is on the wire. */
interface Piece<Origin> {
  rows: Uint8Array[];
  origins: Origin[];
  bytes: number;
  reply?: Promise<Reply>;
}

const pieceBytes = 1_000_000;
const maxUnderWayBytes = 4_000_000;
const rowOverheadBytes = 6;
const ALREADY_EXISTS = 6;

/**
 * Rows that become visible all at once, or never: a PENDING stream of the Storage Write API. Every request
 * bears its offset, so that one that is sent again can't double its rows.
 * https://cloud.google.com/bigquery/docs/write-api-batch
 */
export class PendingWrite<Origin> implements RowWrite<Origin> {
  readonly #options: PendingWriteOptions<Origin>;
  readonly #patience: Patience;
  readonly #queue: Piece<Origin>[] = [];
  #building: Piece<Origin> = empty();
  #underWayBytes = 0;
  readonly #waiting: (() => void)[] = [];
  #stream: string | undefined;
  #connection: AppendConnection | undefined;
  /** Rows that BigQuery has taken, and so the offset of the queue's first piece. */
  #taken = 0;
  /** Where the next piece on this connection goes. */
  #offset = 0;
  #driving: Promise<void> | undefined;
  #failure: unknown;
  #closed = false;

  constructor(options: PendingWriteOptions<Origin>) {
    this.#options = options;
    this.#patience = options.patience ?? defaultPatience;
  }

  /** True when there is enough under way: then wait for `room`. */
  add(row: Uint8Array, origin: Origin): boolean {
    const piece = this.#building;
    piece.rows.push(row);
    piece.origins.push(origin);
    piece.bytes += row.length + rowOverheadBytes;
    if (piece.bytes >= pieceBytes) this.#enqueue();
    return this.#underWayBytes >= maxUnderWayBytes;
  }

  /** @throws RelayError `bigquery.*` when the rows can't be written */
  async room(): Promise<void> {
    while (this.#underWayBytes >= maxUnderWayBytes) {
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
    this.abandon();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#stream === undefined || this.#taken === 0) return;
    const { client, table } = this.#options;
    const rows = await finalizeStream(client, table, this.#stream, this.#patience);
    if (rows !== this.#taken) {
      const message = `${this.#taken} rows were taken, and BigQuery has ${rows}`;
      throw new RelayError('bigquery.row-count', 'transient', message);
    }
    await commitStream(client, table, this.#stream, this.#patience);
  }

  /** What is not committed is never seen; BigQuery forgets it. */
  abandon(): void {
    this.#closed = true;
    this.#connection?.abort();
  }

  #enqueue(): void {
    const piece = this.#building;
    if (piece.rows.length === 0 || this.#failure !== undefined) return;
    this.#building = empty();
    this.#queue.push(piece);
    this.#underWayBytes += piece.bytes;
    if (this.#connection?.isOpen) this.#send(piece, this.#connection);
    this.#driving ??= this.#drive();
  }

  #send(piece: Piece<Origin>, connection: AppendConnection): void {
    const offset = { value: this.#offset };
    const protoRows = { rows: { serializedRows: piece.rows } };
    piece.reply = connection.send({ offset, protoRows }, piece.bytes);
    this.#offset += piece.rows.length;
  }

  async #drive(): Promise<void> {
    try {
      await this.#settleAll();
    } catch (error) {
      this.#failure = error;
      for (const piece of this.#queue.splice(0)) this.#giveRoom(piece);
    }
    this.#driving = undefined;
  }

  /** Settles the pieces in their order, until there are none. */
  async #settleAll(): Promise<void> {
    const { client, table } = this.#options;
    this.#stream ??= await createStream(client, table, this.#patience);
    let failing: { since: number; tries: number } | undefined;
    for (let piece = this.#queue[0]; piece && !this.#closed; piece = this.#queue[0]) {
      if (!piece.reply) this.#reconnect(this.#stream);
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
  }

  /** Undefined when the piece is done with, or goes again without its bad rows. */
  #settle(piece: Piece<Origin>, reply: Reply): WriteFailure | undefined {
    // Taken before, and its answer lost.
    const isKnown = reply.kind === 'answered' && reply.response.error?.code === ALREADY_EXISTS;
    const verdict = isKnown ? ({ kind: 'written' } as const) : judge(reply, piece.rows.length);
    if (verdict.kind === 'written') {
      this.#queue.shift();
      this.#giveRoom(piece);
      this.#taken += piece.rows.length;
      return undefined;
    }
    if (verdict.kind === 'bad-rows') {
      this.#takeOut(piece, verdict.reasons);
      this.#rewind();
      return undefined;
    }
    // Encoded as the table is described: it is the table that is at odds with the rows.
    if (verdict.kind === 'refused') return { ...verdict.failure, reaction: 'setup' };
    return verdict.failure;
  }

  /** Behind a hole in the offsets nothing was taken, so that the pieces after this one may move up. */
  #takeOut(piece: Piece<Origin>, reasons: ReadonlyMap<number, string>): void {
    for (const [position, reason] of reasons) {
      const origin = piece.origins[position];
      if (origin !== undefined) this.#options.onRefused(origin, reason);
    }
    const isGood = (_: unknown, position: number) => !reasons.has(position);
    piece.rows = piece.rows.filter(isGood);
    piece.origins = piece.origins.filter(isGood);
    if (piece.rows.length > 0) return;
    this.#queue.shift();
    this.#giveRoom(piece);
  }

  #giveRoom(piece: Piece<Origin>): void {
    this.#underWayBytes -= piece.bytes;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #rewind(): void {
    this.#connection?.abort();
    this.#connection = undefined;
    for (const piece of this.#queue) delete piece.reply;
  }

  #reconnect(writeStream: string): void {
    const { client, descriptor, appendTimeoutMs = 60_000 } = this.#options;
    this.#rewind();
    const connection = new AppendConnection(client, {
      writeStream,
      descriptor,
      appendTimeoutMs,
      onEnd: () => {},
    });
    this.#connection = connection;
    this.#offset = this.#taken;
    for (const piece of this.#queue) this.#send(piece, connection);
  }

  async #pause(failure: WriteFailure, since: number, tries: number): Promise<void> {
    const { ms, setupMs, random } = this.#patience;
    const waitMs = backoffMs(failure.reaction, tries, random);
    if (Date.now() - since + waitMs > (failure.reaction === 'setup' ? setupMs : ms)) {
      throw writeError('bigquery.append', this.#options.table, failure);
    }
    await sleep(waitMs);
  }
}

function empty<Origin>(): Piece<Origin> {
  return { rows: [], origins: [], bytes: 0 };
}
