import type { RoutineResource } from '../../storage/routines.ts';
import type { JobSummary } from '../../storage/store.ts';
import { PARTITION_TIME } from '../../tables/partitions.ts';
import type { Dataset } from '../../tables/schema.ts';
import { instant, integer, text, type ViewRow } from './rows.ts';
import type { SchemaContext } from './schema-context.ts';
import { EMPTY_TABLE, names, tablesOf } from './table-rows.ts';

interface Rows {
  rows: (ViewRow | string)[];
  sample: ViewRow;
}

const EMPTY_DATASET: Dataset = {
  projectId: '',
  datasetId: '',
  location: '',
  creationTime: 0,
  lastModifiedTime: 0,
  etag: '',
  extra: {},
};

export function schemataRows({ store, projectId }: SchemaContext): Rows {
  const row = (dataset: Dataset): ViewRow => ({
    catalog_name: text(dataset.projectId),
    schema_name: text(dataset.datasetId),
    schema_owner: text(undefined),
    creation_time: instant(dataset.creationTime),
    last_modified_time: instant(dataset.lastModifiedTime),
    location: text(dataset.location),
    ddl: text(
      `CREATE SCHEMA \`${dataset.projectId}.${dataset.datasetId}\`\nOPTIONS(\n  location="${dataset.location}"\n);`,
    ),
    default_collation_name: "'NULL'",
  });
  const shown = store.listDatasets(projectId).filter(({ datasetId }) => !datasetId.startsWith('_'));
  return { rows: shown.map(row), sample: row(EMPTY_DATASET) };
}

export function schemataOptions({ store, projectId }: SchemaContext): Rows {
  const row = (dataset: Dataset, name: string, value: string): ViewRow => ({
    catalog_name: text(dataset.projectId),
    schema_name: text(dataset.datasetId),
    option_name: text(name),
    option_type: "'STRING'",
    option_value: text(value),
  });
  const rows = store.listDatasets(projectId).flatMap((dataset) => {
    const { description } = dataset.extra;
    const own = [row(dataset, 'location', JSON.stringify(dataset.location))];
    return typeof description === 'string'
      ? [...own, row(dataset, 'description', JSON.stringify(description))]
      : own;
  });
  return { rows, sample: row(EMPTY_DATASET, '', '') };
}

/** The rows' numbers are read when the query runs. */
export function tablesMetaRows(context: SchemaContext): Rows {
  const row = (table: typeof EMPTY_TABLE): ViewRow => ({
    project_id: text(table.projectId),
    dataset_id: text(table.datasetId),
    table_id: text(table.tableId),
    creation_time: integer(table.creationTime),
    last_modified_time: integer(table.lastModifiedTime),
    row_count:
      table.type === 'TABLE' && table.tableId !== ''
        ? `(SELECT COUNT(*) FROM \`${table.projectId}.${table.datasetId}.${table.tableId}\`)`
        : '0',
    size_bytes: '0',
    type: table.type === 'TABLE' ? '1' : '2',
  });
  return { rows: tablesOf(context).map(row), sample: row(EMPTY_TABLE) };
}

export function tableStorageRows(context: SchemaContext): Rows {
  const row = (table: typeof EMPTY_TABLE): ViewRow => ({
    project_id: text(table.projectId),
    ...names(table),
    creation_time: instant(table.creationTime),
    total_rows:
      table.tableId === ''
        ? '0'
        : `(SELECT COUNT(*) FROM \`${table.projectId}.${table.datasetId}.${table.tableId}\`)`,
    total_partitions: '0',
    total_logical_bytes: '0',
    active_logical_bytes: '0',
    long_term_logical_bytes: '0',
    storage_last_modified_time: instant(table.lastModifiedTime),
    deleted: 'FALSE',
    table_type: "'BASE TABLE'",
  });
  return {
    rows: tablesOf(context)
      .filter(({ type }) => type === 'TABLE')
      .map(row),
    sample: row(EMPTY_TABLE),
  };
}

const UNITS: Readonly<Record<string, string>> = {
  HOUR: '%Y%m%d%H',
  DAY: '%Y%m%d',
  MONTH: '%Y%m',
  YEAR: '%Y',
};

