import { protos } from '@google-cloud/bigquery-storage';
import type { RowReader } from './row-reader.ts';

const { Type } = protos.google.protobuf.FieldDescriptorProto;

export type ProtoType = (typeof Type)[keyof typeof Type];

/** How a scalar lies on the wire, and how it is read as an integer where it is one. */
interface Scalar {
  wireType: 0 | 1 | 2 | 5;
  integer?: (reader: RowReader) => bigint;
}

const SCALARS: Readonly<Record<number, Scalar>> = {
  [Type.TYPE_DOUBLE]: { wireType: 1 },
  [Type.TYPE_FLOAT]: { wireType: 5 },
  [Type.TYPE_INT64]: { wireType: 0, integer: (reader) => reader.int64() },
  [Type.TYPE_UINT64]: { wireType: 0, integer: (reader) => reader.uint64() },
  [Type.TYPE_INT32]: { wireType: 0, integer: (reader) => BigInt(reader.int32()) },
  [Type.TYPE_FIXED64]: { wireType: 1, integer: (reader) => reader.fixed64() },
  [Type.TYPE_FIXED32]: { wireType: 5, integer: (reader) => BigInt(reader.fixed32()) },
  [Type.TYPE_BOOL]: { wireType: 0 },
  [Type.TYPE_STRING]: { wireType: 2 },
  [Type.TYPE_MESSAGE]: { wireType: 2 },
  [Type.TYPE_BYTES]: { wireType: 2 },
  [Type.TYPE_UINT32]: { wireType: 0, integer: (reader) => BigInt(reader.uint32()) },
  [Type.TYPE_ENUM]: { wireType: 0, integer: (reader) => BigInt(reader.int32()) },
  [Type.TYPE_SFIXED32]: { wireType: 5, integer: (reader) => BigInt(reader.fixed32() | 0) },
  [Type.TYPE_SFIXED64]: {
    wireType: 1,
    integer: (reader) => BigInt.asIntN(64, reader.fixed64()),
  },
  [Type.TYPE_SINT32]: {
    wireType: 0,
    integer: (reader) => BigInt.asIntN(32, reader.sint64()),
  },
  [Type.TYPE_SINT64]: { wireType: 0, integer: (reader) => reader.sint64() },
};

export function wireTypeOf(type: ProtoType): number | undefined {
  return SCALARS[type]?.wireType;
}

export function integerReader(type: ProtoType): ((reader: RowReader) => bigint) | undefined {
  return SCALARS[type]?.integer;
}

export function formatProtoType(type: ProtoType): string {
  return (Type[type] ?? `type ${type}`).replace('TYPE_', '').toLowerCase();
}
