import { createHash } from 'node:crypto';
import type { TableField } from '@google-cloud/bigquery';
import type { Destination } from './destination.ts';
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
 * The job's `configuration.load`. BigQuery finds out the columns of a table that doesn't exist; one that
 * exists keeps its own, matched by name, and gets those that it lacks as strings.
 */
export function loadConfiguration(
  destination: Destination,
  file: Pick<SurveyedFile, 'columns'>,
  columns: readonly TableField[] | undefined,
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
  if (!columns) return { ...common, autodetect: true };
  const added = missingColumns(file.columns, columns);
  return {
    ...common,
    // Without it columns match by position when a schema is given.
    sourceColumnMatch: 'NAME',
    schema: { fields: [...columns, ...added] },
    ...(added.length > 0 && { schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] }),
  };
}

function missingColumns(names: readonly string[], columns: readonly TableField[]): TableField[] {
  const known = new Set(columns.map(({ name }) => name?.toLowerCase()));
  const missing: TableField[] = [];
  for (const name of names.map(columnName)) {
    // Names that differ in case alone are one column.
    if (name === '' || known.has(name.toLowerCase())) continue;
    known.add(name.toLowerCase());
    missing.push({ name, type: 'STRING', mode: 'NULLABLE' });
  }
  return missing;
}

/** As autodetect spells a header: https://cloud.google.com/bigquery/docs/schema-detect */
function columnName(header: string): string {
  return header
    .trim()
    .replace(/\W/g, '_')
    .replace(/^(?=\d)/, '_');
}
