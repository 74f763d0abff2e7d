import { createHash } from 'node:crypto';
import type { BigQuery, TableField } from '@google-cloud/bigquery';
import { typeNamed } from '../../../shared/delimited/column-types.ts';
import { orAbsent } from '../../bigquery/table-exists.ts';
import type { CsvFile } from '../archive/csv-file.ts';
import type { Column } from '../archive/export-columns.ts';
import type { ErrorProto } from './bigquery-failure.ts';
import type { Destination } from './destination.ts';
import { fieldsOf, type Schema } from './schema.ts';

export interface JobResource {
  status?: { state?: string; errorResult?: ErrorProto; errors?: ErrorProto[] };
  statistics?: { load?: { outputRows?: string } };
}

/**
 * The id of the job that loads a file. The same file of the same export has the same ids for the same table,
 * whoever announces it and however often, so that BigQuery itself refuses to load it twice: see
 * docs/decisions/0002-export-job-ids.md.
 *
 * @param attempt from 0; the id of a failed job can't be used again
 */
export function loadJobId(
  path: string,
  { dataset, table }: Destination,
  { name, bytes, crc32 }: Pick<CsvFile, 'name' | 'bytes' | 'crc32'>,
  attempt: number,
): string {
  // A query may be a signature, which differs with each announcement of the export.
  const [beforeQuery] = path.split('?', 1);
  const identity = JSON.stringify([beforeQuery, dataset, table, name, bytes, crc32]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 40);
  return `tributary-export-${hash}-${attempt}`;
}

export async function findJob(
  bigquery: BigQuery,
  jobId: string,
  { location }: Destination,
): Promise<JobResource | undefined> {
  const found = await orAbsent(bigquery.job(jobId, { location }).getMetadata());
  return found?.[0] as JobResource | undefined;
}

/**
 * The columns of the table after the export is loaded. Existing columns keep their types. Missing ones are added
 * with the types of the stream's schema, or else of their values.
 *
 * @param columns of the table; undefined if it does not exist
 * @param found in the files of the export
 * @returns undefined where BigQuery detects them, because the table does not exist and the stream says so
 */
export function fieldsFor(
  columns: readonly TableField[] | undefined,
  found: readonly Column[],
  schema: Schema | undefined,
): readonly TableField[] | undefined {
  if (!columns && schema === 'bigquery') return undefined;
  const existing = columns ?? [];
  return [...existing, ...missingColumns(wantedColumns(found, schema), existing)];
}

function wantedColumns(
  found: readonly Column[],
  schema: Schema | undefined,
): readonly TableField[] {
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
 * @param columns of the table; undefined if it does not exist
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
    // Allows letters of every script, whatever the project's default is.
    columnNameCharacterMap: 'V2',
    maxBadRecords: 0,
    createDisposition: 'CREATE_IF_NEEDED',
    writeDisposition: 'WRITE_APPEND',
  };
  if (!fields) return { ...common, autodetect: true };
  const adds = columns && fields.length > columns.length;
  return {
    ...common,
    // With a schema, columns would otherwise match by position.
    sourceColumnMatch: 'NAME',
    schema: { fields },
    ...(adds && { schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] }),
  };
}

function missingColumns(
  wanted: readonly TableField[],
  existing: readonly TableField[],
): TableField[] {
  const known = new Set(existing.map(({ name }) => name?.toLowerCase()));
  const missing: TableField[] = [];
  for (const column of wanted) {
    const name = column.name?.toLowerCase();
    // Names that differ only in case are one column.
    if (!name || known.has(name)) continue;
    known.add(name);
    missing.push(column);
  }
  return missing;
}
