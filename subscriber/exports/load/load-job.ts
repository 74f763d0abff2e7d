import { createHash } from 'node:crypto';
import type { TableField } from '@google-cloud/bigquery';
import { typeNamed } from '../../../shared/delimited/column-types.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import type { Column } from '../archive/export-columns.ts';
import type { Destination } from './destination.ts';
import { fieldsOf, type Schema } from './schema.ts';

/**
 * The id of the job that loads a file. The same file of the same export into the same table has the same
 * ids, whoever announces it and however often, so BigQuery itself refuses to load it twice: see
 * docs/decisions/0002-export-job-ids.md.
 *
 * @param attempt 0 at first; a failed job has used up its id
 */
export function loadJobId(
  path: string,
  { dataset, table }: Destination,
  { name, bytes, crc32 }: Pick<CsvFile, 'name' | 'bytes' | 'crc32'>,
  attempt: number,
): string {
  // A query may be a signature, which is another one each time that the export is announced.
  const [beforeQuery] = path.split('?', 1);
  const identity = JSON.stringify([beforeQuery, dataset, table, name, bytes, crc32]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 40);
  return `tributary-export-${hash}-${attempt}`;
}

/**
 * The columns that the table has when an export is loaded: those that it has keep their types, and it gets
 * those that it lacks, as the stream has them, or else with the types that their values have. Undefined where
 * BigQuery finds them out: a table that doesn't exist, and a stream that leaves it to BigQuery.
 *
 * @param columns of the table; undefined where there is none
 * @param found in the files of the export
 */
export function fieldsFor(
  columns: readonly TableField[] | undefined,
  found: readonly Column[],
  schema: Schema | undefined,
): readonly TableField[] | undefined {
  if (!columns && schema === 'bigquery') return undefined;
  const there = columns ?? [];
  return [...there, ...missingColumns(dueColumns(found, schema), there)];
}

function dueColumns(found: readonly Column[], schema: Schema | undefined): readonly TableField[] {
  if (typeof schema === 'object') return fieldsOf(schema);
  return found.map(({ name, types }) => ({
    name,
    type: schema === 'bigquery' ? 'STRING' : typeNamed(types),
    mode: 'NULLABLE',
  }));
}

/**
 * The job's `configuration.load`.
 *
 * @param fields of fieldsFor
 * @param columns of the table; undefined where there is none
 */
export function loadConfiguration(
  { dataset: datasetId, table: tableId }: Destination,
  fields: readonly TableField[] | undefined,
  columns: readonly TableField[] | undefined,
): object {
  const common = {
    destinationTable: { projectId: '{{projectId}}', datasetId, tableId },
    sourceFormat: 'CSV',
    encoding: 'UTF-8',
    skipLeadingRows: 1,
    allowQuotedNewlines: true,
    preserveAsciiControlCharacters: true,
    // Letters of every script, whatever the project's default is.
    columnNameCharacterMap: 'V2',
    maxBadRecords: 0,
    createDisposition: 'CREATE_IF_NEEDED',
    writeDisposition: 'WRITE_APPEND',
  };
  if (!fields) return { ...common, autodetect: true };
  const adds = columns && fields.length > columns.length;
  return {
    ...common,
    // Without it columns match by position when a schema is given.
    sourceColumnMatch: 'NAME',
    schema: { fields },
    ...(adds && { schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] }),
  };
}

function missingColumns(due: readonly TableField[], there: readonly TableField[]): TableField[] {
  const known = new Set(there.map(({ name }) => name?.toLowerCase()));
  const missing: TableField[] = [];
  for (const column of due) {
    const name = column.name?.toLowerCase();
    // Names that differ in case alone are one column.
    if (!name || known.has(name)) continue;
    known.add(name);
    missing.push(column);
  }
  return missing;
}
