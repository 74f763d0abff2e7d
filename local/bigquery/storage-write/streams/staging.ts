// The rows of PENDING streams wait for their commit in a DuckDB table per stream.

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
import type { Table, TableRef } from '../../tables/schema.ts';
import { changeSchema } from '../../tables/schema-change.ts';
import type { StreamName } from './stream-name.ts';
import { saveRecord, type WriteStreamRecord } from './stream-store.ts';

/** No dataset has this name, because project ids are not empty. */
const DATASET = { projectId: '', datasetId: 'pending' };

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
  name: StreamName,
  table: Table,
): Promise<NonNullable<WriteStreamRecord['shape']>> {
  await connection.run(createTableSql({ ...table, ...stagingRef(name) }));
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
  const staging = { ...table, ...stagingRef(record) };
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
  await store.appendStaged(staging, rows, also);
}

/** Moves the rows into the stream's table, in the caller's transaction. */
export async function publishStaging(
  store: Store,
  connection: DuckDBConnection,
  record: WriteStreamRecord,
): Promise<void> {
  const staging = stagingRef(record);
  const names = record.shape?.schema.map(({ name }) => quoteIdentifier(name)) ?? [];
  const columns = names.join(', ');
  store.releaseStaged(staging);
  await connection.run(
    `INSERT INTO ${quoteTable(record.table)} (${columns}) SELECT ${columns} FROM ${quoteTable(staging)}`,
  );
  await connection.run(`DROP TABLE ${quoteTable(staging)}`);
}

function stagingRef({ table, stream }: StreamName): TableRef {
  const owner = `${table.projectId}.${table.datasetId}.${table.tableId}`;
  return { ...DATASET, tableId: `${owner}/${stream}` };
}
