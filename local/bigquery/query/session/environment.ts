import { BigQueryError } from '../../errors.ts';
import { Analyser } from '../../sql/analyse/analyser.ts';
import type { Environment, TableSource } from '../../sql/analyse/analysis.ts';
import { EMPTY_SCOPE, type Relation } from '../../sql/analyse/scope.ts';
import type { Typed } from '../../sql/analyse/typed.ts';
import { tokenize } from '../../sql/lexer.ts';
import { parseQuery } from '../../sql/parse/parse.ts';
import { invalidQuery } from '../../sql/query-error.ts';
import { quoteText, type SqlType, scalar } from '../../sql/types.ts';
import { quoteTable } from '../../tables/duckdb-types.ts';
import { isIngestionTime, PARTITION_TIME } from '../../tables/partitions.ts';
import { formatTable, type Table } from '../../tables/schema.ts';
import { isSchemaView, schemaView } from '../information-schema/views.ts';
import { typeOfField } from './field-types.ts';
import { datasetRef, type Scope, tableRef } from './names.ts';
import { parameterTypes } from './parameters.ts';
import { routineOf, storedRoutine, tableFunctionOf } from './routines.ts';
import type { Session } from './session.ts';
import { wildcardRelation } from './wildcard.ts';

const PARTITION_DATE = '_PARTITIONDATE';
/** BigQuery's limit for views on views. */
const MAX_VIEW_DEPTH = 16;

/** What the names of a statement mean. */
export function environmentOf(
  session: Session,
  scope: Scope = session.scope,
  depth = 0,
): Environment {
  const parameters = parameterTypes(session.parameters);
  return {
    now: session.now,
    table: (path, systemTime, pos) => readTable(session, scope, depth, path, systemTime, pos),
    parameter: (name) => parameters.get(String(name)),
    variable: (name) => {
      const key = name.toLowerCase();
      const found = session.variables.get(key);
      return found && { sql: variableSql(key), type: found.type };
    },
    system: (name) => systemVariable(session, name),
    routine: (name) => {
      const own = session.routines.get(name.toLowerCase());
      const stored = own
        ? undefined
        : storedRoutine({ ...session, scope }, name, 'SCALAR_FUNCTION');
      return own ?? (stored && routineOf(stored));
    },
    tableFunction: (name) => {
      const own = session.tableFunctions.get(name.toLowerCase());
      const stored = own
        ? undefined
        : storedRoutine({ ...session, scope }, name, 'TABLE_VALUED_FUNCTION');
      return own ?? (stored && tableFunctionOf(stored));
    },
  };
}

function variableSql(name: string): string {
  return `getvariable('v_${name}')`;
}

const SYSTEM: Readonly<Record<string, (session: Session) => [string | null, SqlType]>> = {
  time_zone: () => ['UTC', scalar('STRING')],
  project_id: ({ scope }) => [scope.projectId, scalar('STRING')],
  dataset_id: ({ scope }) => [scope.defaultDataset?.datasetId ?? null, scalar('STRING')],
  dataset_project_id: ({ scope }) => [
    scope.defaultDataset?.projectId ?? scope.projectId,
    scalar('STRING'),
  ],
  'script.job_id': ({ jobId }) => [jobId ?? null, scalar('STRING')],
  'script.bytes_processed': () => ['0', scalar('INT64')],
  'script.bytes_billed': () => ['0', scalar('INT64')],
  'script.num_child_jobs': () => ['0', scalar('INT64')],
  session_id: () => [null, scalar('STRING')],
  query_label: () => [null, scalar('STRING')],
  current_job_id: ({ jobId }) => [jobId ?? null, scalar('STRING')],
};

function systemVariable(session: Session, name: string): Typed | undefined {
  if (session.systemVariables.has(name)) {
    const value = session.systemVariables.get(name) ?? null;
    const type = scalar(name === 'row_count' ? 'INT64' : 'STRING');
    return literal(value, type);
  }
  const read = Object.hasOwn(SYSTEM, name) ? SYSTEM[name] : undefined;
  return read && literal(...read(session));
}

function literal(value: string | null, type: SqlType): Typed {
  const duck = type.kind === 'INT64' ? 'BIGINT' : 'VARCHAR';
  return { sql: `CAST(${value === null ? 'NULL' : quoteText(value)} AS ${duck})`, type };
}

