import type { ColumnType, Value } from '../../../shared/columns.ts';
import { JsonText } from '../../../shared/json/json-text.ts';
import { parseDate, parseDatetime, parseTime } from './civil-time.ts';
import { type JsonFault, jsonFault } from './json-column.ts';
import {
  BIGNUMERIC,
  checkInteger,
  type DecimalRange,
  NUMERIC,
  parseDecimal,
  readInteger,
} from './numbers.ts';
import type { ProtoWriter } from './proto-writer.ts';
import { type Refusal, refuse } from './refusal.ts';
import { readDate, readDatetime, readTime, readTimestamp } from './time-text.ts';

/** Writes one cell as a protobuf field, or nothing, and then returns why the value does not fit. */
export type CellWriter = (
  out: ProtoWriter,
  field: number,
  value: Exclude<Value, null>,
) => Refusal | undefined;

/** Checks a time, given in days since 1970 with their fraction. */
export type DayCheck = (days: number) => Refusal | undefined;

const anyDay: DayCheck = () => undefined;
const MICROS_PER_DAY = 86_400_000_000;
const MS_PER_DAY = 86_400_000;
const RECHECK_MS = 1000;
const LONE_SURROGATE = 'holds a lone surrogate, which is not Unicode';
const MAX_EXACT = 2n ** 53n;

/**
 * A value is accepted only in forms that hold it exactly. Text may stand for a number only where a JavaScript
 * number could be inexact: INT64, NUMERIC, BIGNUMERIC and TIMESTAMP, in any spelling.
 */
export const CELL_WRITERS: Record<Exclude<ColumnType, 'RECORD'>, CellWriter> = {
  STRING: writeString,
  BYTES: writeBytes,
  INT64: writeInt64,
  FLOAT64: writeFloat64,
  NUMERIC: decimalWriter('NUMERIC', NUMERIC),
  BIGNUMERIC: decimalWriter('BIGNUMERIC', BIGNUMERIC),
  BOOL: writeBool,
  TIMESTAMP: timestampWriter(anyDay),
  DATE: dateWriter(anyDay),
  DATETIME: datetimeWriter(anyDay),
  TIME: writeTime,
  JSON: writeJson,
};

function writeString(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'string') return wrongType('text', value);
  if (!value.isWellFormed()) return refuse('not_unicode', LONE_SURROGATE);
  out.string(field, value);
  return undefined;
}

function writeBytes(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (!(value instanceof Uint8Array)) return wrongType('bytes', value);
  out.bytes(field, value);
  return undefined;
}

function writeInt64(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return refuse('out_of_range', numberFault(value));
    out.integer(field, value);
    return undefined;
  }
  if (typeof value !== 'bigint' && typeof value !== 'string') {
    return wrongType('an integer', value);
  }
  const integer = typeof value === 'string' ? readInteger(value) : checkInteger(value);
  if (typeof integer !== 'bigint') return integer;
  out.int64(field, integer);
  return undefined;
}

function numberFault(value: number): string {
  if (Number.isNaN(value)) return 'is not a number';
  if (!Number.isInteger(value) && Number.isFinite(value)) {
    return 'has a fraction, which INT64 does not hold';
  }
  return 'is beyond ±(2^53 - 1), where a JavaScript number is no longer exact';
}

function writeFloat64(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value === 'bigint' && (value > MAX_EXACT || value < -MAX_EXACT)) {
    return refuse('out_of_range', 'is a bigint beyond ±2^53, which FLOAT64 may not hold');
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return wrongType('a number', value);
  }
  out.double(field, Number(value));
  return undefined;
}

function decimalWriter(type: string, range: DecimalRange): CellWriter {
  const refusals = {
    syntax: refuse('unreadable', 'is not a number'),
    scale: refuse(
      'out_of_range',
      `has more than the ${range.scale} digits after the point of ${type}`,
    ),
    range: refuse('out_of_range', `is out of ${type}'s range`),
  };
  return (out, field, value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') {
      return wrongType('a number', value);
    }
    const decimal = parseDecimal(String(value), range);
    if (!decimal.ok) return refusals[decimal.reason];
    out.string(field, decimal.text);
    return undefined;
  };
}

function writeBool(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'boolean') return wrongType('true or false', value);
  out.integer(field, value ? 1 : 0);
  return undefined;
}

/** The writers for columns that a table can be partitioned by. */
export const DAY_WRITERS = {
  TIMESTAMP: timestampWriter,
  DATE: dateWriter,
  DATETIME: datetimeWriter,
};

function timestampWriter(check: DayCheck): CellWriter {
  return (out, field, value) => {
    if (!isTime(value)) return wrongType('a time', value);
    const instant = readTimestamp(value);
    if (typeof instant === 'string') return refuse('unreadable', instant);
    const refusal = check(Number(instant) / MICROS_PER_DAY);
    if (refusal) return refusal;
    if (typeof instant === 'number') out.integer(field, instant);
    else out.int64(field, instant);
    return undefined;
  };
}

function isTime(value: Value): value is string | number | bigint | Date {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'bigint' || value instanceof Date;
}

function dateWriter(check: DayCheck): CellWriter {
  return (out, field, value) => {
    if (typeof value !== 'string') return wrongType('text', value);
    const days = parseDate(value) ?? readDate(value);
    if (typeof days === 'string') return refuse('unreadable', days);
    const refusal = check(days);
    if (!refusal) out.integer(field, days);
    return refusal;
  };
}

function datetimeWriter(check: DayCheck): CellWriter {
  return (out, field, value) => {
    if (typeof value !== 'string') return wrongType('text', value);
    const datetime = parseDatetime(value) ?? readDatetime(value);
    if (typeof datetime === 'string') return refuse('unreadable', datetime);
    const { days, microseconds } = datetime;
    const refusal = check(days + microseconds / MICROS_PER_DAY);
    if (!refusal) out.string(field, `${dayText(days)}T${clock(microseconds)}`);
    return refusal;
  };
}

function dayText(days: number): string {
  return new Date(days * MS_PER_DAY).toISOString().slice(0, 10);
}

function writeTime(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'string') return wrongType('text', value);
  const time = parseTime(value) ?? readTime(value);
  if (typeof time === 'string') return refuse('unreadable', time);
  out.string(field, clock(time));
  return undefined;
}

const jsonRefusals: Record<JsonFault, Refusal> = {
  'lone-surrogate': refuse('not_unicode', LONE_SURROGATE),
  'not-json': refuse('not_json', 'is not JSON'),
  'too-deep': refuse('too_deep', 'is nested more than the 500 levels deep that JSON holds'),
};

function writeJson(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'string' && !(value instanceof JsonText)) {
    return wrongType('JSON', value);
  }
  const fault = jsonFault(value);
  if (fault) return jsonRefusals[fault];
  out.string(field, String(value));
  return undefined;
}

function wrongType(wanted: string, value: Value): Refusal {
  return refuse('wrong_type', `is ${kindOf(value)}, not ${wanted}`);
}

export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Date) return 'a time';
  if (value instanceof JsonText) return 'JSON';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function clock(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  const two = (n: number) => String(n).padStart(2, '0');
  const fraction = String(microseconds % 1_000_000).padStart(6, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`;
}

/**
 * A column-partitioned table takes rows from 10 years back to 1 year ahead; one row outside of that makes
 * BigQuery refuse the whole request.
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
      firstDay = shiftYears(at, -10) / MS_PER_DAY;
      lastDay = shiftYears(at, 1) / MS_PER_DAY;
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
