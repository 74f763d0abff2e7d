import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { intervalText } from '../../sql/runtime/values/interval-text.ts';
import { bignumericText, UNITS_FIELD } from '../../values/bignumeric.ts';
import { formatDate, formatDateTime, formatTime } from '../../values/calendar.ts';
import type { ResultField } from './result-schema.ts';

/** The format of a TIMESTAMP: seconds with a fraction, integer microseconds, or RFC 3339. */
export type TimestampFormat = 'FLOAT64' | 'INT64' | 'ISO8601_STRING';

/** A value of the REST API, where every scalar is a string. */
type RestValue = null | string | RestRow | RestItem[];
interface RestItem {
  v: RestValue;
}
export interface RestRow {
  f: RestItem[];
}

export function restRow(
  fields: readonly ResultField[],
  values: readonly DuckDBValue[],
  format: TimestampFormat,
): RestRow {
  return { f: fields.map((field, i) => ({ v: restValue(field, values[i] ?? null, format) })) };
}

function restValue(field: ResultField, value: DuckDBValue, format: TimestampFormat): RestValue {
  if (field.mode !== 'REPEATED') return restScalar(field, value, format);
  // BigQuery stores a NULL array as an empty one.
  const items = value instanceof DuckDBListValue ? value.items : [];
  return items.map((item) => ({ v: restScalar(field, item, format) }));
}

function restScalar(field: ResultField, value: DuckDBValue, format: TimestampFormat): RestValue {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return field.type === 'FLOAT' ? restFloat(value) : String(value);
  if (value instanceof DuckDBTimestampTZValue) return restTimestamp(value.micros, format);
  if (value instanceof DuckDBTimestampValue) return formatDateTime(value.micros);
  if (value instanceof DuckDBDateValue) return formatDate(value.days);
  if (value instanceof DuckDBTimeValue) return formatTime(value.micros);
  if (value instanceof DuckDBDecimalValue) return restDecimal(value.toString());
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64');
  if (value instanceof DuckDBIntervalValue) return intervalText(value);
  if (value instanceof DuckDBStructValue) {
    const units = value.entries[UNITS_FIELD];
    if (field.type === 'BIGNUMERIC' && typeof units === 'bigint') return bignumericText(units);
    return restRow(field.fields ?? [], Object.values(value.entries), format);
  }
  return String(value);
}

function restFloat(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function restTimestamp(micros: bigint, format: TimestampFormat): string {
  if (format === 'INT64') return micros.toString();
  if (format === 'ISO8601_STRING') return `${formatDateTime(micros)}Z`;
  const size = micros < 0n ? -micros : micros;
  const fraction = String(size % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${micros < 0n ? '-' : ''}${size / 1_000_000n}.${fraction === '' ? '0' : fraction}`;
}

function restDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
