import { protos } from '@google-cloud/bigquery-storage';
import type { Cell } from '../../tables/cell.ts';
import type { Field, FieldType } from '../../tables/schema.ts';
import { BadRow } from '../refusals.ts';
import {
  datetimeFromPacked,
  datetimeFromText,
  daysFromText,
  timeFromPacked,
  timeFromText,
} from './civil-time.ts';
import { limited } from './column-limit.ts';
import { type DecimalType, decimalFromBytes, decimalFromText } from './decimals.ts';
import { hasPicoseconds, timestampFromText } from './picoseconds.ts';
import { integerReader, type ProtoType, takes } from './protobuf/proto-types.ts';
import type { RowReader } from './protobuf/row-reader.ts';

const { Type } = protos.google.protobuf.FieldDescriptorProto;

/** Reads one encoded value as a cell. Throws a BadRow if the value does not fit the column. */
export type CellReader = (reader: RowReader) => Cell;

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|.)/g;
const MAX_JSON_DEPTH = 500;
const MIN_TIMESTAMP = -62_135_596_800_000_000n;
const MAX_TIMESTAMP = 253_402_300_799_999_999n;
const MIN_DATE = -719_162n;
const MAX_DATE = 2_932_896n;

/** The reader for a protobuf type in a column, or undefined if BigQuery does not allow the pair. */
export function cellReader(column: Field, proto: ProtoType): CellReader | undefined {
  if (proto === Type.TYPE_STRING && hasPicoseconds(column)) {
    return (reader) => timestampFromText(reader.string());
  }
  const read = typeReader(column.type, proto);
  const limit = limited(column);
  return read && limit ? (reader) => limit(read(reader)) : read;
}

function typeReader(column: FieldType, proto: ProtoType): CellReader | undefined {
  if (!takes(column, proto)) return undefined;
  const isText = proto === Type.TYPE_STRING;
  const integer = integerReader(proto);
  switch (column) {
    case 'STRING':
      return (reader) => reader.string();
    case 'BYTES':
      return isText ? (reader) => Buffer.from(reader.string()) : (reader) => reader.blob();
    case 'JSON':
      return readJson;
    case 'INTEGER':
      return integer;
    case 'FLOAT':
      return floatReader(proto);
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return decimalReader(column, proto);
    case 'BOOLEAN':
      return integer ? (reader) => integer(reader) !== 0n : (reader) => reader.bool();
    case 'TIMESTAMP':
      return integer && ((reader) => timestampCell(integer(reader)));
    case 'DATE':
      return integer ? (reader) => dateCell(integer(reader)) : textReader(column, daysFromText);
    case 'DATETIME':
      return isText
        ? textReader(column, datetimeFromText)
        : packedReader(column, datetimeFromPacked);
    case 'TIME':
      return isText ? textReader(column, timeFromText) : packedReader(column, timeFromPacked);
    case 'RECORD':
      return undefined;
  }
}

function readJson(reader: RowReader): Cell {
  return jsonCell(reader.string());
}

/** The text of a JSON value. Throws a BadRow if BigQuery refuses it. */
export function jsonCell(text: string): string {
  const problem = findJsonProblem(text);
  if (problem !== undefined) throw new BadRow('', problem);
  return text;
}

function floatReader(proto: ProtoType): (reader: RowReader) => number {
  return proto === Type.TYPE_FLOAT ? (reader) => reader.float() : (reader) => reader.double();
}

function decimalReader(column: DecimalType, proto: ProtoType): CellReader {
  const parse = (text: string) => required(decimalFromText(column, text), column);
  if (proto === Type.TYPE_STRING) return (reader) => parse(reader.string());
  if (proto === Type.TYPE_BYTES) {
    return (reader) => required(decimalFromBytes(column, reader.blob()), column);
  }
  const number = integerReader(proto) ?? floatReader(proto);
  return (reader) => parse(String(number(reader)));
}

function textReader(column: FieldType, parse: (text: string) => Cell | undefined): CellReader {
  return (reader) => {
    const cell = parse(reader.string());
    if (cell === undefined) throw new BadRow('', `The text is not a valid ${column}`);
    return cell;
  };
}

function packedReader(column: FieldType, parse: (packed: bigint) => Cell | undefined): CellReader {
  return (reader) => required(parse(reader.int64()), column);
}

function required<T>(cell: T | undefined, column: FieldType): T {
  if (cell === undefined) throw outOfRange(column);
  return cell;
}

function within(value: bigint, min: bigint, max: bigint, column: FieldType): bigint {
  if (value < min || value > max) throw outOfRange(column);
  return value;
}

function outOfRange(column: FieldType): BadRow {
  return new BadRow('', `Field value is out of range for ${column}`);
}

/** Microseconds of a TIMESTAMP. Throws a BadRow outside of the years 1 to 9999. */
export function timestampCell(micros: bigint): bigint {
  if (micros >= MIN_TIMESTAMP && micros <= MAX_TIMESTAMP) return micros;
  throw new BadRow('', `Timestamp field value is out of range: ${micros}`);
}

/** Days of a DATE. Throws a BadRow outside of the years 1 to 9999. */
export function dateCell(days: bigint): number {
  return Number(within(days, MIN_DATE, MAX_DATE, 'DATE'));
}

/** Why BigQuery refuses the text for a JSON column, or undefined. */
function findJsonProblem(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'The text is not valid JSON';
  }
  if (text.includes('\\u') && hasLoneSurrogate(text))
    return 'An escape of the JSON text is a lone surrogate';
  if (text.length > MAX_JSON_DEPTH * 2 && isDeeper(value, MAX_JSON_DEPTH))
    return `The JSON value is deeper than ${MAX_JSON_DEPTH} levels`;
  return undefined;
}

/** With its escapes decoded, the text must be well-formed UTF-16. */
function hasLoneSurrogate(text: string): boolean {
  const plain = text.replace(ESCAPE, (_, hex: string | undefined) =>
    hex === undefined ? '-' : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return !plain.isWellFormed();
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
