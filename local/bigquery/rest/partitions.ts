import { BigQueryError } from '../errors.ts';
import { restRow } from '../query/results/rest-values.ts';
import { runQuery } from '../query/run-query.ts';
import type { Store } from '../storage/store.ts';
import { formatTable, type TableRef } from '../tables/schema.ts';
import { writeFields } from './http/schema-json.ts';

const SUFFIX = '$__PARTITIONS_SUMMARY__';

/** The table whose partitions `table$__PARTITIONS_SUMMARY__` lists, or undefined for another name. */
export function summarisedTable(ref: TableRef): TableRef | undefined {
  if (!ref.tableId.endsWith(SUFFIX)) return undefined;
  return { ...ref, tableId: ref.tableId.slice(0, -SUFFIX.length) };
}

/** The partitions as a table of their own, which clients read as one. */
export async function describePartitions(store: Store, ref: TableRef): Promise<object> {
  const { rows, schema } = await readPartitions(store, ref);
  const tableReference = { ...ref, tableId: ref.tableId + SUFFIX };
  return {
    kind: 'bigquery#table',
    id: formatTable(tableReference),
    tableReference,
    type: 'TABLE',
    schema: { fields: writeFields(schema) },
    numRows: String(rows.count),
  };
}

export async function listPartitions(
  store: Store,
  ref: TableRef,
  selected: string | null,
): Promise<object> {
  const { rows, schema } = await readPartitions(store, ref);
  const wanted = selected ? new Set(selected.split(',')) : undefined;
  const shown = schema
    .map((field, index) => ({ field, index }))
    .filter(({ field }) => wanted?.has(field.name) ?? true);
  const fields = shown.map(({ field }) => field);
  return {
    kind: 'bigquery#tableDataList',
    totalRows: String(rows.count),
    rows: rows.slice(0, rows.count).map((row) =>
      restRow(
        fields,
        shown.map(({ index }) => row[index] ?? null),
        'INT64',
      ),
    ),
  };
}

function readPartitions(store: Store, ref: TableRef) {
  const table = store.requireTable(ref);
  if (table.timePartitioning === undefined) {
    throw new BigQueryError('invalid', `${formatTable(table)} is not partitioned`);
  }
  const sql = `SELECT table_catalog AS project_id, table_schema AS dataset_id, table_name AS table_id, partition_id,
      UNIX_MILLIS(last_modified_time) AS creation_time, last_modified_time AS creation_timestamp,
      UNIX_MILLIS(last_modified_time) AS last_modified_time, last_modified_time AS last_modified_timestamp
    FROM \`${ref.projectId}.${ref.datasetId}\`.INFORMATION_SCHEMA.PARTITIONS
    WHERE table_name = '${ref.tableId.replaceAll("'", "\\'")}' ORDER BY partition_id`;
  return runQuery(store, { sql, scope: { projectId: ref.projectId }, parameters: [] });
}
