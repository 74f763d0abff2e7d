import type { ColumnType, Value } from '../../shared/columns.ts';
import { JsonText } from '../../shared/json-text.ts';
import { parseDate, parseDatetime, parseTime, parseTimestamp } from './civil-time.ts';
import { BIGNUMERIC, type DecimalRange, NUMERIC, parseDecimal } from './decimal.ts';
import { jsonProblem } from './json-text.ts';
import type { ProtoWriter } from './proto-writer.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Writes one cell as a protobuf field, or writes nothing and says why it does not fit. */
export type CellWriter = (
  out: ProtoWriter,
  field: number,
  value: Exclude<Value, null>,
) => Refusal | undefined;

/** Refuses a moment, given in days since 1970 with their fraction. */
export type DayCheck = (days: number) => Refusal | undefined;

const anyDay: DayCheck = () => undefined;
const MICROS_PER_DAY = 86_400_000_000;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const INTEGER_TEXT = /^-?\d{1,19}$/;
const MAX_EXACT = 2n ** 53n;

/**
 * A value is taken in the forms that hold it exactly, and in no other. Text stands for a number only where
 * a JavaScript number could not carry it: INT64, NUMERIC, BIGNUMERIC and TIMESTAMP.
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
  if (typeof value !== 'string') return wrongType('STRING', 'text', value);
  if (!value.isWellFormed()) return refuse('not_unicode', 'holds a lone surrogate');
  out.string(field, value);
  return undefined;
}

function writeBytes(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (!(value instanceof Uint8Array)) return wrongType('BYTES', 'bytes', value);
  out.bytes(field, value);
  return undefined;
}

function writeInt64(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) {
      return refuse('out_of_range', 'INT64 from a number needs an integer within ±(2^53 - 1)');
    }
    out.integer(field, value);
    return undefined;
  }
  if (typeof value === 'string' && !INTEGER_TEXT.test(value)) {
    return refuse('unreadable', 'INT64 from text needs decimal digits');
  }
  if (typeof value !== 'bigint' && typeof value !== 'string') {
    return wrongType('INT64', 'an integer', value);
  }
  const integer = BigInt(value);
  if (integer < MIN_INT64 || integer > MAX_INT64) {
    return refuse('out_of_range', 'INT64 holds -2^63 to 2^63 - 1');
  }
  out.int64(field, integer);
  return undefined;
}

function writeFloat64(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value === 'bigint' && (value > MAX_EXACT || value < -MAX_EXACT)) {
    return refuse('out_of_range', 'FLOAT64 from a bigint needs one within ±2^53');
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return wrongType('FLOAT64', 'a number', value);
  }
  out.double(field, Number(value));
  return undefined;
}

function decimalWriter(type: string, range: DecimalRange): CellWriter {
  const refusals = {
    syntax: refuse('unreadable', `${type} needs a decimal number`),
    scale: refuse('out_of_range', `${type} holds ${range.scale} digits after the point`),
    range: refuse('out_of_range', `beyond what ${type} holds`),
  };
  return (out, field, value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'string') {
      return wrongType(type, 'a number or its text', value);
    }
    const decimal = parseDecimal(String(value), range);
    if (!decimal.ok) return refusals[decimal.reason];
    out.string(field, decimal.text);
    return undefined;
  };
}

function writeBool(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'boolean') return wrongType('BOOL', 'true or false', value);
  out.integer(field, value ? 1 : 0);
  return undefined;
}

/** The writers of the columns that a table can be partitioned by. */
export const DAY_WRITERS = {
  TIMESTAMP: timestampWriter,
  DATE: dateWriter,
  DATETIME: datetimeWriter,
};

function timestampWriter(check: DayCheck): CellWriter {
  return (out, field, value) => {
    if (!isMoment(value)) return wrongType('TIMESTAMP', 'a moment, text or a number', value);
    const instant = parseTimestamp(value);
    if (instant === undefined) {
      return refuse(
        'unreadable',
        'TIMESTAMP needs ISO 8601, or seconds or milliseconds since 1970, within the years 0001 to 9999',
      );
    }
    const refusal = check(Number(instant) / MICROS_PER_DAY);
    if (refusal) return refusal;
    if (typeof instant === 'number') out.integer(field, instant);
    else out.int64(field, instant);
    return undefined;
  };
}

function isMoment(value: Value): value is string | number | bigint | Date {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'bigint' || value instanceof Date;
}

function dateWriter(check: DayCheck): CellWriter {
  return (out, field, value) => {
    if (typeof value !== 'string') return wrongType('DATE', 'text', value);
    const days = parseDate(value);
    if (days === undefined) return refuse('unreadable', 'DATE needs a day as YYYY-MM-DD');
    const refusal = check(days);
    if (!refusal) out.integer(field, days);
    return refusal;
  };
}

function datetimeWriter(check: DayCheck): CellWriter {
  return (out, field, value) => {
    if (typeof value !== 'string') return wrongType('DATETIME', 'text', value);
    const datetime = parseDatetime(value);
    if (!datetime) {
      return refuse('unreadable', 'DATETIME needs YYYY-MM-DDThh:mm:ss[.ffffff], without a zone');
    }
    const refusal = check(datetime.days + datetime.microseconds / MICROS_PER_DAY);
    if (!refusal) out.string(field, `${value.slice(0, 10)}T${clock(datetime.microseconds)}`);
    return refusal;
  };
}

function writeTime(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'string') return wrongType('TIME', 'text', value);
  const time = parseTime(value);
  if (time === undefined) return refuse('unreadable', 'TIME needs hh:mm:ss[.ffffff]');
  out.string(field, clock(time));
  return undefined;
}

function writeJson(out: ProtoWriter, field: number, value: Value): Refusal | undefined {
  if (typeof value !== 'string' && !(value instanceof JsonText)) {
    return wrongType('JSON', 'JSON text', value);
  }
  const problem = jsonProblem(value);
  if (problem !== undefined) return refuse('not_json', problem);
  out.string(field, String(value));
  return undefined;
}

function wrongType(type: string, wanted: string, value: Value): Refusal {
  return refuse('wrong_type', `${type} needs ${wanted}, not ${kindOf(value)}`);
}

export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Date) return 'a moment';
  if (value instanceof JsonText) return 'JSON';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function clock(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  const two = (n: number) => String(n).padStart(2, '0');
  const fraction = String(microseconds % 1_000_000).padStart(6, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`;
}
