import { randomUUID } from 'node:crypto';
import type { Row } from '../../../shared/columns.ts';
import type { Log } from '../../log.ts';
import { type RowTable, writeRow } from '../../rows/row-writer.ts';
import type { WriteResult } from '../../rows/write-result.ts';
import { type CountedInFlight, InFlightGauge } from './in-flight-gauge.ts';
import { inFlightRows, settledRows } from './ledger-rows.ts';
import { isCountable, type Settled, SettledCounts } from './settled-counts.ts';
import { WaitingAcks } from './waiting-acks.ts';

export interface LedgerWriterOptions {
  table: RowTable;
  /** The deliveries that are in flight now. */
  inFlight: () => Iterable<CountedInFlight>;
  log: Log;
  /** The name of this replica: a random one by default. */
  replica?: string;
  /** Unix milliseconds. */
  now?: () => number;
  flushEveryMs?: number;
}

/** Rows that may be written already. They are sent again as they are: a reader recognises them by their report. */
interface Unwritten {
  rows: readonly Row[];
  ids: readonly string[];
  since: number;
}

/** How soon the ids of deliveries are written whose messages wait for it. */
const soonMs = 200;
/** How long an ack may wait for the ledger at most, where the delivery is in a table anyway. */
const maxOptionalWaitMs = 10_000;
/** Some 10 MB. While the ledger takes no rows, deliveries beyond these are nacked, or acked without their id. */
const maxIds = 50_000;

/**
 * Writes what the subscriber settles to the ledger, every five seconds. Nothing waits for it, except the acks of
 * deliveries that would leave no trace: while the table takes no rows, counts add up in memory, and go out later.
 */
export class LedgerWriter {
  readonly #options: Required<LedgerWriterOptions>;
  readonly #gauge = new InFlightGauge();
  readonly #counts = new SettledCounts();
  readonly #waiting = new WaitingAcks(maxIds);
  #unwritten: Unwritten | undefined;
  /** The table has nacked rows, and has taken none since. */
  #isNacking = false;
  #isFailureLogged = false;
  #flushing: Promise<void> | undefined;
  readonly #interval: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;

  constructor(options: LedgerWriterOptions) {
    this.#options = { replica: randomUUID(), now: Date.now, flushEveryMs: 5000, ...options };
    this.#interval = setInterval(() => this.#tick(), this.#options.flushEveryMs).unref();
  }

  count(settled: Settled): void {
    this.#counts.add(settled, this.#options.now());
  }

  /**
   * The same for a delivery that leaves no lasting trace in a table. Counts it once, however often it comes.
   *
   * @param isOptional whether its message may be acked without it
   * @returns whether the row that holds its id is written; false: the message must come again. Never rejects.
   */
  store(settled: Settled & { id: string }, isOptional: boolean): Promise<boolean> {
    const { id, receivedAt } = settled;
    if (this.#waiting.isStored(id)) return Promise.resolve(true);
    const now = this.#options.now();
    const isKnown = this.#waiting.has(id);
    if (!isKnown && this.#keptIds >= maxIds) {
      const { id: _, ...withoutId } = settled;
      if (isOptional) this.count(withoutId);
      return Promise.resolve(isOptional);
    }
    if (!isKnown && !this.#counts.add(settled, now)) {
      return Promise.resolve(isOptional || !isCountable(receivedAt, now));
    }
    const mayAck = this.#waiting.add(id, isOptional, now);
    // Messages that wait in vain would fill the flow control, which all tables share.
    if (this.#isNacking || (isOptional && this.#isLate(now))) this.#waiting.giveUp(id);
    else this.#soon ??= setTimeout(() => this.#flushSoon(), soonMs).unref();
    return mayAck;
  }

  /** Writes what is counted; resolves when that was tried. */
  async flush(): Promise<void> {
    await this.#flushing;
    await this.#startFlush(true);
    // That may have been what was not written before.
    if (!this.#unwritten) await this.#startFlush(true);
  }

  /** No more is written after it, and no message waits any more. */
  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    this.#waiting.giveUpAll();
  }

  #tick(): void {
    this.#waiting.giveUpOptional(this.#options.now() - maxOptionalWaitMs);
    void this.#startFlush(true);
  }

  #flushSoon(): void {
    this.#soon = undefined;
    void this.#startFlush(false);
  }

  /** One at a time: what never returns must not pile up. */
  #startFlush(withGauge: boolean): Promise<void> {
    this.#flushing ??= this.#write(withGauge)
      .catch((error: Error) => this.#logFailure(error.message))
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  async #write(withGauge: boolean): Promise<void> {
    this.#unwritten ??= this.#take(withGauge);
    const { rows, ids, since } = this.#unwritten;
    if (rows.length === 0) {
      this.#unwritten = undefined;
      return;
    }
    const results = await Promise.all(rows.map((row) => writeRow(this.#options.table, row)));
    this.#logInvalid(results);
    const left = rows.filter((_, index) => results[index]?.kind === 'nacked');
    this.#isNacking = left.length > 0;
    if (this.#isNacking) {
      this.#unwritten = { rows: left, ids, since };
      this.#waiting.giveUpAll();
      return;
    }
    this.#unwritten = undefined;
    for (const id of ids) this.#waiting.release(id);
    if (this.#waiting.size > 0) {
      this.#soon ??= setTimeout(() => this.#flushSoon(), soonMs).unref();
    }
  }

  get #keptIds(): number {
    return this.#counts.ids + (this.#unwritten?.ids.length ?? 0);
  }

  #isLate(now: number): boolean {
    return this.#unwritten !== undefined && now - this.#unwritten.since >= maxOptionalWaitMs;
  }

  /**
   * A row that BigQuery finds invalid would be so again, so it is given up, and its deliveries are acked: they would come
   * again for ever. A recount finds those that are in a table.
   */
  #logInvalid(results: readonly WriteResult[]): void {
    const invalid = results.find(({ kind }) => kind === 'invalid');
    if (invalid?.kind === 'invalid') this.#logFailure(invalid.problem.reason);
    else this.#isFailureLogged = false;
  }

  /** Once, until counts are written again. */
  #logFailure(cause: string): void {
    if (this.#isFailureLogged) return;
    this.#isFailureLogged = true;
    const message = 'counts of deliveries are lost: the ledger does not take them';
    this.#options.log({ severity: 'ERROR', message, cause });
  }

  /** The gauge is read every five seconds only, however often ids are written. */
  #take(withGauge: boolean): Unwritten {
    const { inFlight, now, replica: reporter } = this.#options;
    const report = { reporter, at: now(), newId: () => randomUUID() };
    const counts = this.#counts.take();
    const ids = counts.flatMap((count) => count.ids);
    const gauge = withGauge ? this.#gauge.read(this.#unsettled(inFlight()), report.at) : undefined;
    const rows = settledRows(counts, report);
    const all = gauge ? [...rows, ...inFlightRows(gauge, report)] : rows;
    return { rows: all, ids, since: report.at };
  }

  /** Those whose messages wait for the ledger are counted already. */
  *#unsettled(deliveries: Iterable<CountedInFlight>): Iterable<CountedInFlight> {
    for (const delivery of deliveries) if (!this.#waiting.has(delivery.id)) yield delivery;
  }
}
