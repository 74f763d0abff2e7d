import type { TableField } from '@google-cloud/bigquery';
import type { ExportSettings } from '../../shared/export-settings.ts';
import { postpone, refuse } from './failure.ts';
import type { SurveyedFile } from './survey.ts';

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
  files: readonly Pick<SurveyedFile, 'name' | 'columns'>[],
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
    const found = standardNames.get(type) ?? type;
    if (due === undefined || due === found) continue;
    throw postpone('schema', `the table's column ${name} is ${found}, and the schema says ${due}`);
  }
}

/** The REST API's own names of some types. */
const standardNames = new Map([
  ['INTEGER', 'INT64'],
  ['FLOAT', 'FLOAT64'],
  ['BOOLEAN', 'BOOL'],
]);
