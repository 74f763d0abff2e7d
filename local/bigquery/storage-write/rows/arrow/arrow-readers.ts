// Readers of Arrow's values, by Google's table:
// https://cloud.google.com/bigquery/docs/supported-data-types#supported_apache_arrow_data_types

import { status } from '@grpc/grpc-js';
import {
  type DataType,
  type Decimal,
  type Float,
  Precision,
  type Time,
  type Timestamp,
  TimeUnit,
  Type,
} from 'apache-arrow';
import type { Cell } from '../../../tables/cell.ts';
import { type Field, findField } from '../../../tables/schema.ts';
import { BadRow, Refusal } from '../../refusals.ts';
import { dateCell, jsonCell, timestampCell } from '../cell-readers.ts';
import { datetimeFromText, daysFromText, timeFromText } from '../civil-time.ts';
import { limited } from '../column-limit.ts';
import { decimalFromText } from '../decimals.ts';
import { hasPicoseconds, timestampFromText } from '../picoseconds.ts';
import { type ArrowColumn, at, LISTS, range, slice, truncated } from './arrow-column.ts';

/** Reads the value at an index. Throws a BadRow if it does not fit the column of the table. */
export type ArrowReader = (column: ArrowColumn, index: number) => Cell;

const UTF8 = new TextDecoder('utf-8', { fatal: true });
const MICROS_PER_DAY = 86_400_000_000n;

/** @throws Refusal if BigQuery does not take the Arrow type for the column */
export function arrowReader(field: Field, type: DataType, path: string): ArrowReader {
  if (field.mode !== 'REPEATED') return orNull(single(field, type, path));
  const item = type.children?.[0];
  if (!LISTS.includes(type.typeId) || !item) throw mismatch(field, type, path);
  const read = single(field, item.type, path);
  return (column, index) => {
    if (!column.getValid(index)) return null;
    const [from, to] = range(column, index);
    const items = column.children[0];
    if (!items) throw truncated();
    return Array.from({ length: to - from }, (_, n) => {
      if (items.getValid(from + n)) return read(items, from + n);
      throw new BadRow('', 'An array cannot have a NULL element');
    });
  };
}

function orNull(read: ArrowReader): ArrowReader {
  return (column, index) => (column.getValid(index) ? read(column, index) : null);
}

function single(field: Field, type: DataType, path: string): ArrowReader {
  const read =
    field.type === 'RECORD'
      ? struct(field, type, path)
      : (scalar(field.type, type) ?? picoseconds(field, type));
  if (!read) throw mismatch(field, type, path);
  const limit = limited(field);
  return limit ? (column, index) => limit(read(column, index)) : read;
}

/** Fields match by name, as columns do. */
function struct(field: Field, type: DataType, path: string): ArrowReader | undefined {
  if (type.typeId !== Type.Struct) return undefined;
  const fields = field.fields ?? [];
  const readers = (type.children ?? []).map((child) => {
    const inner = findField(fields, child.name ?? '');
    if (!inner) throw mismatch(field, type, `${path}.${child.name}`);
    const read = arrowReader(inner, child.type, `${path}.${inner.name}`);
    return { position: fields.indexOf(inner), read };
  });
  return (column, index) => {
    const cells = new Array<Cell>(fields.length).fill(null);
    readers.forEach(({ position, read }, child) => {
      const values = column.children[child];
      if (!values) throw truncated();
      cells[position] = read(values, index);
    });
    const missing = fields.find(({ mode }, n) => mode === 'REQUIRED' && cells[n] === null);
    if (missing) throw new BadRow(`${path}.${missing.name}`, 'Field value is required');
    return cells;
  };
}

function scalar(column: Field['type'], type: DataType): ArrowReader | undefined {
  switch (column) {
    case 'STRING':
      return textReader(type, (text) => text);
    case 'JSON':
      return textReader(type, jsonCell);
    case 'BYTES':
      return bytesReader(type);
    case 'BOOLEAN':
      return type.typeId === Type.Bool ? bit : undefined;
    case 'INTEGER':
      return integerReader(type);
    case 'FLOAT':
      return floatReader(type);
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return decimalReader(column, type);
    case 'DATE':
      return dateReader(type);
    case 'TIME':
      return timeReader(type);
    case 'DATETIME':
      return instantReader(type, false) ?? textReader(type, fromText('DATETIME', datetimeFromText));
    case 'TIMESTAMP':
      return instantReader(type, true);
    case 'RECORD':
      return undefined;
  }
}

/** A text, which can be finer than an Arrow timestamp. */
function picoseconds(field: Field, type: DataType): ArrowReader | undefined {
  return hasPicoseconds(field) ? textReader(type, timestampFromText) : undefined;
}

function bytesReader(type: DataType): ArrowReader | undefined {
  const { typeId } = type;
  if (typeId === Type.Binary || typeId === Type.LargeBinary) {
    return (data, index) => new Uint8Array(slice(data, ...range(data, index)));
  }
  if (typeId !== Type.FixedSizeBinary) return undefined;
  return (data, index) => {
    const bytes = slice(data, index * data.stride, (index + 1) * data.stride);
    return new Uint8Array(bytes);
  };
}

