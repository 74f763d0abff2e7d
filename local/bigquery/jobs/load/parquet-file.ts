import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { BigQueryError } from '../../errors.ts';
import { resultField } from '../../query/results/result-schema.ts';
import type { Cell } from '../../tables/cell.ts';
import type { Field } from '../../tables/schema.ts';
import type { FileRow, LoadFile } from './load-file.ts';
import type { LoadOptions } from './load-options.ts';

/**
 * Opens a Parquet file. The server's database cannot read files, so another one does, in memory. The file has its
 * own columns; those that the job declares give their types.
 */
export async function openParquet(file: string, options: LoadOptions): Promise<LoadFile> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const source = `read_parquet('${file.replaceAll("'", "''")}')`;
  const result = await connection.stream(`SELECT * FROM ${source}`).catch((cause: unknown) => {
    throw new BigQueryError(
      'invalid',
      'Error while reading data, error message: the file is not Parquet',
      { cause },
    );
  });
  const types = result.columnTypes();
  const declared = new Map(
    (options.schema ?? []).map((field) => [field.name.toLowerCase(), field]),
  );
  const schema = result.columnNames().map((name, index) => {
    const type = types[index];
    const own = type === undefined ? undefined : plain(resultField(name, type));
    const field = declared.get(name.toLowerCase()) ?? own;
    if (field === undefined) throw new BigQueryError('invalid', `Column ${name} has no type`);
    return field;
  });
  return {
    schema,
    async *rows() {
      try {
        for await (const rows of result.yieldRows()) {
          yield rows.map(
            (row): FileRow => ({
              cells: schema.map((field, index) => toCell(field, row[index] ?? null)),
            }),
          );
        }
      } finally {
        connection.closeSync();
        instance.closeSync();
      }
    },
  };
}

/** A Parquet list has its items one level deeper in some writers: `list.element`. */
function plain(field: ReturnType<typeof resultField>): Field {
  if (field.type === 'INTERVAL')
    throw new BigQueryError('invalid', `Column ${field.name} is an INTERVAL`);
  return field as Field;
}

function toCell(field: Field, value: DuckDBValue): Cell {
  if (value === null) return null;
  if (value instanceof DuckDBListValue)
    return value.items.map((item) => toCell({ ...field, mode: 'NULLABLE' }, item));
  if (value instanceof DuckDBStructValue) {
    return (field.fields ?? []).map((inner) => toCell(inner, value.entries[inner.name] ?? null));
  }
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue)
    return value.micros;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimeValue) return value.micros;
  if (value instanceof DuckDBDecimalValue) return shortened(value.toString());
  if (value instanceof DuckDBBlobValue) {
    return field.type === 'STRING' ? Buffer.from(value.bytes).toString('utf8') : value.bytes;
  }
  return scalar(field, value);
}

function shortened(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A nanosecond timestamp is cut to microseconds; numbers are converted to the column's type. */
function scalar(field: Field, value: DuckDBValue): Cell {
  const nanos = (value as { nanos?: bigint }).nanos;
  if (typeof nanos === 'bigint') return nanos / 1000n;
  switch (field.type) {
    case 'INTEGER':
      return typeof value === 'bigint' ? value : BigInt(Math.trunc(Number(value)));
    case 'FLOAT':
      return Number(value);
    case 'NUMERIC':
    case 'BIGNUMERIC':
    case 'STRING':
    case 'JSON':
      return String(value);
    default:
      return value as Cell;
  }
}
