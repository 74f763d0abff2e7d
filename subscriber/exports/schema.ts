import type { TableField } from '@google-cloud/bigquery';
import type { ExportSettings } from '../../shared/export-settings.ts';
import { postpone, refuse } from './failure.ts';
import type { CsvFile } from './read-header.ts';

/** The columns that a stream fixes, by name. */
export type Schema = NonNullable<ExportSettings['schema']>;

/** As BigQuery names columns: names that differ in case alone are one. */
export function fieldsOf(schema: Schema): TableField[] {
  return Object.entries(schema).map(([name, type]) => ({ name, type, mode: 'NULLABLE' }));
}

/** As autodetect spells a header: https://cloud.google.com/bigquery/docs/schema-detect */
export function columnName(header: string): string {
  return header
    .trim()
    .replace(/\W/g, '_')
    .replace(/^(?=\d)/, '_');
}

/**
 * Refuses files with columns that a fixed schema lacks, before any of them is loaded: BigQuery would
 * leave out the rows.
 *
 * @throws RelayError `export.schema`
 */
export function requireSchema(
  files: readonly Pick<CsvFile, 'name' | 'columns'>[],
  schema: Schema | undefined,
): void {
  if (!schema) return;
  const known = new Set(Object.keys(schema).map((name) => name.toLowerCase()));
  for (const { name, columns } of files) {
    const unknown = columns.filter((column) => !known.has(columnName(column).toLowerCase()));
    if (unknown.length === 0) continue;
    const list = unknown.slice(0, 10).join(', ');
    throw refuse('schema', `${name} has columns that the stream's schema lacks: ${list}`);
  }
}

/**
 * A table that was there before must have the types of the schema; a person can mend either.
 *
 * @param columns of the table
 * @throws RelayError `export.schema`
 */
export function requireSameTypes(columns: readonly TableField[], schema: Schema): void {
  const wanted = new Map(
    Object.entries(schema).map(([name, type]) => [name.toLowerCase(), type] as const),
  );
  for (const { name = '', type = '' } of columns) {
    const due = wanted.get(name.toLowerCase());
    const found = standardType(type);
    if (due === undefined || due === found) continue;
    throw postpone('schema', `the table's column ${name} is ${found}, and the schema says ${due}`);
  }
}

/** Are all columns of a table among the fields of a job, with the same types? */
export function holdsAll(fields: readonly TableField[], columns: readonly TableField[]): boolean {
  const types = new Map(fields.map(({ name, type }) => [name?.toLowerCase(), standardType(type)]));
  return columns.every(({ name, type }) => types.get(name?.toLowerCase()) === standardType(type));
}

/** The REST API has names of its own for some types. */
function standardType(type = ''): string {
  return standardNames.get(type) ?? type;
}

const standardNames = new Map([
  ['INTEGER', 'INT64'],
  ['FLOAT', 'FLOAT64'],
  ['BOOLEAN', 'BOOL'],
]);
