import { BigQueryError, type ErrorProto } from '../errors.ts';
import { restRow } from '../query/results/rest-values.ts';
import { ResultRows } from '../query/results/result-rows.ts';
import { resultField } from '../query/results/result-schema.ts';
import { RowWriter } from '../storage/row-writer.ts';
import type { Store } from '../storage/store.ts';
import type { Cell } from '../tables/cell.ts';
import { quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { isIngestionTime, partitionCondition, readPartition } from '../tables/partitions.ts';
import type { Table } from '../tables/schema.ts';
import { type ExactJson, jsonToCells, parseExactJson } from '../values/json-row.ts';
import { readPage } from './http/paging.ts';
import type { Call, Reply, Router } from './http/router.ts';
import { listPartitions, summarisedTable } from './partitions.ts';
import { queryFormat } from './queries.ts';
import { partitionOf, TABLE, tableOf } from './tables.ts';

const DEFAULT_PAGE_ROWS = 10_000;

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata */
export function routeTableData(router: Router, store: Store): void {
  router.on('GET', `${TABLE}/data`, (call) => listRows(store, call));
  router.on('POST', `${TABLE}/insertAll`, (call) => insertRows(store, call));
}

async function listRows(store: Store, call: Call): Promise<Reply> {
  const summarised = summarisedTable(tableOf(call.path));
  if (summarised) {
    return { body: await listPartitions(store, summarised, call.query.get('selectedFields')) };
  }
  const { ref, partition } = partitionOf(call.path);
  await store.openResultTable(ref);
  const table = store.requireTable(ref);
  if (table.type === 'VIEW')
    throw new BigQueryError('invalid', 'Cannot list a table of type VIEW.');
  const { start, size } = readPage(call.query, DEFAULT_PAGE_ROWS);
  const fields = selectedFields(table, call.query.get('selectedFields'));
  const columns = fields.map((field) => quoteIdentifier(field.name)).join(', ');
  const from =
    partition === undefined
      ? quoteTable(table)
      : `${quoteTable(table)} WHERE ${partitionCondition(readPartition(table, partition), 'duckdb')}`;
  const connection = await store.connect();
  try {
    const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${from}`);
    const total = Number(counted.getRows()[0]?.[0] ?? 0);
    const result = await connection.run(
      `SELECT ${columns} FROM ${from} ORDER BY rowid LIMIT ${size} OFFSET ${start}`,
    );
    const types = result.columnTypes();
    const schema = fields.flatMap((field, index) => {
      const type = types[index];
      return type === undefined ? [] : [resultField(field.name, type)];
    });
    const rows = (await ResultRows.read(result)).slice(0, size);
    const end = start + rows.length;
    return {
      body: {
        kind: 'bigquery#tableDataList',
        etag: table.etag,
        totalRows: String(total),
        ...(end < total && rows.length > 0 && { pageToken: String(end) }),
        rows: rows.map((row) => restRow(schema, row, queryFormat(call.query))),
      },
    };
  } finally {
    connection.closeSync();
  }
}

/** Selects whole columns: a path into a record selects the record. */
function selectedFields(table: Table, selected: string | null): Table['schema'] {
  if (selected === null || selected === '') return table.schema;
  const names = new Set(
    selected.split(',').map((path) => path.split('.')[0]?.trim().toLowerCase()),
  );
  return table.schema.filter((field) => names.has(field.name.toLowerCase()));
}

interface InsertRequest {
  rows?: { json?: ExactJson }[];
  skipInvalidRows?: boolean;
  ignoreUnknownValues?: boolean;
}

async function insertRows(store: Store, call: Call): Promise<Reply> {
  const { ref, partition } = partitionOf(call.path);
  const table = store.requireTable(ref);
  const body = parseExactJson(await call.text()) as InsertRequest;
  const rows = body.rows ?? [];
  if (rows.length === 0) throw new BigQueryError('invalid', 'No rows present in the request.');
  const ignoreUnknownValues = body.ignoreUnknownValues === true;
  const good: Cell[][] = [];
  const bad = new Map<number, ErrorProto>();
  rows.forEach((row, index) => {
    const cells = jsonToCells(table.schema, row.json ?? {}, {
      ignoreUnknownValues,
      jsonStrings: 'text',
    });
    if (Array.isArray(cells)) good.push(cells);
    else bad.set(index, { reason: 'invalid', location: cells.path, message: cells.reason });
  });
  if (bad.size === 0 || body.skipInvalidRows === true) await append(store, table, good, partition);
  return {
    body: { kind: 'bigquery#tableDataInsertAllResponse', ...insertErrors(rows.length, bad, body) },
  };
}

/** Into a partition by ingestion time, or as every append. Throws invalid. */
async function append(
  store: Store,
  table: Table,
  rows: Cell[][],
  partition: string | undefined,
): Promise<void> {
  if (partition === undefined) return await store.append(table, rows);
  const { range } = readPartition(table, partition);
  if (!isIngestionTime(table)) {
    throw new BigQueryError(
      'invalid',
      'Streaming to a partition is only supported for tables partitioned by ingestion time',
    );
  }
  await store.transact(table, 'shared', async (connection) => {
    const writer = await RowWriter.open(connection, table, range?.from);
    writer.write(rows);
    writer.close();
  });
}

/** Without skipInvalidRows one bad row stops the request; the other rows are reported as stopped. */
function insertErrors(
  count: number,
  bad: ReadonlyMap<number, ErrorProto>,
  body: InsertRequest,
): object {
  if (bad.size === 0) return {};
  const stopped: ErrorProto = { reason: 'stopped', message: '' };
  const indexes = Array.from({ length: count }, (_, index) => index).filter(
    (index) => bad.has(index) || body.skipInvalidRows !== true,
  );
  return {
    insertErrors: indexes.map((index) => ({ index, errors: [bad.get(index) ?? stopped] })),
  };
}