function readTable(
  session: Session,
  scope: Scope,
  depth: number,
  path: readonly string[],
  systemTime: Typed | undefined,
  pos: number,
): TableSource {
  const { store } = session;
  const name = path.at(-1) ?? '';
  const temporary = path.length === 1 ? session.temporary.get(name.toLowerCase()) : undefined;
  if (isSchemaView(path)) {
    const text = schemaView(store, path, scope);
    return { name, relation: subquery(session, { projectId: scope.projectId }, text, depth) };
  }
  if (name.endsWith('*')) {
    const dataset = datasetRef(path.slice(0, -1), scope);
    store.requireDataset(dataset);
    return { name, relation: wildcardRelation(store, dataset, name) };
  }
  const ref = temporary ?? tableRef(path, scope);
  const table = store.requireTable(ref);
  if (table.view === undefined) session.referenced.set(formatTable(table), table);
  if (systemTime !== undefined) {
    if (table.view !== undefined)
      throw invalidQuery(
        'FOR SYSTEM_TIME AS OF is not supported over a view by the local server',
        pos,
      );
    return { name, relation: asOf(session, table, systemTime) };
  }
  if (table.view !== undefined) {
    return {
      name,
      relation: subquery(session, viewScope(table), table.view.query, depth),
    };
  }
  return {
    name,
    relation: { sql: rowsOf(table), columns: columnsOf(table), isValueTable: false },
  };
}

/** A view's own names: in its project and, for one of CREATE VIEW, in the dataset of its statement. */
function viewScope({ projectId, view }: Table): Scope {
  return { projectId, ...(view?.dataset && { defaultDataset: view.dataset }) };
}

function columnsOf(table: Table): Relation['columns'] {
  const columns = table.schema.map((field) => ({
    name: field.name,
    sqlName: field.name,
    type: typeOfField(field),
  }));
  return isIngestionTime(table) ? [...columns, ...PSEUDO_COLUMNS] : columns;
}

/** https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table */
const PSEUDO_COLUMNS: Relation['columns'] = [
  {
    name: PARTITION_TIME,
    sqlName: PARTITION_TIME,
    type: scalar('TIMESTAMP'),
    isPseudo: true,
  },
  { name: PARTITION_DATE, sqlName: PARTITION_DATE, type: scalar('DATE'), isPseudo: true },
];

/** A table by ingestion time has one pseudo column in DuckDB, and shows two. */
function rowsOf(table: Table): string {
  const name = quoteTable(table);
  if (!isIngestionTime(table)) return name;
  return `(SELECT *, CAST("${PARTITION_TIME}" AT TIME ZONE 'UTC' AS DATE) AS "${PARTITION_DATE}" FROM ${name})`;
}

function subquery(session: Session, scope: Scope, text: string, depth: number): Relation {
  if (depth >= MAX_VIEW_DEPTH) throw invalidQuery('Views are nested too deeply');
  const inner = new Analyser(
    environmentOf(
      { ...session, temporary: new Map(), variables: new Map(), parameters: [] },
      scope,
      depth + 1,
    ),
  );
  const relation = inner.query(parseQuery(viewTokens(text)), EMPTY_SCOPE);
  return { ...relation, sql: `(${relation.sql})` };
}

function viewTokens(text: string): ReturnType<typeof tokenize> {
  const tokens = tokenize(text);
  while (tokens.at(-1)?.kind === 'symbol' && tokens.at(-1)?.text === ';') tokens.pop();
  return tokens;
}

/** No past is kept here: a time after the last change is the present, and every other one is refused. */
function asOf({ store }: Session, table: Table, time: Typed): Relation {
  if (time.type.kind !== 'TIMESTAMP' && time.type.kind !== 'STRING')
    throw new BigQueryError('invalidQuery', 'FOR SYSTEM_TIME AS OF needs a TIMESTAMP');
  const at = time.type.kind === 'STRING' ? `gsql_timestamp_of_text(${time.sql}, 'UTC')` : time.sql;
  const instant = (ms: number) => `make_timestamptz(${BigInt(Math.floor(ms)) * 1000n})`;
  const missing = quoteText(`Invalid snapshot time: table ${table.tableId} did not exist then`);
  const changed = quoteText(
    'FOR SYSTEM_TIME AS OF a time before the last change is not supported by the local server',
  );
  const check =
    `CASE WHEN ${at} < ${instant(table.creationTime)} THEN error(${missing})` +
    ` WHEN ${at} < ${instant(store.lastChange(table))} THEN error(${changed})` +
    ` WHEN ${at} > make_timestamptz(epoch_us(now()) + 60000000) THEN error('Invalid snapshot time: it is in the future') ELSE 1 END`;
  return {
    sql: `(SELECT t.* FROM ${rowsOf(table)} AS t, (SELECT ${check} AS ok) AS c WHERE c.ok = 1)`,
    columns: columnsOf(table),
    isValueTable: false,
  };
}
