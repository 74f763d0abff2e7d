import { refuse } from '../append/refusal.ts';
import type { DayCheck } from './cells.ts';

const DAY_MS = 86_400_000;
const RECHECK_MS = 1000;

/**
 * A column-partitioned table takes rows from 10 years back to 1 year ahead, and refuses the whole request
 * for one row outside of them.
 * https://cloud.google.com/bigquery/docs/write-api#time-unit_column_partitioning
 *
 * @param now the clock, in Unix milliseconds; the range moves with it
 */
export function withinPartitions(now: () => number): DayCheck {
  let checkedAt = Number.NEGATIVE_INFINITY;
  let firstDay = 0;
  let lastDay = 0;
  return (days) => {
    const at = now();
    if (Math.abs(at - checkedAt) >= RECHECK_MS) {
      checkedAt = at;
      firstDay = shiftYears(at, -10) / DAY_MS;
      lastDay = shiftYears(at, 1) / DAY_MS;
    }
    if (days >= firstDay && days < lastDay) return undefined;
    return refuse(
      'outside_partitions',
      'is beyond the 10 years back and 1 year ahead that a partitioned table takes',
    );
  };
}

function shiftYears(now: number, years: number): number {
  const date = new Date(now);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}
