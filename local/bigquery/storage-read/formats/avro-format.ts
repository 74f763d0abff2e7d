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
import type { ResultField } from '../../query/results/result-schema.ts';
import { intervalText } from '../../sql/runtime/values/interval-text.ts';
import { UNITS_FIELD } from '../../values/bignumeric.ts';
import { formatDateTime } from '../../values/calendar.ts';
import { AvroBytes } from './avro-bytes.ts';
import { avroSchema } from './avro-schema.ts';
import type { RowFormat } from './row-format.ts';

/** Rows one behind the other, each in Avro's binary encoding of the schema. */
export function avroFormat(fields: readonly ResultField[]): RowFormat {
  return {
    schema: { avroSchema: { schema: JSON.stringify(avroSchema(fields)) } },
    encode(columns, count) {
      const bytes = new AvroBytes();
      for (let row = 0; row < count; row++) {
        fields.forEach((field, column) => {
          writeValue(bytes, field, columns[column]?.[row] ?? null);
        });
      }
      return { avroRows: { serializedBinaryRows: bytes.take(), rowCount: count } };
    },
  };
}

function writeValue(bytes: AvroBytes, field: ResultField, value: DuckDBValue): void {
  if (field.mode === 'REPEATED') {
    writeArray(bytes, field, value);
    return;
  }
  if (field.mode !== 'REQUIRED') {
    // The branch of the union: null or the value.
    bytes.int(value === null ? 0 : 1);
    if (value === null) return;
  }
  writeSingle(bytes, field, value);
}

function writeArray(bytes: AvroBytes, field: ResultField, value: DuckDBValue): void {
  const items = value instanceof DuckDBListValue ? value.items : [];
  if (items.length > 0) bytes.int(items.length);
  for (const item of items) writeSingle(bytes, field, item);
  bytes.int(0);
}

function writeSingle(bytes: AvroBytes, field: ResultField, value: DuckDBValue): void {
  if (field.type !== 'RECORD') {
    SCALARS[field.type](bytes, value);
    return;
  }
  const cells = Object.values((value as DuckDBStructValue).entries);
  for (const [index, inner] of (field.fields ?? []).entries()) {
    writeValue(bytes, inner, cells[index] ?? null);
  }
}

type Write = (bytes: AvroBytes, value: DuckDBValue) => void;

const text: Write = (bytes, value) => bytes.string(String(value));
const micros: Write = (bytes, value) => bytes.long((value as DuckDBTimestampValue).micros);

const SCALARS: Readonly<Record<Exclude<ResultField['type'], 'RECORD'>, Write>> = {
  STRING: text,
  JSON: text,
  INTEGER: (bytes, value) => bytes.long(BigInt(value as bigint | number)),
  FLOAT: (bytes, value) => bytes.double(value as number),
  BOOLEAN: (bytes, value) => bytes.boolean(value as boolean),
  BYTES: (bytes, value) => bytes.bytes((value as DuckDBBlobValue).bytes),
  NUMERIC: (bytes, value) => bytes.decimal((value as DuckDBDecimalValue).value),
  BIGNUMERIC: (bytes, value) =>
    bytes.decimal((value as DuckDBStructValue).entries[UNITS_FIELD] as bigint),
  DATE: (bytes, value) => bytes.int((value as DuckDBDateValue).days),
  TIMESTAMP: micros,
  TIME: micros,
  DATETIME: (bytes, value) => bytes.string(formatDateTime((value as DuckDBTimestampValue).micros)),
  INTERVAL: (bytes, value) => bytes.string(intervalText(value as DuckDBIntervalValue)),
};
