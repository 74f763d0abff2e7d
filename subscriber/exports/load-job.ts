import { createHash } from 'node:crypto';
import type { TableField } from '@google-cloud/bigquery';
import type { Destination } from './destination.ts';
import { columnName, fieldsOf, type Schema } from './schema.ts';
import type { SurveyedFile } from './survey.ts';

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
  { name, bytes, crc32 }: Pick<SurveyedFile, 'name' | 'bytes' | 'crc32'>,
  attempt: number,
): string {
  const identity = JSON.stringify([path, dataset, table, name, bytes, crc32]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 40);
  return `tributary-export-${hash}-${attempt}`;
}

/**
 * The job's `configuration.load`. BigQuery finds out the columns of a table that doesn't exist, unless
 * the stream fixes them; one that exists keeps its own, matched by name, and gets those that it lacks:
 * as the stream has them, or else as strings.
 *
 * @param columns of the table; undefined where there is none
 */
export function loadConfiguration(
  destination: Destination,
  file: Pick<SurveyedFile, 'columns'>,
  columns: readonly TableField[] | undefined,
  schema?: Schema,
): object {
  const { dataset: datasetId, table: tableId } = destination;
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
  if (!columns && !schema) return { ...common, autodetect: true };
  const there = columns ?? [];
  const due = schema ? fieldsOf(schema) : file.columns.map(textColumn);
  const added = missingColumns(due, there);
  return {
    ...common,
    // Without it columns match by position when a schema is given.
    sourceColumnMatch: 'NAME',
    schema: { fields: [...there, ...added] },
    ...(columns && added.length > 0 && { schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] }),
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
