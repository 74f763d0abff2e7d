import { RelayError } from '../../shared/errors.ts';
import { IdTable } from '../table/id-table.ts';
import { type EventTable, readCopies } from '../table/known-ids.ts';
import { holds, hourMs, type TimeWindow, widen } from '../time-window.ts';
import { HourReport } from './hour-report.ts';

const found = 1;
const sent = 2;

/** The ids that several rows of a range have. Their rows may be of windows that are compared one by one. */
export class Copies {
  readonly #table: EventTable;
  readonly #range: TimeWindow;
  readonly #ids = new IdTable();

  /** @throws RelayError `range.too-many-duplicates`, `bigquery.query` */
  static async find(table: EventTable, range: TimeWindow, maxIds: number): Promise<Copies> {
    const copies = new Copies(table, range);
    for await (const page of copies.#rows()) {
      for (const { id } of page) copies.#ids.set(id, found);
      if (copies.#ids.size <= maxIds) continue;
      const problem = `more than ${maxIds} ids are in ${table.table} more than once: take a shorter range`;
      throw new RelayError('range.too-many-duplicates', problem);
    }
    return copies;
  }

  private constructor(table: EventTable, range: TimeWindow) {
    this.#table = table;
    this.#range = range;
  }

  has(id: string): boolean {
    return this.#ids.get(id) !== 0;
  }

  /** The sender has it, in whatever window. */
  noteSent(id: string): void {
    if (this.has(id)) this.#ids.set(id, sent);
  }

  /**
   * Once all that the sender has is noted: of the rows with one id the first is the event's, or extra where
   * the sender knows none; each of the others is one too many.
   */
  async report(idsPerHour: number): Promise<HourReport> {
    const report = new HourReport(idsPerHour);
    if (this.#ids.size === 0) return report;
    for await (const page of this.#rows()) {
      for (const { id, timeMs, nth } of page) {
        if (timeMs !== undefined && !holds(this.#range, timeMs)) continue;
        if (nth > 1) report.count('duplicate', id, timeMs);
        else if (timeMs !== undefined && this.#ids.get(id) !== sent) {
          report.count('extra', id, timeMs);
        }
      }
    }
    return report;
  }

  #rows() {
    return readCopies(this.#table, widen(this.#range, hourMs));
  }
}