function textReader(type: DataType, parse: (text: string) => Cell): ArrowReader | undefined {
  if (type.typeId !== Type.Utf8 && type.typeId !== Type.LargeUtf8) return undefined;
  return (data, index) => {
    let text: string;
    try {
      text = UTF8.decode(slice(data, ...range(data, index)));
    } catch (cause) {
      if (cause instanceof BadRow) throw cause;
      throw new BadRow('', 'The text is not valid UTF-8');
    }
    return parse(text);
  };
}

function fromText(column: string, parse: (text: string) => Cell | undefined) {
  return (text: string): Cell => {
    const cell = parse(text);
    if (cell === undefined) throw new BadRow('', `The text is not a valid ${column}`);
    return cell;
  };
}

function integerReader(type: DataType): ArrowReader | undefined {
  if (type.typeId !== Type.Int) return undefined;
  return (data, index) => {
    const value = BigInt(at(data, index));
    if (value >= 2n ** 63n) throw new BadRow('', 'Field value is out of range for INT64');
    return value;
  };
}

/** BigQuery takes single and double precision. */
function floatReader(type: DataType): ArrowReader | undefined {
  const isHalf = (type as Float).precision === Precision.HALF;
  if (type.typeId !== Type.Float || isHalf) return undefined;
  return (data, index) => Number(at(data, index));
}

function decimalReader(column: 'NUMERIC' | 'BIGNUMERIC', type: DataType): ArrowReader | undefined {
  if (type.typeId === Type.Decimal) {
    const { scale } = type as Decimal;
    return (data, index) => decimalCell(column, `${words(data, index)}e${-scale}`);
  }
  const integer = integerReader(type);
  if (integer) return (data, index) => decimalCell(column, String(integer(data, index)));
  return textReader(type, (text) => decimalCell(column, text));
}

function decimalCell(column: 'NUMERIC' | 'BIGNUMERIC', text: string): Cell {
  const cell = decimalFromText(column, text);
  if (cell === undefined) throw new BadRow('', `Field value is out of range for ${column}`);
  return cell;
}

/** A decimal is an integer of several 32-bit words, the lowest first. */
function words(data: ArrowColumn, index: number): bigint {
  let value = 0n;
  for (let word = data.stride - 1; word >= 0; word--) {
    value = (value << 32n) | BigInt.asUintN(32, BigInt(at(data, index * data.stride + word)));
  }
  return BigInt.asIntN(data.stride * 32, value);
}

function dateReader(type: DataType): ArrowReader | undefined {
  // Date32 counts days, Date64 milliseconds; their units are 0 and 1.
  if (type.typeId !== Type.Date) return textReader(type, fromText('DATE', daysFromText));
  const perDay = (type as DataType & { unit: number }).unit === 0 ? 1n : 86_400_000n;
  return (data, index) => dateCell(floor(BigInt(at(data, index)), perDay));
}

function timeReader(type: DataType): ArrowReader | undefined {
  if (type.typeId !== Type.Time) return textReader(type, fromText('TIME', timeFromText));
  const micros = microsOf((type as Time).unit);
  return (data, index) => {
    const value = micros(BigInt(at(data, index)));
    if (value >= 0n && value < MICROS_PER_DAY) return value;
    throw new BadRow('', 'Field value is out of range for TIME');
  };
}

/** TIMESTAMP has a time zone, DATETIME has none. */
function instantReader(type: DataType, hasZone: boolean): ArrowReader | undefined {
  if (type.typeId !== Type.Timestamp) return undefined;
  const { unit, timezone } = type as Timestamp;
  if (Boolean(timezone) !== hasZone) return undefined;
  const micros = microsOf(unit);
  return (data, index) => timestampCell(micros(BigInt(at(data, index))));
}

/** What is below a microsecond is cut off. */
function microsOf(unit: TimeUnit): (value: bigint) => bigint {
  if (unit === TimeUnit.NANOSECOND) return (value) => floor(value, 1000n);
  const factor = { [TimeUnit.SECOND]: 1_000_000n, [TimeUnit.MILLISECOND]: 1000n }[unit as 0 | 1];
  return (value) => value * (factor ?? 1n);
}

function floor(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return value % divisor < 0n ? quotient - 1n : quotient;
}

function bit(data: ArrowColumn, index: number): Cell {
  return ((Number(at(data, index >> 3)) >> (index & 7)) & 1) === 1;
}

function mismatch(field: Field, type: DataType, path: string): Refusal {
  const mode = field.mode === 'REPEATED' ? `REPEATED ${field.type}` : field.type;
  return new Refusal(
    status.INVALID_ARGUMENT,
    `Arrow schema mismatch on field ${path}: the column is ${mode}, the schema has ${type}`,
  );
}
