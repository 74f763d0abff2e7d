import { BigQueryError } from '../errors.ts';
import { dryRun } from '../query/run-query.ts';
import type { Store } from '../storage/store.ts';
import { quoteTable } from '../tables/duckdb-types.ts';
import { changedTable, newEtag, newTable } from '../tables/new-resource.ts';
import {
  isIngestionTime,
  partitionCondition,
  readPartition,
  splitDecorator,
} from '../tables/partitions.ts';
import {
  type Field,
  findField,
  formatTable,
  type Table,
  type TableRef,
  type TimePartitioning,
} from '../tables/schema.ts';
import { changeSchema, type SchemaChange } from '../tables/schema-change.ts';
import { checkEtag, datasetOf, mergeExtra } from './datasets.ts';
import { asArray, asObject, asText, isTrue, type JsonObject } from './http/json.ts';
import { cutPage, readPage } from './http/paging.ts';
import type { Call, Reply, Router } from './http/router.ts';
import { readFields, writeFields } from './http/schema-json.ts';
import { describePartitions, summarisedTable } from './partitions.ts';
import { allowed, POLICY, readPolicy, writePolicy } from './policies.ts';

const TABLES = '/projects/:projectId/datasets/:datasetId/tables';
export const TABLE = `${TABLES}/:tableId`;
/** Properties that the server sets itself. */
const OWN = new Set([
  'kind',
  'id',
  'etag',
  'selfLink',
  'tableReference',
  'schema',
  'timePartitioning',
  'clustering',
  'tableConstraints',
  'view',
  'type',
  'location',
  'creationTime',
  'lastModifiedTime',
  'numRows',
  'numBytes',
  'numLongTermBytes',
  'numTotalLogicalBytes',
  'numActiveLogicalBytes',
]);

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/tables */
export function routeTables(router: Router, store: Store): void {
  router.on('GET', TABLES, (call) => listTables(store, call));
  router.on('POST', TABLES, (call) => insertTable(store, call));
  router.on('GET', TABLE, async ({ path }) => {
    const summarised = summarisedTable(tableOf(path));
    if (summarised) return { body: await describePartitions(store, summarised) };
    await store.openResultTable(tableOf(path));
    return reply(store, store.requireTable(partitionOf(path).ref));
  });
  router.on('PATCH', TABLE, (call) => updateTable(store, call, 'merge'));
  router.on('PUT', TABLE, (call) => updateTable(store, call, 'replace'));
  // In brackets, because a name behind a colon is a part of the path.
  router.on('POST', `${TABLE}[:]testIamPermissions`, (call) => testPermissions(store, call));
  router.on('POST', `${TABLE}[:]getIamPolicy`, ({ path }) => ({
    body: readPolicy(store.requireTable(tableOf(path))),
  }));
  router.on('POST', `${TABLE}[:]setIamPolicy`, async (call) => ({
    body: await writePolicy(store, tableOf(call.path), await call.json()),
  }));
  router.on('DELETE', TABLE, async ({ path }) => {
    const { ref, partition } = partitionOf(path);
    if (partition === undefined) await store.deleteTable(ref);
    else await deletePartition(store, store.requireTable(ref), partition);
    return {};
  });
}

export function tableOf(path: Readonly<Record<string, string>>): TableRef {
  return { ...datasetOf(path), tableId: path['tableId'] ?? '' };
}

/** The table of `table$20260101` and the partition that it names. */
export function partitionOf(path: Readonly<Record<string, string>>): {
  ref: TableRef;
  partition: string | undefined;
} {
  const { tableId, partition } = splitDecorator(path['tableId'] ?? '');
  return { ref: { ...datasetOf(path), tableId }, partition };
}

async function deletePartition(store: Store, table: Table, id: string): Promise<void> {
  const condition = partitionCondition(readPartition(table, id), 'duckdb');
  await store.transact(table, 'exclusive', (connection) =>
    connection.run(`DELETE FROM ${quoteTable(table)} WHERE ${condition}`),
  );
}

async function testPermissions(store: Store, call: Call): Promise<Reply> {
  const table = store.requireTable(tableOf(call.path));
  const asked = asArray((await call.json())['permissions']).map(String);
  const permissions = allowed(table, asked);
  return { body: permissions.length === 0 ? {} : { permissions } };
}

