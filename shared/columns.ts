import { JsonText } from './json/json-text.ts';

/** BigQuery's column types, by the names of GoogleSQL (the REST API also knows INTEGER, FLOAT, BOOLEAN). */
export type ColumnType =
  | 'STRING'
  | 'BYTES'
  | 'INT64'
  | 'FLOAT64'
  | 'NUMERIC'
  | 'BIGNUMERIC'
  | 'BOOL'
  | 'TIMESTAMP'
  | 'DATE'
  | 'DATETIME'
  | 'TIME'
  | 'JSON'
  | 'RECORD';

/** One column of a table. `columns` holds the fields of a RECORD, and of nothing else. */
export interface Column {
  name: string;
  type: ColumnType;
  /** NULLABLE when absent. */
  mode?: 'NULLABLE' | 'REQUIRED' | 'REPEATED';
  description?: string;
  columns?: Column[];
  /** A row needs a value here that fits. The table's column is NULLABLE anyway. */
  required?: boolean;
  /** Has a value exactly as it was sent, or NULL: a lone surrogate is not replaced. */
  exact?: boolean;
  /** Repeats part of another column: it is left out of a row that would be too large with it. */
  spare?: boolean;
}

/** What a table must look like: enough to create it, and to encode rows for it. */
export interface TableLayout {
  columns: Column[];
  /** Partitions by a top-level TIMESTAMP, DATE or DATETIME column. */
  partitionBy?: { column: string; by: 'DAY' | 'HOUR' | 'MONTH' };
  /** BigQuery deletes a partition when its time is this long ago. Only set when the table is created. */
  expiresAfterDays?: number;
  clusterBy?: string[];
  /** The primary key: rows are upserts, and the newest row of each key stays. */
  key?: string[];
  /** The columns that are equal in duplicates of a row, and the column that shows the newest. */
  copies?: { by: string[]; newest?: string };
  description?: string;
}

/** The value of a cell before it is encoded. A RECORD is an object, a REPEATED column an array. */
export type Value =
  | null
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  /** A moment, for a TIMESTAMP. */
  | Date
  /** For a JSON column. It takes a string too, and checks that it is JSON. */
  | JsonText
  | Value[]
  | { [name: string]: Value };

/** One row, by column name. */
export type Row = { [name: string]: Value };

/** Whether it is a RECORD's fields, and not another object. */
export function isRecord(value: Value): value is Row {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Uint8Array || value instanceof Date || value instanceof JsonText);
}

/**
 * The types that a table can be clustered by: https://cloud.google.com/bigquery/docs/creating-clustered-tables#limitations. A key
 * can have these too, and BYTES (https://cloud.google.com/bigquery/docs/primary-foreign-keys), but our tables are clustered by their key.
 */
export const clusterTypes: ReadonlySet<ColumnType> = new Set([
  'STRING',
  'INT64',
  'NUMERIC',
  'BIGNUMERIC',
  'BOOL',
  'TIMESTAMP',
  'DATE',
  'DATETIME',
]);
const maxClusters = 4;

/** The layout of a stream's table: its source's, with the key that the stream declares. */
export function keyedLayout(
  layout: TableLayout,
  { key }: { key?: readonly string[] },
): TableLayout {
  if (!key) return layout;
  // BigQuery merges changes by the key, and clusters make that cheap.
  const clusterBy = [...new Set([...key, ...(layout.clusterBy ?? [])])].slice(0, maxClusters);
  const newest = layout.copies?.newest;
  return {
    ...layout,
    clusterBy,
    key: [...key],
    copies: { by: [...key], ...(newest && { newest }) },
  };
}
