import {
  blobValue,
  type DuckDBValue,
  dateValue,
  decimalValue,
  listValue,
  structValue,
  timestampTZValue,
  timestampValue,
  timeValue,
} from '@duckdb/node-api';
import { BIGNUMERIC_TYPE, bignumericUnits, UNITS_FIELD } from '../values/bignumeric.ts';
import type { Cell } from './cell.ts';
import { isIngestionTime, PARTITION_TIME } from './partitions.ts';
import type { Field, FieldType, Table, TableRef } from './schema.ts';

/**
 * The DuckDB type for each BigQuery type. JSON is stored as text, so numbers beyond 2^53 stay exact.
 * BIGNUMERIC has 76 digits and DuckDB's decimals only 38: see values/bignumeric.ts.
 */
const STORED: Readonly<Record<Exclude<FieldType, 'RECORD'>, string>> = {
  STRING: 'VARCHAR',
  BYTES: 'BLOB',
  INTEGER: 'BIGINT',
  FLOAT: 'DOUBLE',
  NUMERIC: 'DECIMAL(38, 9)',
  BIGNUMERIC: BIGNUMERIC_TYPE,
  BOOLEAN: 'BOOLEAN',
  TIMESTAMP: 'TIMESTAMP WITH TIME ZONE',
  DATE: 'DATE',
  DATETIME: 'TIMESTAMP',
  TIME: 'TIME',
  JSON: 'JSON',
};

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The DuckDB type of a column, as SQL. */
export function columnType(field: Field): string {
  const single = field.type === 'RECORD' ? structType(field.fields ?? []) : STORED[field.type];
  return field.mode === 'REPEATED' ? `${single}[]` : single;
}

function structType(fields: readonly Field[]): string {
  const inner = fields.map((field) => `${quoteIdentifier(field.name)} ${columnType(field)}`);
  return `STRUCT(${inner.join(', ')})`;
}

/**
 * DuckDB's names ignore case; BigQuery's dataset and table ids do not. Each capital letter is marked,
 * so that `Events` and `events` are two tables.
 */
function physicalName(id: string): string {
  return id.replace(/[\p{Lu}^]/gu, '^$&');
}

export function physicalSchema(ref: { projectId: string; datasetId: string }): string {
  return physicalName(`${ref.projectId}.${ref.datasetId}`);
}

export function physicalTable(ref: TableRef): string {
  return physicalName(ref.tableId);
}

export function quoteTable(ref: TableRef): string {
  return `${quoteIdentifier(physicalSchema(ref))}.${quoteIdentifier(physicalTable(ref))}`;
}

export function createTableSql(table: Table): string {
  const columns = table.schema.map((field) => {
    const required = field.mode === 'REQUIRED' ? ' NOT NULL' : '';
    return `${quoteIdentifier(field.name)} ${columnType(field)}${required}`;
  });
  if (isIngestionTime(table)) {
    const unit = table.timePartitioning?.type ?? 'DAY';
    columns.unshift(
      `${quoteIdentifier(PARTITION_TIME)} TIMESTAMP WITH TIME ZONE DEFAULT date_trunc('${unit}', now())`,
    );
  }
  return `CREATE TABLE ${quoteTable(table)} (${columns.join(', ')})`;
}

/** Converts a cell that checkCell has accepted to DuckDB's value. */
export function toDuckValue(field: Field, cell: Cell): DuckDBValue {
  if (field.mode === 'REPEATED') {
    const items = Array.isArray(cell) ? cell : [];
    return listValue(items.map((item) => scalarToDuckValue(field, item)));
  }
  return scalarToDuckValue(field, cell);
}

function scalarToDuckValue(field: Field, cell: Cell): DuckDBValue {
  if (cell === null) return null;
  switch (field.type) {
    case 'TIMESTAMP':
      return timestampTZValue(cell as bigint);
    case 'DATETIME':
      return timestampValue(cell as bigint);
    case 'TIME':
      return timeValue(cell as bigint);
    case 'DATE':
      return dateValue(cell as number);
    case 'NUMERIC':
      return decimalValue(unscaled(cell as string, 9), 38, 9);
    case 'BIGNUMERIC':
      return structValue({ [UNITS_FIELD]: bignumericUnits(cell as string) ?? null });
    case 'BYTES':
      return blobValue(cell as Uint8Array);
    case 'RECORD':
      return record(field.fields ?? [], cell as Cell[]);
    default:
      return cell as string | bigint | number | boolean;
  }
}

function record(fields: readonly Field[], cells: readonly Cell[]): DuckDBValue {
  const entries: Record<string, DuckDBValue> = {};
  fields.forEach((field, index) => {
    entries[field.name] = toDuckValue(field, cells[index] ?? null);
  });
  return structValue(entries);
}

/** '12.5' with scale 9 is 12500000000n. */
function unscaled(decimal: string, scale: number): bigint {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}
