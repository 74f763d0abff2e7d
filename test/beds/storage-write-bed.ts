import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store } from '../../local/bigquery/storage/store.ts';
import { startStorageWrite } from '../../local/bigquery/storage-write/main.ts';
import type { Field, Table, TableRef } from '../../local/bigquery/tables/schema.ts';
import type { Faults } from '../../local/faults/faults.ts';

// Without this, Google's clients look for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

const DATASET = { projectId: 'demo', datasetId: 'events' };

/** A column in the REST API's form, NULLABLE by default. */
export function field(name: string, type: Field['type'], more: Partial<Field> = {}): Field {
  return { name, type, mode: 'NULLABLE', ...more };
}

export interface StorageWriteBed {
  readonly store: Store;
  /** `host:port` of the Storage Write API. */
  readonly endpoint: string;
  readonly port: number;
  createTable(name: string, schema: Field[], more?: Partial<Table>): Promise<TableRef>;
  /** The table's rows as DuckDB gives them, in the order of the SQL. */
  query(sql: string): Promise<unknown[][]>;
  /** Opens the same directory again, on another port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the Storage Write API on a free port, over a store in a temporary directory. */
export async function startStorageWriteBed(
  now?: () => Date,
  faults?: Faults,
): Promise<StorageWriteBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-storage-write-'));
  let store = await Store.open(directory);
  const stamp = { location: 'US', creationTime: 1_700_000_000_123, lastModifiedTime: 0, etag: 'e' };
  await store.createDataset({ ...DATASET, ...stamp, extra: {} });
  const start = () => startStorageWrite(store, { port: 0, faults, ...(now ? { now } : {}) });
  let server = await start();
  return {
    get store() {
      return store;
    },
    get port() {
      return server.port;
    },
    get endpoint() {
      return `127.0.0.1:${server.port}`;
    },
    async restart() {
      await server.stop();
      await store.close();
      store = await Store.open(directory);
      server = await start();
    },
    async createTable(tableId, schema, more) {
      const ref = { ...DATASET, tableId };
      await store.createTable({
        ...ref,
        type: 'TABLE',
        schema,
        schemaVersion: 1,
        ...stamp,
        extra: {},
        ...more,
      });
      return ref;
    },
    async query(sql) {
      const connection = await store.connect();
      try {
        return (await connection.runAndReadAll(sql)).getRowsJson();
      } finally {
        connection.closeSync();
      }
    },
    async stop() {
      await server.stop();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

export function tablePath(ref: TableRef): string {
  return `projects/${ref.projectId}/datasets/${ref.datasetId}/tables/${ref.tableId}`;
}
