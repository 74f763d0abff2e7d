import { protos } from '@google-cloud/bigquery-storage';
import type { FieldType } from '../../../tables/schema.ts';
import type { RowReader } from './row-reader.ts';

const { Type } = protos.google.protobuf.FieldDescriptorProto;

export type ProtoType = (typeof Type)[keyof typeof Type];

/** A protobuf type's wire type, and its reader if it is an integer. */
interface Scalar {
  wireType: 0 | 1 | 2 | 5;
  integer?: (reader: RowReader) => bigint;
}

/** The types that some column accepts; BigQuery does not accept `sint`, `fixed` and `sfixed`. */
const SCALARS: Readonly<Record<number, Scalar>> = {
  [Type.TYPE_DOUBLE]: { wireType: 1 },
  [Type.TYPE_FLOAT]: { wireType: 5 },
  [Type.TYPE_INT64]: { wireType: 0, integer: (reader) => reader.int64() },
  [Type.TYPE_UINT64]: { wireType: 0, integer: (reader) => reader.uint64() },
  [Type.TYPE_INT32]: { wireType: 0, integer: (reader) => BigInt(reader.int32()) },
  [Type.TYPE_UINT32]: { wireType: 0, integer: (reader) => BigInt(reader.uint32()) },
  [Type.TYPE_ENUM]: { wireType: 0, integer: (reader) => BigInt(reader.int32()) },
  [Type.TYPE_BOOL]: { wireType: 0 },
  [Type.TYPE_STRING]: { wireType: 2 },
  [Type.TYPE_MESSAGE]: { wireType: 2 },
  [Type.TYPE_BYTES]: { wireType: 2 },
};

const SMALL_INTEGERS = [Type.TYPE_INT32, Type.TYPE_INT64, Type.TYPE_UINT32];
const DECIMAL = [
  ...SMALL_INTEGERS,
  Type.TYPE_UINT64,
  Type.TYPE_DOUBLE,
  Type.TYPE_FLOAT,
  Type.TYPE_STRING,
  Type.TYPE_BYTES,
];

/**
 * Google's table, without the wrapper messages and without an enum's name as a STRING.
 * https://cloud.google.com/bigquery/docs/supported-data-types#supported_protocol_buffer_data_types
 */
const TAKEN: Record<FieldType, readonly ProtoType[]> = {
  STRING: [Type.TYPE_STRING],
  BYTES: [Type.TYPE_BYTES, Type.TYPE_STRING],
  INTEGER: [...SMALL_INTEGERS, Type.TYPE_ENUM],
  FLOAT: [Type.TYPE_DOUBLE, Type.TYPE_FLOAT],
  NUMERIC: DECIMAL,
  BIGNUMERIC: DECIMAL,
  BOOLEAN: [Type.TYPE_BOOL, ...SMALL_INTEGERS, Type.TYPE_UINT64],
  TIMESTAMP: SMALL_INTEGERS,
  DATE: [Type.TYPE_INT32, Type.TYPE_INT64, Type.TYPE_STRING],
  DATETIME: [Type.TYPE_STRING, Type.TYPE_INT64],
  TIME: [Type.TYPE_STRING, Type.TYPE_INT64],
  JSON: [Type.TYPE_STRING],
  RECORD: [Type.TYPE_MESSAGE],
};

export function takes(column: FieldType, proto: ProtoType): boolean {
  return TAKEN[column].includes(proto);
}

export function wireTypeOf(type: ProtoType): number | undefined {
  return SCALARS[type]?.wireType;
}

export function integerReader(type: ProtoType): ((reader: RowReader) => bigint) | undefined {
  return SCALARS[type]?.integer;
}

export function formatProtoType(type: ProtoType): string {
  return (Type[type] ?? `type ${type}`).replace('TYPE_', '').toLowerCase();
}
