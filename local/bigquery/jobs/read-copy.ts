import { BigQueryError } from '../errors.ts';
import type { Query } from '../query/session/query.ts';
import { asArray, asObject, asText, type Json, type JsonObject } from '../rest/http/json.ts';
import type { Store } from '../storage/store.ts';
import {
  isIngestionTime,
  PARTITION_TIME,
  partitionCondition,
  readPartition,
  splitDecorator,
} from '../tables/partitions.ts';
import type { Table, TableRef } from '../tables/schema.ts';
import { readQueryDestination } from './load/load-options.ts';

/** `configuration.copy` as a query into the destination, which gets the layout of the first source. */
export function readCopy(store: Store, projectId: string, copy: JsonObject): Query {
  const listed = asArray(copy['sourceTables']);
  const sources = (listed.length > 0 ? listed : [copy['sourceTable']]).map((json) =>
    sourceOf(store, tableOf(projectId, json)),
  );
  const first = sources[0]?.table;
  if (first === undefined || first.type === 'VIEW')
    throw new BigQueryError('invalid', 'Only tables can be copied');
  const operation = asText(copy['operationType']) ?? 'COPY';
  if (operation === 'RESTORE')
    throw new BigQueryError('notImplemented', 'RESTORE is not supported by the local server');
  const destination = readQueryDestination(projectId, copy);
  const { timePartitioning, clustering, tableConstraints, extra } = first;
  // The rows of a table by ingestion time keep their partitions, unless the destination is one.
  const columns =
    sources.every(({ table }) => isIngestionTime(table)) && destination.partition === undefined
      ? `*, ${PARTITION_TIME}`
      : '*';
  const sql = sources.map(({ from }) => `SELECT ${columns} FROM ${from}`);
  return {
    sql: sql.join(' UNION ALL '),
    scope: { projectId },
    parameters: [],
    destination: {
      ...destination,
      layout: {
        ...(timePartitioning && { timePartitioning }),
        ...(clustering && { clustering }),
        ...(tableConstraints && { tableConstraints }),
        extra,
      },
    },
  };
}

function sourceOf(store: Store, ref: TableRef): { table: Table; from: string } {
  const { tableId, partition } = splitDecorator(ref.tableId);
  const table = store.requireTable({ ...ref, tableId });
  const name = `\`${ref.projectId}.${ref.datasetId}.${tableId}\``;
  if (partition === undefined) return { table, from: name };
  const condition = partitionCondition(readPartition(table, partition), 'googlesql');
  return { table, from: `${name} WHERE ${condition}` };
}

function tableOf(projectId: string, json: Json | undefined): TableRef {
  const ref = asObject(json);
  const [datasetId, tableId] = [asText(ref['datasetId']), asText(ref['tableId'])];
  if (!datasetId || !tableId)
    throw new BigQueryError('required', 'Required parameter is missing: sourceTable');
  return { projectId: asText(ref['projectId']) ?? projectId, datasetId, tableId };
}
