import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../../shared/columns.ts';
import type { Refusal } from '../bigquery/append/refusal.ts';
import type { TableWriter } from '../bigquery/append/writer.ts';
import type { RowEncoder } from '../bigquery/encode/encode.ts';
import { TableMending } from '../bigquery/tables/table-mending.ts';
import type { Guest, WaitingRoom } from '../pull/waiting-room.ts';
import { type BatchLimits, defaultLimits } from './batch.ts';
import type { Fate } from './fate.ts';
import { RowBatches } from './row-batches.ts';
import { type Append, SentRows } from './sent-rows.ts';
import { WaitingRow } from './waiting-row.ts';
import { lacking, lossOf } from './written-in-part.ts';

export interface TableQueueOptions {
  encoder: RowEncoder;
  writer: TableWriter;
  room: WaitingRoom;
  limits?: BatchLimits;
  /** No further append begins while so much is under way; further rows wait, and fill the batches. */
  underWay: UnderWay;
  /** Called when BigQuery keeps refusing every row alike; may mend the table before they are tried again. */
  onSetupFailure: (reason: string) => Promise<void>;
  random?: () => number;
}

export interface UnderWay {
  rows: number;
  bytes: number;
}

const noRowsTaken = 'the table takes no rows';

function refused({ column, reason }: Refusal): Fate {
  return column === ''
    ? { kind: 'dead', reason }
    : { kind: 'dead', reason: `${column} ${reason}`, column };
}

/** The rows on their way to one table. No other table waits for them. */
export class TableQueue implements Guest {
  readonly #options: TableQueueOptions;
  readonly #limits: BatchLimits;
  readonly #closing = new AbortController();
  readonly #unsent: RowBatches<WaitingRow>;
  readonly #sent = new SentRows();
  #linger: NodeJS.Timeout | undefined;
  /** The open batch has waited for company long enough. */
  #isDue = false;
  readonly #mending: TableMending;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #rowsWritten = 0;

  constructor(options: TableQueueOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
    this.#unsent = new RowBatches(this.#limits);
    this.#mending = new TableMending({
      mend: options.onSetupFailure,
      signal: this.#closing.signal,
      // Rows that came meanwhile may be taken where the others were not.
      onEnd: () => this.#send(),
      random: options.random ?? Math.random,
    });
    options.room.join(this);
  }

  get waitingSince(): number | undefined {
    return this.#sent.since ?? this.#unsent.oldest?.since;
  }

  get writtenAt(): number {
    return this.#writtenAt;
  }

  /** Whether BigQuery keeps refusing what is sent, and has taken nothing since. */
  get isRefused(): boolean {
    return this.#mending.isHeld || (this.#mending.tries > 0 && this.#sent.rows > 0);
  }

  /** Sends nothing until it is known that the table is open: what it took now would be wrong, or refused. */
  hold(isOpen: Promise<boolean>): void {
    this.#mending.hold(isOpen);
  }

  get rowsWritten(): number {
    return this.#rowsWritten;
  }

  /**
   * Resolves when the fate of the row is known; never rejects.
   *
   * @param sequence of a row of a table with a key: of rows with one key, the greatest stays
   */
  write(row: Row, sequence?: string): Promise<Fate> {
    const encoded = this.#options.encoder.encode(row, sequence);
    if (!encoded.ok) return Promise.resolve(refused(encoded));
    if (this.#closing.signal.aborted) {
      return Promise.resolve({ kind: 'held', reason: 'the subscriber is stopping' });
    }
    const fate = new Promise<Fate>((resolve) => {
      this.#add(new WaitingRow(encoded.row, this.#options.room.now, resolve));
    });
    return encoded.notes ? lacking(lossOf(encoded.notes), fate) : fate;
  }

  /** The fate of a row that is known to be written: what it lacks. */
  judge(row: Row): Fate {
    const encoded = this.#options.encoder.encode(row);
    if (!encoded.ok) return refused(encoded);
    return { kind: 'written', ...(encoded.notes && { lacks: lossOf(encoded.notes) }) };
  }

  isAnswered(): Promise<boolean> {
    return this.#options.writer.isAnswered();
  }

  giveBackUnsent(): void {
    for (const row of this.#unsent.takeAll()) row.settle({ kind: 'held', reason: noRowsTaken });
  }

  giveBackSent(): void {
    this.#sent.letGo(noRowsTaken);
  }

  /** Writes what waits, for at most `graceMs`; what isn't written by then is held. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#isDue = true;
    this.#send();
    const grace = new AbortController();
    await Promise.race([
      this.#sent.ended(),
      sleep(graceMs, undefined, { signal: grace.signal }).catch(() => {}),
    ]);
    grace.abort();
    this.#stopLinger();
    this.giveBackUnsent();
    await this.#options.writer.close(0);
    await this.#sent.ended();
  }

  #add(row: WaitingRow): void {
    const isFull = this.#unsent.add(row);
    if (isFull) {
      this.#stopLinger();
      this.#send();
    }
    if (this.#unsent.openRows > 0 && !this.#isDue) {
      this.#linger ??= setTimeout(() => {
        this.#linger = undefined;
        this.#isDue = true;
        this.#send();
      }, this.#limits.lingerMs);
    }
  }

  #stopLinger(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#isDue = this.#closing.signal.aborted;
  }

  /** Begins as many appends as there are batches and may be under way. */
  #send(): void {
    while (this.#mayAppend) {
      const rows = this.#unsent.take(this.#isDue);
      if (this.#unsent.openRows === 0) this.#stopLinger();
      if (!rows) return;
      this.#sent.add(
        rows,
        (append) => this.#appendUntilSettled(append),
        () => this.#send(),
      );
    }
  }

  get #mayAppend(): boolean {
    const { rows, bytes } = this.#options.underWay;
    const { rows: rowsSent, bytes: bytesSent } = this.#sent;
    return !this.#mending.isUnderWay && rowsSent < rows && bytesSent < bytes;
  }

  /** Each row leaves this loop with a fate. What may still be written stays until the queue closes. */
  async #appendUntilSettled(append: Append): Promise<void> {
    while (append.rows.length > 0) {
      const { rows, refusedAt } = append;
      const encoded = rows.map((row) => row.bytes);
      const outcome = await this.#options.writer.append(encoded, refusedAt);
      if (outcome.written.length > 0) this.#noteWritten(outcome.written.length);
      for (const index of outcome.written) rows[index]?.settle({ kind: 'written' });
      for (const { index, reason } of outcome.invalid)
        rows[index]?.settle({ kind: 'dead', reason });
      append.rows = outcome.retryable.flatMap((index) => rows[index] ?? []);
      append.refusedAt = outcome.refusedAt;
      if (append.rows.length === 0) return;
      const reason = outcome.failure?.message ?? 'not written';
      if (this.#closing.signal.aborted) {
        for (const row of append.rows) row.settle({ kind: 'held', reason });
        return;
      }
      await this.#mending.run(reason);
    }
  }

  #noteWritten(rows: number): void {
    this.#rowsWritten += rows;
    this.#writtenAt = this.#options.room.now;
    this.#mending.succeeded();
  }
}
