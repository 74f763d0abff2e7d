import { formatTable, type Table } from '../tables/schema.ts';
import { writeFields } from './schema-json.ts';

function tableReference(table: Table): object {
  const { projectId, datasetId, tableId } = table;
  return { projectId, datasetId, tableId };
}

/** A table as `tables.list` gives it. */
export function summariseTable(table: Table): object {
  return {
    kind: 'bigquery#table',
    id: formatTable(table),
    tableReference: tableReference(table),
    type: table.type,
    ...(table.timePartitioning && { timePartitioning: table.timePartitioning }),
    ...(table.clustering && { clustering: table.clustering }),
    ...(table.view && { view: { useLegacySql: false } }),
    ...(table.extra['labels'] === undefined ? {} : { labels: table.extra['labels'] }),
    creationTime: String(table.creationTime),
  };
}

/** A table as `tables.get` gives it. */
export function describeTable(table: Table, rows: bigint): object {
  const { projectId, datasetId, tableId } = table;
  return {
    ...table.extra,
    ...summariseTable(table),
    etag: table.etag,
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${projectId}/datasets/${datasetId}/tables/${tableId}`,
    ...(table.schema.length > 0 && { schema: { fields: writeFields(table.schema) } }),
    ...(table.tableConstraints && { tableConstraints: table.tableConstraints }),
    ...(table.view && { view: { query: table.view.query, useLegacySql: false } }),
    location: table.location,
    lastModifiedTime: String(table.lastModifiedTime),
    numRows: String(rows),
    numBytes: '0',
    numLongTermBytes: '0',
  };
}
