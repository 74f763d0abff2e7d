import type { TableLayout, Value } from '../../shared/columns.ts';
import { parseDate, parseDatetime, parseTimestamp } from './civil-time.ts';
import { type Refusal, refuse } from './refusal.ts';

const DAY_MS = 86_400_000;
const RECHECK_MS = 1000;

/**
 * A column-partitioned table takes rows from 10 years back to 1 year ahead, and refuses the whole request
 * for one row outside of them.
 * https://cloud.google.com/bigquery/docs/write-api#time-unit_column_partitioning
 */
export class PartitionRange {
  readonly column: string;
  readonly #days: (value: Exclude<Value, null>) => number | undefined;
  readonly #now: () => number;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #firstDay = 0;
  #lastDay = 0;

  private constructor(column: string, days: typeof dayOfDate, now: () => number) {
    this.column = column;
    this.#days = days;
    this.#now = now;
  }

  /** Undefined where the layout has no partitions by column. */
  static of(layout: TableLayout, now: () => number): PartitionRange | undefined {
    const name = layout.partitionBy?.column;
    const column = layout.columns.find((candidate) => candidate.name === name);
    if (name === undefined || !column) return undefined;
    if (column.type === 'DATE') return new PartitionRange(name, dayOfDate, now);
    if (column.type === 'DATETIME') return new PartitionRange(name, dayOfDatetime, now);
    return new PartitionRange(name, dayOfTimestamp, now);
  }

  /** Expects a value that its column already took. */
  check(value: Exclude<Value, null>): Refusal | undefined {
    this.#refresh();
    const day = this.#days(value);
    if (day === undefined || (day >= this.#firstDay && day < this.#lastDay)) return undefined;
    return refuse('outside_partitions', 'not within 10 years back and 1 year ahead of now');
  }

  #refresh(): void {
    const now = this.#now();
    if (Math.abs(now - this.#checkedAt) < RECHECK_MS) return;
    this.#checkedAt = now;
    this.#firstDay = shiftYears(now, -10) / DAY_MS;
    this.#lastDay = shiftYears(now, 1) / DAY_MS;
  }
}

function shiftYears(now: number, years: number): number {
  const date = new Date(now);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

function dayOfDate(value: Exclude<Value, null>): number | undefined {
  return parseDate(String(value));
}

function dayOfDatetime(value: Exclude<Value, null>): number | undefined {
  const datetime = parseDatetime(String(value));
  return datetime && datetime.days + datetime.microseconds / (DAY_MS * 1000);
}

function dayOfTimestamp(value: Exclude<Value, null>): number | undefined {
  const instant = parseTimestamp(String(value));
  return instant === undefined ? undefined : Number(instant) / (DAY_MS * 1000);
}
