/** BigQuery's column types, as its REST API writes them. */
export type FieldType =
  | 'STRING'
  | 'BYTES'
  | 'INTEGER'
  | 'FLOAT'
  | 'NUMERIC'
  | 'BIGNUMERIC'
  | 'BOOLEAN'
  | 'TIMESTAMP'
  | 'DATE'
  | 'DATETIME'
  | 'TIME'
  | 'JSON'
  | 'RECORD';

export type FieldMode = 'NULLABLE' | 'REQUIRED' | 'REPEATED';

export interface Field {
  name: string;
  type: FieldType;
  mode: FieldMode;
  /** Whether the mode is the default, because the column was given without one. */
  isModeImplicit?: boolean;
  description?: string;
  /** The columns of a RECORD; absent for every other type. */
  fields?: Field[];
  /** Other properties of a column, which this server only stores and returns. */
  extra?: Readonly<Record<string, unknown>>;
}

export interface DatasetRef {
  projectId: string;
  datasetId: string;
}

export interface TableRef extends DatasetRef {
  tableId: string;
}

export interface TimePartitioning {
  type: 'DAY' | 'HOUR' | 'MONTH' | 'YEAR';
  field?: string;
  expirationMs?: string;
  requirePartitionFilter?: boolean;
}

export interface Dataset extends DatasetRef {
  location: string;
  /** Unix milliseconds. */
  creationTime: number;
  lastModifiedTime: number;
  etag: string;
  /** Properties that this server only stores and returns: labels, description, access, … */
  extra: Readonly<Record<string, unknown>>;
}

export interface Table extends TableRef {
  type: 'TABLE' | 'VIEW';
  schema: Field[];
  /** Increases with each change of `schema`. */
  schemaVersion: number;
  timePartitioning?: TimePartitioning;
  clustering?: { fields: string[] };
  tableConstraints?: { primaryKey?: { columns: string[] } };
  /** `dataset` is the default dataset of the statement that made it. */
  view?: { query: string; dataset?: DatasetRef };
  location: string;
  /** Unix milliseconds. */
  creationTime: number;
  lastModifiedTime: number;
  etag: string;
  /** Properties that this server only stores and returns: labels, rangePartitioning, … */
  extra: Readonly<Record<string, unknown>>;
}

const TYPES: Readonly<Record<string, FieldType>> = {
  STRING: 'STRING',
  BYTES: 'BYTES',
  INTEGER: 'INTEGER',
  INT64: 'INTEGER',
  FLOAT: 'FLOAT',
  FLOAT64: 'FLOAT',
  NUMERIC: 'NUMERIC',
  DECIMAL: 'NUMERIC',
  BIGNUMERIC: 'BIGNUMERIC',
  BIGDECIMAL: 'BIGNUMERIC',
  BOOLEAN: 'BOOLEAN',
  BOOL: 'BOOLEAN',
  TIMESTAMP: 'TIMESTAMP',
  DATE: 'DATE',
  DATETIME: 'DATETIME',
  TIME: 'TIME',
  JSON: 'JSON',
  RECORD: 'RECORD',
  STRUCT: 'RECORD',
};

/** The type of a name in either of BigQuery's spellings, or undefined. */
export function canonicalType(name: string): FieldType | undefined {
  return TYPES[name.toUpperCase()];
}

export function formatTable(ref: TableRef): string {
  return `${ref.projectId}:${ref.datasetId}.${ref.tableId}`;
}

export function formatDataset(ref: DatasetRef): string {
  return `${ref.projectId}:${ref.datasetId}`;
}

/** Finds a column by name. Column names ignore case; table and dataset ids do not. */
export function findField(fields: readonly Field[], name: string): Field | undefined {
  const wanted = name.toLowerCase();
  return fields.find((field) => field.name.toLowerCase() === wanted);
}