function listTables(store: Store, call: Call): Reply {
  const ref = datasetOf(call.path);
  store.requireDataset(ref);
  const all = store.listTables(ref);
  const { items, next } = cutPage(all, readPage(call.query, 1000));
  return {
    body: {
      kind: 'bigquery#tableList',
      etag: newEtag(),
      ...(next === undefined ? {} : { nextPageToken: next }),
      ...(items.length === 0 ? {} : { tables: items.map(summariseTable) }),
      totalItems: all.length,
    },
  };
}

async function insertTable(store: Store, call: Call): Promise<Reply> {
  const body = await call.json();
  const tableId = asText(asObject(body['tableReference'])['tableId']) ?? '';
  if (!/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]+$/u.test(tableId) || Buffer.byteLength(tableId) > 1024) {
    throw new BigQueryError(
      'invalid',
      `Invalid table ID "${tableId}". Table IDs must be alphanumeric (plus underscores and dashes) and must be at most 1024 characters long.`,
    );
  }
  const ref = { ...datasetOf(call.path), tableId };
  const { location } = store.requireDataset(ref);
  const settings = { ...readSettings(body), location, extra: extraOf(body) };
  const table = newTable(ref, await readSchema(store, ref, body), settings);
  checkColumns(table);
  await store.createTable(table);
  return reply(store, table);
}

/** The columns of a request, or those of its view's query. */
async function readSchema(store: Store, ref: TableRef, body: JsonObject): Promise<Field[]> {
  const sql = readView(body);
  const given = readFields(asObject(body['schema'])['fields']);
  return sql === undefined ? given : describeColumns(await viewSchema(store, ref, sql), given);
}

function readSettings(body: JsonObject): Partial<Table> {
  const partitioning = asObject(body['timePartitioning']);
  const clustering = asArray(asObject(body['clustering'])['fields']).map(String);
  const primaryKey = asObject(asObject(body['tableConstraints'])['primaryKey']);
  const columns = asArray(primaryKey['columns']).map(String);
  const query = readView(body);
  return {
    ...(body['timePartitioning'] && {
      timePartitioning: { type: 'DAY', ...partitioning } as TimePartitioning,
    }),
    ...(clustering.length > 0 && { clustering: { fields: clustering } }),
    ...(columns.length > 0 && { tableConstraints: { primaryKey: { columns } } }),
    ...(query !== undefined && { type: 'VIEW' as const, view: { query } }),
  };
}

function checkColumns(table: Table): void {
  const partition = table.timePartitioning?.field;
  if (partition !== undefined) {
    const type = findField(table.schema, partition)?.type;
    if (type !== 'TIMESTAMP' && type !== 'DATE' && type !== 'DATETIME') {
      throw new BigQueryError(
        'invalid',
        `The field specified for partitioning cannot be found in the schema or is not a date or time: ${partition}`,
      );
    }
  }
  const keys = table.tableConstraints?.primaryKey?.columns ?? [];
  for (const name of [...(table.clustering?.fields ?? []), ...keys]) {
    if (findField(table.schema, name) === undefined) {
      throw new BigQueryError('invalid', `The field ${name} cannot be found in the schema.`);
    }
  }
}

async function updateTable(store: Store, call: Call, mode: 'merge' | 'replace'): Promise<Reply> {
  const table = store.requireTable(tableOf(call.path));
  checkEtag(call, table.etag);
  const body = await call.json();
  const extra = extraOf(body);
  const change = await readChange(store, table, body);
  const sameSchema = JSON.stringify(change.schema) === JSON.stringify(table.schema);
  const next = changedTable(table, {
    ...readSettings(body),
    schema: sameSchema ? table.schema : change.schema,
    extra: mode === 'merge' ? mergeExtra(table.extra, extra) : extra,
  });
  checkColumns(next);
  if (isIngestionTime(next) !== isIngestionTime(table)) {
    throw new BigQueryError('invalid', 'The partitioning of a table cannot be changed');
  }
  await store.updateTable(next, change.alterations);
  return reply(store, next);
}

