import type { TableField } from '@google-cloud/bigquery';
import type { ExportSettings } from '../../../shared/config/export-settings.ts';
import { columnName } from '../../../shared/delimited/column-names.ts';
import { RelayError } from '../../../shared/errors.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import type { ExportColumns } from '../archive/export-columns.ts';

export type Schema = NonNullable<ExportSettings['schema']>;
/** The columns that the stream's config declares, by name. */
type FixedSchema = Exclude<Schema, string>;

export function fieldsOf(schema: FixedSchema): TableField[] {
  return Object.entries(schema).map(([name, type]) => ({ name, type, mode: 'NULLABLE' }));
}

/** The new names of columns whose name occurs twice in a header: `v: v_1`. */
export function renamings({ header, names }: Pick<CsvFile, 'header' | 'names'>): string[] {
  return header.flatMap((text, cell) => {
    const wanted = columnName(text);
    return wanted === '' || wanted === names[cell] ? [] : [`${text.trim()}: ${names[cell]}`];
  });
}

/**
 * Rejects files with columns that are not in a fixed schema, before any of them is loaded: BigQuery would leave
 * out the rows.
 *
 * @param found the columns of these files
 * @throws RelayError `export.schema`
 */
export function requireSchema(
  files: readonly CsvFile[],
  found: ExportColumns,
  schema: Schema | undefined,
): void {
  if (typeof schema !== 'object') return;
  const known = new Set(Object.keys(schema).map((name) => name.toLowerCase()));
  for (const file of files) {
    const unknown = found.cellsOf(file).flatMap((cell) => {
      const name = file.names[cell] ?? '';
      return known.has(name.toLowerCase()) ? [] : [describeColumn(file.header[cell] ?? '', name)];
    });
    if (unknown.length === 0) continue;
    const list = unknown.slice(0, 10).join(', ');
    throw new RelayError(
      'export.schema',
      `${file.name} has columns that are not in the stream's schema: ${list}`,
    );
  }
}

/** A column as its header names it, with its new name if that is another one. */
function describeColumn(header: string, name: string): string {
  const text = header.trim();
  if (text === '') return `${name} (which has no name)`;
  return columnName(text) === name ? text : `${name} (a second ${text})`;
}

/**
 * Checks that an existing table has the types of the schema. A person can change either.
 *
 * @param columns of the table
 * @throws RelayError `export.table-types`
 */
export function requireSameTypes(columns: readonly TableField[], schema: FixedSchema): void {
  const wanted = new Map(
    Object.entries(schema).map(([name, type]) => [name.toLowerCase(), type] as const),
  );
  for (const { name = '', type = '' } of columns) {
    const expected = wanted.get(name.toLowerCase());
    const found = standardType(type);
    if (expected === undefined || expected === found) continue;
    const problem = `the table's column ${name} is ${found}, and the schema says ${expected}`;
    throw new RelayError('export.table-types', problem);
  }
}

/** Are all columns of a table among the fields of a job, with the same types? */
export function holdsAll(fields: readonly TableField[], columns: readonly TableField[]): boolean {
  const types = new Map(fields.map(({ name, type }) => [name?.toLowerCase(), standardType(type)]));
  return columns.every(({ name, type }) => types.get(name?.toLowerCase()) === standardType(type));
}

/** The REST API has other names for some types. */
function standardType(type = ''): string {
  return standardNames.get(type) ?? type;
}

const standardNames = new Map([
  ['INTEGER', 'INT64'],
  ['FLOAT', 'FLOAT64'],
  ['BOOLEAN', 'BOOL'],
]);