/** One row for each partition of a table, or one with a NULL id for a table that has none. */
export function partitionRows(context: SchemaContext): Rows {
  const row = (table: typeof EMPTY_TABLE, id: string, count: string): ViewRow => ({
    ...names(table),
    partition_id: id,
    total_rows: count,
    total_logical_bytes: '0',
    total_billable_bytes: '0',
    last_modified_time: instant(table.lastModifiedTime),
    storage_tier: "'ACTIVE'",
  });
  const rows = tablesOf(context)
    .filter(({ type }) => type === 'TABLE')
    .map((table) => {
      const path = `\`${table.projectId}.${table.datasetId}.${table.tableId}\``;
      const { timePartitioning } = table;
      if (timePartitioning === undefined)
        return row(table, text(undefined), `(SELECT COUNT(*) FROM ${path})`);
      const { field, type } = timePartitioning;
      const column = table.schema.find(({ name }) => name === field) ?? {
        name: PARTITION_TIME,
        type: 'TIMESTAMP',
      };
      const id = `IFNULL(FORMAT_${column.type}('${UNITS[type]}', \`${column.name}\`), '__NULL__')`;
      const cells = Object.entries(row(table, id, 'COUNT(*)')).map(
        ([name, value]) => `${value} AS ${name}`,
      );
      return `SELECT ${cells.join(', ')} FROM ${path} GROUP BY partition_id`;
    });
  return { rows, sample: row(EMPTY_TABLE, text(undefined), '0') };
}

export function jobRows({ store, projectId }: SchemaContext): Rows {
  const row = (job: JobSummary): ViewRow => ({
    creation_time: instant(job.creationTime),
    project_id: text(job.projectId),
    user_email: text('local@tributary.invalid'),
    job_id: text(job.jobId),
    job_type: text(job.type),
    statement_type: text(job.statementType),
    priority: "'INTERACTIVE'",
    start_time: instant(job.startTime),
    end_time: instant(job.endTime),
    query: text(job.query),
    state: text(job.state),
    total_bytes_processed: '0',
    total_slot_ms: '0',
    cache_hit: 'FALSE',
    error_result:
      job.error === undefined
        ? 'CAST(NULL AS STRUCT<reason STRING, message STRING>)'
        : `STRUCT(${text(job.error.reason)} AS reason, ${text(job.error.message)} AS message)`,
    total_bytes_billed: '0',
  });
  const empty: JobSummary = {
    projectId: '',
    jobId: '',
    type: 'QUERY',
    state: 'DONE',
    creationTime: 0,
    startTime: 0,
  };
  return { rows: store.jobsOf(projectId).map(row), sample: row(empty) };
}

export function routineRows({ store, datasets }: SchemaContext): Rows {
  const row = (routine: RoutineResource): ViewRow => ({
    specific_catalog: text(routine.projectId),
    specific_schema: text(routine.datasetId),
    specific_name: text(routine.routineId),
    routine_catalog: text(routine.projectId),
    routine_schema: text(routine.datasetId),
    routine_name: text(routine.routineId),
    routine_type: text(
      routine.routineType === 'SCALAR_FUNCTION'
        ? 'FUNCTION'
        : routine.routineType.replaceAll('_', ' '),
    ),
    data_type: text(undefined),
    routine_body: text(routine.language === 'SQL' ? 'SQL' : 'EXTERNAL'),
    routine_definition: text(routine.definition),
    external_language: text(routine.language === 'SQL' ? undefined : routine.language),
    is_deterministic: text(undefined),
    created: instant(routine.creationTime),
    last_altered: instant(routine.creationTime),
    ddl: text(routine.ddl),
  });
  const empty: RoutineResource = {
    projectId: '',
    datasetId: '',
    routineId: '',
    routineType: 'SCALAR_FUNCTION',
    language: 'SQL',
    definition: '',
    ddl: '',
    creationTime: 0,
    etag: '',
    arguments: [],
    extra: {},
  };
  return {
    rows: datasets.flatMap((dataset) => store.routines.list(dataset)).map(row),
    sample: row(empty),
  };
}