async function readChange(store: Store, table: Table, body: JsonObject): Promise<SchemaChange> {
  const fields = asObject(body['schema'])['fields'];
  const given = fields === undefined ? undefined : readFields(fields);
  if (table.type === 'TABLE') {
    if (body['view'] !== undefined) {
      throw new BigQueryError('invalid', `${formatTable(table)} is a table, not a view`);
    }
    return given ? changeSchema(table, given) : { schema: table.schema, alterations: [] };
  }
  const sql = readView(body);
  const columns = sql === undefined ? table.schema : await viewSchema(store, table, sql);
  return { schema: describeColumns(columns, given ?? table.schema), alterations: [] };
}

function extraOf(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !OWN.has(key)));
}

async function reply(store: Store, table: Table): Promise<Reply> {
  const bytes = table.type === 'VIEW' ? 0 : await store.sizes.bytesOf(table);
  return { body: describeTable(table, await countRows(store, table), bytes) };
}

async function countRows(store: Store, table: Table): Promise<bigint> {
  if (table.type === 'VIEW') return 0n;
  const connection = await store.connect();
  try {
    const reader = await connection.runAndReadAll(`SELECT count(*) FROM ${quoteTable(table)}`);
    return BigInt(String(reader.getRows()[0]?.[0] ?? 0));
  } finally {
    connection.closeSync();
  }
}

/** The GoogleSQL of a view, or undefined for a table. Throws notImplemented for legacy SQL. */
function readView(body: JsonObject): string | undefined {
  // A materialized view reads its tables each time, as a view does.
  const given = body['view'] ?? body['materializedView'];
  if (given === undefined) return undefined;
  const view = asObject(given);
  if (isTrue(view['useLegacySql'])) {
    throw new BigQueryError('notImplemented', 'Views in legacy SQL are not supported');
  }
  const sql = asText(view['query']);
  if (!sql) throw new BigQueryError('required', 'Required parameter is missing: view.query');
  return sql;
}

/** The columns of a view's query. Throws the query's own errors. */
async function viewSchema(store: Store, ref: TableRef, sql: string): Promise<Field[]> {
  const query = { sql, scope: { projectId: ref.projectId }, parameters: [] };
  const { statementType, schema } = await dryRun(store, query);
  if (statementType !== 'SELECT') {
    throw new BigQueryError('invalidQuery', 'A view must be a SELECT statement');
  }
  return schema as Field[];
}

/** The query decides a view's columns; a request can only add descriptions. */
function describeColumns(fields: readonly Field[], given: readonly Field[]): Field[] {
  return fields.map((field) => {
    const description = findField(given, field.name)?.description;
    return description === undefined ? field : { ...field, description };
  });
}

function tableReference(table: Table): object {
  const { projectId, datasetId, tableId } = table;
  return { projectId, datasetId, tableId };
}

/** A table as `tables.list` returns it. */
function summariseTable(table: Table): object {
  return {
    kind: 'bigquery#table',
    id: formatTable(table),
    tableReference: tableReference(table),
    type: table.extra['materializedView'] === undefined ? table.type : 'MATERIALIZED_VIEW',
    ...(table.timePartitioning && { timePartitioning: table.timePartitioning }),
    ...(table.clustering && { clustering: table.clustering }),
    ...(table.view && { view: { useLegacySql: false } }),
    ...(table.extra['labels'] === undefined ? {} : { labels: table.extra['labels'] }),
    creationTime: String(table.creationTime),
  };
}

/** A table as `tables.get` returns it. */
function describeTable(table: Table, rows: bigint, bytes: number): object {
  const { projectId, datasetId, tableId } = table;
  const { [POLICY]: _, ...extra } = table.extra;
  return {
    ...extra,
    ...summariseTable(table),
    etag: table.etag,
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${projectId}/datasets/${datasetId}/tables/${tableId}`,
    ...(table.schema.length > 0 && { schema: { fields: writeFields(table.schema) } }),
    ...(table.tableConstraints && { tableConstraints: table.tableConstraints }),
    ...(table.view && { view: { query: table.view.query, useLegacySql: false } }),
    location: table.location,
    lastModifiedTime: String(table.lastModifiedTime),
    numRows: String(rows),
    numBytes: String(bytes),
    numLongTermBytes: '0',
  };
}
