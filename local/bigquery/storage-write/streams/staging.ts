// The rows of PENDING and BUFFERED streams wait in a DuckDB table per stream until they become visible.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { ExtraWrite } from '../../storage/append-queue.ts';
import type { Store } from '../../storage/store.ts';
import type { Cell } from '../../tables/cell.ts';
import {
  createTableSql,
  physicalSchema,
  quoteIdentifier,
  quoteTable,
} from '../../tables/duckdb-types.ts';
import type { Field, Table, TableRef } from '../../tables/schema.ts';
import { changeSchema } from '../../tables/schema-change.ts';
import type { StreamName } from './stream-name.ts';
import { saveRecord, type WriteStreamRecord } from './stream-store.ts';

/** No dataset has this name, because project ids are not empty. */
const DATASET = { projectId: '', datasetId: 'pending' };

/**
 * The first column of a BUFFERED stream's staging table, with each row's offset. No column of a user has a
 * name like this: https://cloud.google.com/bigquery/docs/schemas#column_names
 */
const OFFSET: Field = { name: '_TABLE_OFFSET', type: 'INTEGER', mode: 'REQUIRED' };

/** Drops the tables of streams that no longer exist. */
export async function openStaging(store: Store, orphans: readonly StreamName[]): Promise<void> {
  await store.administer(async (connection) => {
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(physicalSchema(DATASET))}`);
    for (const orphan of orphans) {
      await connection.run(`DROP TABLE IF EXISTS ${quoteTable(stagingRef(orphan))}`);
    }
    return () => undefined;
  });
}

export async function createStaging(
  connection: DuckDBConnection,
  record: WriteStreamRecord,
  table: Table,
): Promise<NonNullable<WriteStreamRecord['shape']>> {
  await connection.run(createTableSql(stagingTable(record, table)));
  return { schema: table.schema, schemaVersion: table.schemaVersion };
}

/** Appends rows that fit the current schema of `table`. `also` runs in the same transaction. */
export async function appendToStaging(
  store: Store,
  record: WriteStreamRecord,
  table: Table,
  rows: Cell[][],
  also: ExtraWrite,
): Promise<void> {
  const staging = stagingTable(record, table);
  const { shape } = record;
  if (shape && shape.schemaVersion !== table.schemaVersion) {
    const { alterations } = changeSchema({ ...staging, schema: shape.schema }, table.schema);
    store.releaseStaged(staging);
    await store.administer(async (connection) => {
      for (const sql of alterations) await connection.run(sql);
      const { schema, schemaVersion } = table;
      await saveRecord(connection, { ...record, shape: { schema, schemaVersion } });
      return () => undefined;
    });
  }
  const first = record.rows;
  const staged =
    record.type === 'BUFFERED' ? rows.map((row, n) => [BigInt(first + n), ...row]) : rows;
  await store.appendStaged(staging, staged, also);
}

/** Moves all rows of a PENDING stream into its table, in the caller's transaction. */
export async function publishStaging(
  store: Store,
  connection: DuckDBConnection,
  record: WriteStreamRecord,
): Promise<void> {
  const staging = stagingRef(record);
  store.releaseStaged(staging);
  await connection.run(insertSql(record));
  await connection.run(`DROP TABLE ${quoteTable(staging)}`);
}

/** Moves the rows of a BUFFERED stream before `end` into its table, in the caller's transaction. */
export async function flushStaging(
  store: Store,
  connection: DuckDBConnection,
  record: WriteStreamRecord,
  end: number,
): Promise<void> {
  const staging = stagingRef(record);
  const offset = quoteIdentifier(OFFSET.name);
  store.releaseStaged(staging);
  await connection.run(`${insertSql(record)} WHERE ${offset} < ${end} ORDER BY ${offset}`);
  await connection.run(`DELETE FROM ${quoteTable(staging)} WHERE ${offset} < ${end}`);
}

function insertSql(record: WriteStreamRecord): string {
  const names = record.shape?.schema.map(({ name }) => quoteIdentifier(name)) ?? [];
  const columns = names.join(', ');
  return `INSERT INTO ${quoteTable(record.table)} (${columns}) SELECT ${columns} FROM ${quoteTable(stagingRef(record))}`;
}

function stagingTable(record: WriteStreamRecord, table: Table): Table {
  const schema = record.type === 'BUFFERED' ? [OFFSET, ...table.schema] : table.schema;
  return { ...table, ...stagingRef(record), schema };
}

function stagingRef({ table, stream }: StreamName): TableRef {
  const owner = `${table.projectId}.${table.datasetId}.${table.tableId}`;
  return { ...DATASET, tableId: `${owner}/${stream}` };
}
