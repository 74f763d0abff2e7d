import {
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBDecimalValue,
  type DuckDBIntervalValue,
  DuckDBListValue,
  type DuckDBStructValue,
  type DuckDBTimestampValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { Data, Field } from 'apache-arrow';
import type { ResultField } from '../../query/results/result-schema.ts';
import { UNITS_FIELD } from '../../values/bignumeric.ts';

type Arrow = typeof import('apache-arrow');
type Values = readonly DuckDBValue[];

/** The values of one column in Arrow's memory layout: https://arrow.apache.org/docs/format/Columnar.html */
export function arrowData(arrow: Arrow, field: ResultField, own: Field, values: Values): Data {
  if (field.mode === 'REPEATED') return listData(arrow, field, own, values);
  const { nullCount, nullBitmap } = validity(values);
  const type = own.type;
  const common = { length: values.length, nullCount, ...(nullBitmap && { nullBitmap }) };
  // makeData's types ask for one type of column at a time.
  const make = (more: object) =>
    arrow.makeData({ type, ...common, ...more } as unknown as Parameters<Arrow['makeData']>[0]);
  switch (field.type) {
    case 'RECORD':
      return make({ children: structChildren(arrow, field, own, values) });
    case 'STRING':
    case 'JSON':
      return make(textBuffers(values));
    case 'BYTES':
      return make(byteBuffers(values.map((value) => (value as DuckDBBlobValue | null)?.bytes)));
    case 'BOOLEAN':
      return make({ data: bitmap(values.length, (index) => values[index] === true) });
    case 'NUMERIC':
      return make({ data: decimals(values, 2, (v) => (v as DuckDBDecimalValue).value) });
    case 'BIGNUMERIC':
      return make({ data: decimals(values, 4, unitsOf) });
    case 'INTERVAL':
      return make({ data: intervals(values) });
    case 'FLOAT':
      return make({ data: Float64Array.from(values, (v) => (v as number | null) ?? 0) });
    case 'DATE':
      return make({
        data: Int32Array.from(values, (v) => (v as DuckDBDateValue | null)?.days ?? 0),
      });
    case 'INTEGER':
      return make({ data: BigInt64Array.from(values, (v) => BigInt((v as bigint | null) ?? 0)) });
    case 'TIMESTAMP':
    case 'DATETIME':
    case 'TIME':
      return make({
        data: BigInt64Array.from(values, (v) => (v as DuckDBTimestampValue | null)?.micros ?? 0n),
      });
  }
}

function listData(arrow: Arrow, field: ResultField, own: Field, values: Values): Data {
  const valueOffsets = new Int32Array(values.length + 1);
  const items: DuckDBValue[] = [];
  values.forEach((value, index) => {
    if (value instanceof DuckDBListValue) for (const item of value.items) items.push(item);
    valueOffsets[index + 1] = items.length;
  });
  const [item] = own.type.children as Field[];
  if (item === undefined) throw new Error(`the list ${field.name} has no item`);
  const child = arrowData(arrow, { ...field, mode: 'NULLABLE' }, item, items);
  return arrow.makeData({
    type: own.type as InstanceType<Arrow['List']>,
    length: values.length,
    nullCount: 0,
    valueOffsets,
    child,
  });
}

function structChildren(arrow: Arrow, field: ResultField, own: Field, values: Values): Data[] {
  const cells = values.map((value) =>
    value === null ? undefined : Object.values((value as DuckDBStructValue).entries),
  );
  return (field.fields ?? []).map((inner, index) =>
    arrowData(
      arrow,
      inner,
      own.type.children[index] as Field,
      cells.map((entries) => entries?.[index] ?? null),
    ),
  );
}

function validity(values: Values): { nullCount: number; nullBitmap?: Uint8Array } {
  const nullCount = values.reduce<number>((sum, value) => sum + (value === null ? 1 : 0), 0);
  if (nullCount === 0) return { nullCount };
  return { nullCount, nullBitmap: bitmap(values.length, (index) => values[index] !== null) };
}

function bitmap(length: number, isSet: (index: number) => boolean): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3);
  for (let index = 0; index < length; index++) {
    if (isSet(index)) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return bits;
}

function textBuffers(values: Values): { valueOffsets: Int32Array; data: Uint8Array } {
  const sizes = values.map((value) => (value === null ? 0 : Buffer.byteLength(value as string)));
  const { valueOffsets, data } = layOut(sizes);
  values.forEach((value, index) => {
    if (value !== null) data.write(value as string, valueOffsets[index] ?? 0);
  });
  return { valueOffsets, data };
}

function byteBuffers(values: readonly (Uint8Array | undefined)[]): {
  valueOffsets: Int32Array;
  data: Uint8Array;
} {
  const { valueOffsets, data } = layOut(values.map((value) => value?.length ?? 0));
  values.forEach((value, index) => {
    if (value) data.set(value, valueOffsets[index] ?? 0);
  });
  return { valueOffsets, data };
}

function layOut(sizes: readonly number[]): { valueOffsets: Int32Array; data: Buffer } {
  const valueOffsets = new Int32Array(sizes.length + 1);
  sizes.forEach((size, index) => {
    valueOffsets[index + 1] = (valueOffsets[index] ?? 0) + size;
  });
  return { valueOffsets, data: Buffer.alloc(valueOffsets.at(-1) ?? 0) };
}

/** Little-endian two's complement of `words` × 64 bits. */
function decimals(
  values: Values,
  words: number,
  unscaled: (value: DuckDBValue) => bigint,
): Uint32Array {
  const all = new BigUint64Array(values.length * words);
  values.forEach((value, index) => {
    let rest = value === null ? 0n : unscaled(value);
    for (let word = 0; word < words; word++) {
      all[index * words + word] = BigInt.asUintN(64, rest);
      rest >>= 64n;
    }
  });
  return new Uint32Array(all.buffer);
}

function unitsOf(value: DuckDBValue): bigint {
  return (value as DuckDBStructValue).entries[UNITS_FIELD] as bigint;
}

/** Months and days of 32 bits, nanoseconds of 64. */
function intervals(values: Values): Int32Array {
  const view = new DataView(new ArrayBuffer(values.length * 16));
  values.forEach((value, index) => {
    if (value === null) return;
    const { months, days, micros } = value as DuckDBIntervalValue;
    view.setInt32(index * 16, months, true);
    view.setInt32(index * 16 + 4, days, true);
    view.setBigInt64(index * 16 + 8, micros * 1000n, true);
  });
  return new Int32Array(view.buffer);
}
