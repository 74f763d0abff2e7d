import { createHash } from 'node:crypto';
import type { TableField } from '@google-cloud/bigquery';
import type { Destination } from './destination.ts';
import type { CsvFile } from './read-header.ts';
import { columnName, fieldsOf, type Schema } from './schema.ts';

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
 * The columns that the table has when a file is loaded: those that it has keep their types, and it gets
 * those that it lacks, as the stream has them, or else as strings. Undefined where BigQuery finds them
 * out: a table that doesn't exist, and no columns that the stream fixes.
 *
 * @param columns of the table; undefined where there is none
 */
export function fieldsFor(
  file: Pick<CsvFile, 'columns'>,
  columns: readonly TableField[] | undefined,
  schema: Schema | undefined,
): readonly TableField[] | undefined {
  if (!columns && !schema) return undefined;
  const there = columns ?? [];
  const due = schema ? fieldsOf(schema) : file.columns.map(textColumn);
  return [...there, ...missingColumns(due, there)];
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

function textColumn(header: string): TableField {
  return { name: columnName(header), type: 'STRING', mode: 'NULLABLE' };
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
