import { randomUUID } from 'node:crypto';
import type { Dataset, DatasetRef, Field, Table, TableRef } from './schema.ts';

const LOCATION = 'US';

export function newEtag(): string {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64');
}

export function newDataset(ref: DatasetRef, more: Partial<Dataset> = {}): Dataset {
  const now = Date.now();
  return {
    projectId: ref.projectId,
    datasetId: ref.datasetId,
    location: LOCATION,
    creationTime: now,
    lastModifiedTime: now,
    etag: newEtag(),
    extra: {},
    ...more,
  };
}

export function newTable(ref: TableRef, schema: Field[], more: Partial<Table> = {}): Table {
  const now = Date.now();
  return {
    projectId: ref.projectId,
    datasetId: ref.datasetId,
    tableId: ref.tableId,
    type: 'TABLE',
    schema,
    schemaVersion: 1,
    location: LOCATION,
    creationTime: now,
    lastModifiedTime: now,
    etag: newEtag(),
    extra: {},
    ...more,
  };
}

/** The next state of a table, with a new etag and, if the schema changes, a new schema version. */
export function changedTable(table: Table, changes: Partial<Table>): Table {
  const grew = changes.schema !== undefined && changes.schema !== table.schema;
  return {
    ...table,
    ...changes,
    schemaVersion: table.schemaVersion + (grew ? 1 : 0),
    lastModifiedTime: Date.now(),
    etag: newEtag(),
  };
}
