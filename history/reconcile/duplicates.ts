import { RelayError } from '../../shared/errors.ts';
import { IdTable } from '../table/id-table.ts';
import { type EventTable, readDuplicates } from '../table/known-ids.ts';
import { contains, hourMs, type TimeWindow, widen } from '../time-window.ts';
import { HourReport } from './hour-report.ts';

const found = 1;
const sent = 2;

/** The ids with several rows in a range. The rows of one id may be in different windows. */
export class Duplicates {
  readonly #table: EventTable;
  readonly #range: TimeWindow;
  readonly #ids = new IdTable();

  /** @throws RelayError `range.too-many-duplicates`, `bigquery.query` */
  static async find(table: EventTable, range: TimeWindow, maxIds: number): Promise<Duplicates> {
    const duplicates = new Duplicates(table, range);
    for await (const page of duplicates.#rows()) {
      for (const { id } of page) duplicates.#ids.set(id, found);
      if (duplicates.#ids.size <= maxIds) continue;
      const problem = `more than ${maxIds} ids are in ${table.table} more than once: take a shorter range`;
      throw new RelayError('range.too-many-duplicates', problem);
    }
    return duplicates;
  }

  private constructor(table: EventTable, range: TimeWindow) {
    this.#table = table;
    this.#range = range;
  }

  has(id: string): boolean {
    return this.#ids.get(id) !== 0;
  }

  /** The sender has this event, in any window. */
  noteSent(id: string): void {
    if (this.has(id)) this.#ids.set(id, sent);
  }

  /**
   * To be called after all events of the sender were noted. The first row of an id belongs to the event, or is
   * extra if the sender does not have it. Each further row is a duplicate.
   */
  async report(idsPerHour: number): Promise<HourReport> {
    const report = new HourReport(idsPerHour);
    if (this.#ids.size === 0) return report;
    for await (const page of this.#rows()) {
      for (const { id, timeMs, nth } of page) {
        if (timeMs !== undefined && !contains(this.#range, timeMs)) continue;
        if (nth > 1) report.count('duplicate', id, timeMs);
        else if (timeMs !== undefined && this.#ids.get(id) !== sent) {
          report.count('extra', id, timeMs);
        }
      }
    }
    return report;
  }

  #rows() {
    return readDuplicates(this.#table, widen(this.#range, hourMs));
  }
}
