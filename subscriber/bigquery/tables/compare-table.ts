import type { TableField, TableMetadata } from '@google-cloud/bigquery';
import type { Column, ColumnType, TableLayout } from '../../../shared/columns.ts';

/** The REST API's older names of some types; it takes both names and answers with these. */
const REST_NAMES: Partial<Record<ColumnType, string>> = {
  INT64: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
};

const SQL_NAMES: Readonly<Record<string, string>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  STRUCT: 'RECORD',
};

const msPerDay = 86_400_000;

/** The metadata with which the REST API creates a table. */
export function toTableMetadata(layout: TableLayout): TableMetadata {
  const { partitionBy, expiresAfterDays, clusterBy, key, description } = layout;
  const expiry = expiresAfterDays && { expirationMs: String(expiresAfterDays * msPerDay) };
  return {
    schema: { fields: layout.columns.map(toField) },
    ...(partitionBy && {
      timePartitioning: { type: partitionBy.by, field: partitionBy.column, ...expiry },
    }),
    ...(clusterBy?.length && { clustering: { fields: clusterBy } }),
    ...(key && { tableConstraints: { primaryKey: { columns: key } } }),
    ...(description && { description }),
  };
}

function toField(column: Column): TableField {
  return {
    name: column.name,
    type: REST_NAMES[column.type] ?? column.type,
    mode: column.mode ?? 'NULLABLE',
    ...(column.description && { description: column.description }),
    ...(column.columns && { fields: column.columns.map(toField) }),
  };
}

/** How an existing table differs from the layout that rows are encoded for. */
interface Difference {
  /** All fields that the table should have: its own, and the new ones after them. */
  fields: TableField[];
  /** Paths of columns that the table lacks and that can be added. */
  added: string[];
  /** What no change of the table can fix; each names both sides. */
  problems: string[];
}

export interface TableDifference extends Difference {
  /** The layout has a primary key, but the table has none. */
  lacksKey: boolean;
}

/** Compares a table with a layout. Column names match in any case. */
export function compareTable(metadata: TableMetadata, layout: TableLayout): TableDifference {
  const existing = (metadata.schema as { fields?: TableField[] } | undefined)?.fields ?? [];
  const difference = compareColumns(existing, layout.columns, '');
  const key = metadata.tableConstraints?.primaryKey?.columns ?? [];
  for (const problem of [
    compareKinds(metadata),
    comparePartitions(metadata, layout),
    compareKeys(key, layout),
  ]) {
    if (problem) difference.problems.push(problem);
  }
  return { ...difference, lacksKey: layout.key !== undefined && key.length === 0 };
}

/** Rows can't be appended to a view, a snapshot or an external table. */
function compareKinds({ type }: TableMetadata): string | undefined {
  if (type === undefined || type === 'TABLE') return undefined;
  return `it is a ${type}, not a TABLE`;
}

/** A table without a key may get one; a key that the config does not name may stay. */
function compareKeys(
  key: readonly string[],
  { key: wanted = [] }: TableLayout,
): string | undefined {
  if (key.length === 0 || wanted.length === 0) return undefined;
  const names = (columns: readonly string[]) => columns.map((name) => name.toLowerCase()).sort();
  if (names(key).join() === names(wanted).join()) return undefined;
  return `primary key ${key.join(', ')} in the table, ${wanted.join(', ')} in the config`;
}

function compareColumns(
  existing: readonly TableField[],
  columns: readonly Column[],
  parent: string,
): Difference {
  const difference: Difference = { fields: [], added: [], problems: [] };
  const wanted = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  for (const field of existing) {
    const key = String(field.name).toLowerCase();
    const column = wanted.get(key);
    wanted.delete(key);
    difference.fields.push(compareField(field, column, parent, difference));
  }
  for (const column of wanted.values()) {
    difference.added.push(parent + column.name);
    // BigQuery does not add a REQUIRED column to a table that has rows.
    const mode = column.mode === 'REPEATED' ? 'REPEATED' : 'NULLABLE';
    difference.fields.push(toField({ ...column, mode }));
  }
  return difference;
}

/** Adds the field's problems to `difference`, and returns the field with its new parts. */
function compareField(
  field: TableField,
  column: Column | undefined,
  parent: string,
  difference: Difference,
): TableField {
  const path = parent + field.name;
  const mode = field.mode ?? 'NULLABLE';
  if (!column) {
    if (mode === 'REQUIRED') {
      difference.problems.push(`${path}: REQUIRED in the table, not in the config`);
    }
    return field;
  }
  const type = SQL_NAMES[String(field.type)] ?? String(field.type);
  if (type !== column.type) {
    difference.problems.push(`${path}: ${type} in the table, ${column.type} in the config`);
    return field;
  }
  const wantedMode = column.mode ?? 'NULLABLE';
  const fits = mode === wantedMode || (mode === 'NULLABLE' && wantedMode === 'REQUIRED');
  if (!fits) {
    difference.problems.push(`${path}: ${mode} in the table, ${wantedMode} in the config`);
  }
  if (type !== 'RECORD') return field;
  const inner = compareColumns(field.fields ?? [], column.columns ?? [], `${path}.`);
  difference.added.push(...inner.added);
  difference.problems.push(...inner.problems);
  return { ...field, fields: inner.fields };
}

function comparePartitions(metadata: TableMetadata, layout: TableLayout): string | undefined {
  if (!layout.partitionBy) return undefined;
  const { field, type } = metadata.timePartitioning ?? {};
  const { column, by } = layout.partitionBy;
  if (field?.toLowerCase() === column.toLowerCase() && type === by) return undefined;
  const actual = type ? `by ${type} of ${field ?? 'the time of arrival'}` : 'not at all';
  return `partitioned ${actual} in the table, by ${by} of ${column} in the config`;
}
