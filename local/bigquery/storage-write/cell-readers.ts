import { protos } from '@google-cloud/bigquery-storage';
import type { Cell } from '../cell.ts';
import type { FieldType } from '../schema.ts';
import {
  datetimeFromPacked,
  datetimeFromText,
  daysFromText,
  timeFromPacked,
  timeFromText,
} from './civil.ts';
import { type DecimalType, decimalFromBytes, decimalFromText } from './decimals.ts';
import { findJsonFault } from './json-check.ts';
import { integerReader, type ProtoType } from './proto-types.ts';
import { BadRow } from './refusals.ts';
import type { RowReader } from './row-reader.ts';

const { Type } = protos.google.protobuf.FieldDescriptorProto;

/** Reads one value from the wire as a cell; throws a BadRow where the column cannot hold it. */
export type CellReader = (reader: RowReader) => Cell;

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_TIMESTAMP = -62_135_596_800_000_000n;
const MAX_TIMESTAMP = 253_402_300_799_999_999n;
const MIN_DATE = -719_162;
const MAX_DATE = 2_932_896;

/**
 * The reader for a protobuf type in a column, or undefined where Google's table does not pair them.
 * https://cloud.google.com/bigquery/docs/supported-data-types#supported_protocol_buffer_data_types
 */
export function cellReader(column: FieldType, proto: ProtoType): CellReader | undefined {
  const integer = integerReader(proto);
  switch (column) {
    case 'STRING':
      return proto === Type.TYPE_STRING ? (reader) => reader.string() : undefined;
    case 'BYTES':
      if (proto === Type.TYPE_STRING) return (reader) => Buffer.from(reader.string());
      return proto === Type.TYPE_BYTES ? (reader) => reader.blob() : undefined;
    case 'JSON':
      return proto === Type.TYPE_STRING ? readJson : undefined;
    case 'INTEGER':
      return integer && ((reader) => within(integer(reader), -MAX_INT64 - 1n, MAX_INT64, column));
    case 'FLOAT':
      return floatReader(proto);
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return decimalReader(column, proto);
    case 'BOOLEAN':
      if (proto === Type.TYPE_BOOL) return (reader) => reader.bool();
      return integer && ((reader) => integer(reader) !== 0n);
    case 'TIMESTAMP':
      return integer && ((reader) => within(integer(reader), MIN_TIMESTAMP, MAX_TIMESTAMP, column));
    case 'DATE':
      if (proto === Type.TYPE_STRING) return textReader(column, daysFromText);
      return integer && ((reader) => readDate(integer(reader)));
    case 'DATETIME':
      if (proto === Type.TYPE_STRING) return textReader(column, datetimeFromText);
      return proto === Type.TYPE_INT64 ? packedReader(column, datetimeFromPacked) : undefined;
    case 'TIME':
      if (proto === Type.TYPE_STRING) return textReader(column, timeFromText);
      return proto === Type.TYPE_INT64 ? packedReader(column, timeFromPacked) : undefined;
    case 'RECORD':
      return undefined;
  }
}

function readJson(reader: RowReader): Cell {
  const text = reader.string();
  const fault = findJsonFault(text);
  if (fault !== undefined) throw new BadRow('', fault);
  return text;
}

function readDate(days: bigint): Cell {
  const number = Number(days);
  if (number < MIN_DATE || number > MAX_DATE) throw outOfRange('DATE');
  return number;
}

function floatReader(proto: ProtoType): CellReader | undefined {
  if (proto === Type.TYPE_DOUBLE) return (reader) => reader.double();
  if (proto === Type.TYPE_FLOAT) return (reader) => reader.float();
  const integer = integerReader(proto);
  return integer && ((reader) => Number(integer(reader)));
}

function decimalReader(column: DecimalType, proto: ProtoType): CellReader | undefined {
  const require = (text: string | undefined): string => {
    if (text === undefined) throw outOfRange(column);
    return text;
  };
  if (proto === Type.TYPE_STRING)
    return (reader) => require(decimalFromText(column, reader.string()));
  if (proto === Type.TYPE_BYTES)
    return (reader) => require(decimalFromBytes(column, reader.blob()));
  const number = floatReader(proto);
  return number && ((reader) => require(decimalFromText(column, String(number(reader)))));
}

function textReader(column: FieldType, parse: (text: string) => Cell | undefined): CellReader {
  return (reader) => {
    const cell = parse(reader.string());
    if (cell === undefined) throw new BadRow('', `the text is no ${column}`);
    return cell;
  };
}

function packedReader(column: FieldType, parse: (packed: bigint) => Cell | undefined): CellReader {
  return (reader) => {
    const cell = parse(reader.int64());
    if (cell === undefined) throw outOfRange(column);
    return cell;
  };
}

function within(value: bigint, min: bigint, max: bigint, column: FieldType): bigint {
  if (value < min || value > max) throw outOfRange(column);
  return value;
}

function outOfRange(column: FieldType): BadRow {
  return new BadRow('', `the value is not one that ${column} holds`);
}
