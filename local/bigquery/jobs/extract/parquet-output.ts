import { DuckDBInstance } from '@duckdb/node-api';
import { BigQueryError } from '../../errors.ts';
import type { ResultRows } from '../../query/results/result-rows.ts';
import { columnType, quoteIdentifier } from '../../tables/duckdb-types.ts';
import type { Field } from '../../tables/schema.ts';

/** By BigQuery's names. */
const CODECS: Readonly<Record<string, string>> = {
  NONE: 'uncompressed',
  SNAPPY: 'snappy',
  GZIP: 'gzip',
  ZSTD: 'zstd',
};

/** Writes with a DuckDB of its own, which may write files. */
export async function writeParquet(
  file: string,
  fields: readonly Field[],
  rows: ResultRows,
  compression: string,
): Promise<void> {
  const codec = CODECS[compression];
  if (codec === undefined || fields.some(({ type }) => type === 'BIGNUMERIC')) {
    const what = codec === undefined ? `The compression ${compression}` : 'BIGNUMERIC';
    throw new BigQueryError(
      'notImplemented',
      `${what} of Parquet is not supported by the local server`,
    );
  }
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB' });
  const connection = await instance.connect();
  try {
    const columns = fields.map((field) => `${quoteIdentifier(field.name)} ${columnType(field)}`);
    await connection.run(`CREATE TABLE rows (${columns.join(', ')})`);
    const appender = await connection.createAppender('rows');
    for (const chunk of rows.chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
    const target = file.replaceAll("'", "''");
    await connection.run(`COPY rows TO '${target}' (FORMAT parquet, COMPRESSION ${codec})`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
