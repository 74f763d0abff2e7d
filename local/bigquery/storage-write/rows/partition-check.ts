import type { Cell } from '../../tables/cell.ts';
import { findField, type Table } from '../../tables/schema.ts';
import { BadRow } from '../refusals.ts';

const YEARS_BACK = 10;
const YEARS_AHEAD = 1;
const MICROS_PER_DAY = 86_400_000_000n;

/** Throws a BadRow for a row outside of the allowed partitions. */
export type PartitionCheck = (row: readonly Cell[]) => void;

/**
 * A table partitioned by a column accepts rows from 10 years ago to 1 year ahead.
 * https://cloud.google.com/bigquery/docs/write-api#time-unit_column_partitioning
 */
export function partitionCheck(table: Table, now: Date): PartitionCheck {
  const name = table.timePartitioning?.field;
  const field = name === undefined ? undefined : findField(table.schema, name);
  if (!field) return () => {};
  const position = table.schema.indexOf(field);
  const unit = field.type === 'DATE' ? MICROS_PER_DAY : 1n;
  const first = micros(now, -YEARS_BACK);
  const last = micros(now, YEARS_AHEAD);
  return (row) => {
    const cell = row[position];
    if (typeof cell !== 'bigint' && typeof cell !== 'number') return;
    const at = BigInt(cell) * unit;
    if (at >= first && at < last) return;
    throw new BadRow(
      field.name,
      `The partition is not within ${YEARS_BACK} years ago and ${YEARS_AHEAD} year ahead`,
    );
  };
}

function micros(now: Date, years: number): bigint {
  const shifted = new Date(now);
  return BigInt(shifted.setUTCFullYear(shifted.getUTCFullYear() + years)) * 1000n;
}
