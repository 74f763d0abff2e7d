import { randomUUID } from 'node:crypto';
import type { Row } from '../../../shared/columns.ts';
import { type RowTable, writeRow } from '../../rows/row-writer.ts';
import { type InFlightDelivery, InFlightGauge } from './in-flight-gauge.ts';
import { inFlightRows, settledRows } from './ledger-rows.ts';
import { isCountable, type Settled, SettledCounts } from './settled-counts.ts';

export interface LedgerWriterOptions {
  table: RowTable;
  /** The deliveries that are in flight now. */
  inFlight: () => Iterable<InFlightDelivery>;
  /** The name of this replica: a random one by default. */
  replica?: string;
  /** Unix milliseconds. */
  now?: () => number;
  flushEveryMs?: number;
}

/** A delivery whose message is acked when the row with its id is written. */
interface Waiting {
  since: number;
  /** Its message is acked even if the ledger takes no rows. */
  isOptional: boolean;
  resolve: (isStored: boolean) => void;
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
  /** By delivery id: those whose id is not written yet. */
  readonly #waiting = new Map<string, Waiting>();
  /** Rows that may be written already. They are sent again as they are: a reader recognises them by their report. */
  #unwritten: { rows: readonly Row[]; ids: readonly string[] } | undefined;
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
    const { id } = settled;
    const known = this.#waiting.get(id);
    if (!known && this.#waiting.size >= maxIds) {
      const { id: _, ...withoutId } = settled;
      if (isOptional) this.count(withoutId);
      return Promise.resolve(isOptional);
    }
    const { now } = this.#options;
    if (!known && !this.#counts.add(settled, now())) {
      return Promise.resolve(isOptional || !isCountable(settled.receivedAt, now()));
    }
    return new Promise((resolve) => {
      known?.resolve(false);
      this.#waiting.set(id, { since: now(), isOptional, resolve });
      this.#soon ??= setTimeout(() => this.#flushSoon(), soonMs).unref();
    });
  }

  /** Writes what is counted; resolves when that was tried. */
  async flush(): Promise<void> {
    await this.#flushing;
    await this.#startFlush();
    // That may have been what was not written before.
    if (!this.#unwritten) await this.#startFlush();
  }

  /** No more is written after it. */
  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
  }

  #tick(): void {
    const before = this.#options.now() - maxOptionalWaitMs;
    for (const [id, { since, isOptional, resolve }] of this.#waiting) {
      if (since > before || !isOptional) continue;
      this.#waiting.delete(id);
      resolve(true);
    }
    void this.#startFlush();
  }

  #flushSoon(): void {
    this.#soon = undefined;
    void this.#startFlush();
  }

  /** One at a time: what never returns must not pile up. */
  #startFlush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #write(): Promise<void> {
    this.#unwritten ??= this.#take();
    const { rows, ids } = this.#unwritten;
    if (rows.length === 0) {
      this.#unwritten = undefined;
      return;
    }
    const results = await Promise.all(rows.map((row) => writeRow(this.#options.table, row)));
    // A row that BigQuery finds invalid would be so again: a recount finds what it had.
    const left = rows.filter((_, index) => results[index]?.kind === 'nacked');
    this.#unwritten = left.length === 0 ? undefined : { rows: left, ids };
    for (const id of ids) this.#release(id, left.length === 0);
    if (left.length === 0 && this.#waiting.size > 0) {
      this.#soon ??= setTimeout(() => this.#flushSoon(), soonMs).unref();
    }
  }

  #release(id: string, isStored: boolean): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (isStored || waiting.isOptional) this.#waiting.delete(id);
    waiting.resolve(isStored || waiting.isOptional);
  }

  #take(): { rows: Row[]; ids: string[] } {
    const { inFlight, now, replica: reporter } = this.#options;
    const report = { reporter, at: now(), newId: () => randomUUID() };
    const counts = this.#counts.take();
    const ids = counts.flatMap((count) => count.ids);
    const gauge = this.#gauge.read(this.#unsettled(inFlight()), report.at);
    const rows = settledRows(counts, report);
    return { rows: gauge ? [...rows, ...inFlightRows(gauge, report)] : rows, ids };
  }

  /** Those whose messages wait for the ledger are counted already. */
  *#unsettled(deliveries: Iterable<InFlightDelivery>): Iterable<InFlightDelivery> {
    for (const delivery of deliveries) if (!this.#waiting.has(delivery.id)) yield delivery;
  }
}
