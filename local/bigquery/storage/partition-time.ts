import type { DuckDBConnection } from '@duckdb/node-api';
import {
  createTableSql,
  physicalSchema,
  physicalTable,
  quoteIdentifier,
  quoteTable,
} from '../tables/duckdb-types.ts';
import { isIngestionTime, PARTITION_TIME } from '../tables/partitions.ts';
import type { Table } from '../tables/schema.ts';

/** Gives tables of older files their `_PARTITIONTIME`: the present for all rows. */
export async function addPartitionTimes(
  connection: DuckDBConnection,
  tables: readonly Table[],
): Promise<void> {
  const wanted = tables.filter(isIngestionTime);
  if (wanted.length === 0) return;
  const found = await connection.runAndReadAll(
    `SELECT schema_name, table_name FROM duckdb_columns() WHERE column_name = '${PARTITION_TIME}'`,
  );
  const done = new Set(found.getRows().map((row) => JSON.stringify(row)));
  for (const table of wanted) {
    const key = JSON.stringify([physicalSchema(table), physicalTable(table)]);
    if (!done.has(key)) await rebuild(connection, table);
  }
}

/** The column must be the first, where DuckDB cannot add one. */
async function rebuild(connection: DuckDBConnection, table: Table): Promise<void> {
  const old = `${physicalTable(table)}^old`;
  const names = table.schema.map(({ name }) => quoteIdentifier(name)).join(', ');
  await connection.run('BEGIN');
  await connection.run(`ALTER TABLE ${quoteTable(table)} RENAME TO ${quoteIdentifier(old)}`);
  const oldTable = `${quoteIdentifier(physicalSchema(table))}.${quoteIdentifier(old)}`;
  await connection.run(createTableSql(table));
  await connection.run(
    `INSERT INTO ${quoteTable(table)} (${names}) SELECT ${names} FROM ${oldTable}`,
  );
  await connection.run(`DROP TABLE ${oldTable}`);
  await connection.run('COMMIT');
}
