import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Cell } from '../../tables/cell.ts';
import type { Field } from '../../tables/schema.ts';
import { bignumericText, UNITS_FIELD } from '../../values/bignumeric.ts';

/** A value of a DuckDB result as the cell of a column. The result's type is that of the column. */
export function cellOfValue(field: Field, value: DuckDBValue): Cell {
  if (field.mode !== 'REPEATED') return scalar(field, value);
  return value instanceof DuckDBListValue ? value.items.map((item) => scalar(field, item)) : null;
}

function scalar(field: Field, value: DuckDBValue): Cell {
  if (value === null) return null;
  if (value instanceof DuckDBStructValue) return struct(field, value);
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBDecimalValue) return value.toString();
  if (
    value instanceof DuckDBTimestampTZValue ||
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimeValue
  ) {
    return value.micros;
  }
  if (field.type === 'FLOAT') return Number(value);
  if (field.type === 'INTEGER') return BigInt(value as number | bigint);
  if (field.type === 'NUMERIC') return String(value);
  return typeof value === 'boolean' ? value : String(value);
}

function struct(field: Field, { entries }: DuckDBStructValue): Cell {
  const units = entries[UNITS_FIELD];
  if (field.type === 'BIGNUMERIC') return typeof units === 'bigint' ? bignumericText(units) : null;
  const values = Object.values(entries);
  return (field.fields ?? []).map((inner, index) => cellOfValue(inner, values[index] ?? null));
}
