// The wrapper messages and google.protobuf.Timestamp, which BigQuery takes in place of a scalar.
// https://cloud.google.com/bigquery/docs/supported-data-types#supported_protocol_buffer_data_types

import { protos } from '@google-cloud/bigquery-storage';
import type { Cell } from '../../../tables/cell.ts';
import type { Field } from '../../../tables/schema.ts';
import { BadRow } from '../../refusals.ts';
import { type CellReader, cellReader, timestampCell } from '../cell-readers.ts';
import { type ProtoType, wireTypeOf } from './proto-types.ts';
import type { RowReader } from './row-reader.ts';

const { Type } = protos.google.protobuf.FieldDescriptorProto;
const PACKAGE = /^\.?google\.protobuf\./;
const TIMESTAMP = 'Timestamp';

/** The type of each wrapper's only field, `value = 1`, and its value if it is not on the wire. */
const WRAPPERS: Readonly<Record<string, { type: ProtoType; zero: Cell }>> = {
  BoolValue: { type: Type.TYPE_BOOL, zero: false },
  BytesValue: { type: Type.TYPE_BYTES, zero: new Uint8Array() },
  DoubleValue: { type: Type.TYPE_DOUBLE, zero: 0 },
  FloatValue: { type: Type.TYPE_FLOAT, zero: 0 },
  Int32Value: { type: Type.TYPE_INT32, zero: 0n },
  Int64Value: { type: Type.TYPE_INT64, zero: 0n },
  UInt32Value: { type: Type.TYPE_UINT32, zero: 0n },
  StringValue: { type: Type.TYPE_STRING, zero: '' },
};

interface FieldProto {
  type?: unknown;
  typeName?: string | null;
}

/** Whether the field is a message of the package google.protobuf. */
export function isWellKnown({ type, typeName }: FieldProto): boolean {
  return type === Type.TYPE_MESSAGE && PACKAGE.test(typeName ?? '');
}

/** The reader for such a message in a column, or undefined if BigQuery does not allow the pair. */
export function wellKnownReader(column: Field, typeName: string): CellReader | undefined {
  const name = typeName.replace(PACKAGE, '');
  if (name === TIMESTAMP) return column.type === 'TIMESTAMP' ? readTimestamp : undefined;
  const wrapper = WRAPPERS[name];
  const read = wrapper && cellReader(column, wrapper.type);
  if (!read) return undefined;
  // NUMERIC cells are text, and BOOLEAN cells booleans, whatever number wraps them.
  const zero = typeof wrapper.zero === 'bigint' ? ZEROS[column.type] : wrapper.zero;
  return (reader) =>
    message(reader, zero ?? null, (number, wireType) => {
      if (number !== 1 || wireType !== wireTypeOf(wrapper.type)) throw unknownField(number);
      return read(reader);
    });
}

const ZEROS: Readonly<Record<string, Cell>> = {
  INTEGER: 0n,
  NUMERIC: '0',
  BIGNUMERIC: '0',
  BOOLEAN: false,
  TIMESTAMP: 0n,
  DATE: 0,
};

/** Seconds (1) and nanoseconds (2) since 1970; what is below a microsecond is cut off. */
function readTimestamp(reader: RowReader): Cell {
  let seconds = 0n;
  let nanos = 0n;
  message(reader, null, (number) => {
    if (number === 1) seconds = reader.int64();
    else if (number === 2) nanos = BigInt(reader.int32());
    else throw unknownField(number);
    return null;
  });
  return timestampCell(seconds * 1_000_000n + nanos / 1000n);
}

/** Reads the fields of a message; returns the last value that `field` returned. */
function message(
  reader: RowReader,
  absent: Cell,
  field: (number: number, wireType: number) => Cell,
): Cell {
  const outer = reader.end;
  reader.end = reader.delimited();
  let cell = absent;
  while (reader.position < reader.end) {
    const tag = reader.uint32();
    cell = field(tag >>> 3, tag & 7);
  }
  reader.end = outer;
  return cell;
}

function unknownField(number: number): BadRow {
  return new BadRow('', `Malformed protobuf: the message has no field ${number}`);
}
