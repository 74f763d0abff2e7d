import type {
  DuckDBConnection,
  DuckDBMaterializedResult,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import { Analyser } from '../sql/analyse/analyser.ts';
import { EMPTY_SCOPE, type Relation } from '../sql/analyse/scope.ts';
import type { Token } from '../sql/lexer.ts';
import { parseQuery } from '../sql/parse/parse.ts';
import { invalidQuery } from '../sql/query-error.ts';
import { fieldNames, quote, type SqlType } from '../sql/types.ts';
import { type BytesRead, bytesRead } from './bytes-read.ts';
import { asQueryError } from './located-error.ts';
import { ResultRows } from './results/result-rows.ts';
import type { ResultField } from './results/result-schema.ts';
import { environmentOf } from './session/environment.ts';
import { resultFieldOf } from './session/field-types.ts';
import { bindParameters, bindVariables } from './session/parameters.ts';
import type { Session } from './session/session.ts';

export interface QueryResult {
  /** Of statements that read tables. */
  bytesRead?: BytesRead;
  statementType: string;
  schema: ResultField[];
  rows: ResultRows;
  /** Of INSERT, UPDATE, DELETE and MERGE, by what was done. */
  affectedRows?: number;
  changes?: { inserted: number; updated: number; deleted: number };
  /** `project:dataset.table` of what a statement of DDL made, changed or dropped. */
  target?: { projectId: string; datasetId: string; tableId: string };
  operation?: 'CREATE' | 'REPLACE' | 'DROP' | 'ALTER' | 'SKIP';
}

/** A query in DuckDB's SQL with its columns and their types. */
export interface SelectSql {
  sql: string;
  columns: { name: string | undefined; sqlName: string; type: SqlType }[];
}

/** Translates a query. The row of SELECT AS STRUCT becomes its columns. */
export function selectSql(session: Session, tokens: readonly Token[]): SelectSql {
  const relation = new Analyser(environmentOf(session)).query(parseQuery(tokens), EMPTY_SCOPE);
  return relation.isValueTable ? spread(relation) : relation;
}

function spread({ sql, columns }: Relation): SelectSql {
  const [row] = columns;
  if (row?.type.kind !== 'STRUCT') return { sql, columns };
  const names = fieldNames(row.type.fields);
  const fields = row.type.fields.map((field, index) => ({
    name: field.name,
    sqlName: names[index] ?? '',
    type: field.type,
  }));
  const cells = fields.map(
    ({ sqlName }, index) =>
      `struct_extract_at(v.${quote(row.sqlName)}, ${index + 1}) AS ${quote(sqlName)}`,
  );
  return { sql: `SELECT ${cells.join(', ')} FROM (${sql}) AS v`, columns: fields };
}

/** The columns of a result. Columns without a name are f0_, f1_, … Throws invalidQuery for equal names. */
export function resultFields(columns: SelectSql['columns']): ResultField[] {
  let unnamed = 0;
  const seen = new Set<string>();
  return columns.map(({ name, type }) => {
    const shown = name ?? `f${unnamed++}_`;
    if (seen.has(shown.toLowerCase())) {
      throw invalidQuery(
        `Duplicate column names in the result are not supported. Found duplicate(s): ${shown}`,
      );
    }
    seen.add(shown.toLowerCase());
    return resultFieldOf(shown, type);
  });
}

/** Runs a SELECT. With `onlySchema` it returns the columns and no rows. */
export async function runSelect(
  session: Session,
  tokens: readonly Token[],
  onlySchema: boolean,
): Promise<QueryResult> {
  session.referenced.clear();
  const select = selectSql(session, tokens);
  const referenced = [...session.referenced.values()];
  const schema = resultFields(select.columns);
  const sql = onlySchema ? `SELECT * FROM (${select.sql}) LIMIT 0` : select.sql;
  const [rows, read] = await withConnection(session, tokens, async (connection) =>
    untilCancelled(
      connection,
      session.signal,
      async (): Promise<[ResultRows, BytesRead]> => [
        await ResultRows.read(await execute(connection, sql), schema),
        await bytesRead(session.store, connection, select.sql, referenced),
      ],
    ),
  );
  return { statementType: 'SELECT', schema, rows, bytesRead: read };
}

async function untilCancelled<T>(
  connection: DuckDBConnection,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let again: NodeJS.Timeout | undefined;
  const interrupt = () => {
    // DuckDB forgets an interrupt that comes before the statement has begun.
    again = setInterval(() => connection.interrupt(), 50);
    connection.interrupt();
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', interrupt);
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', interrupt);
    clearInterval(again);
  }
}

/** Runs `work` on the transaction's connection or on a new one, with the values of parameters and variables. */
export async function withConnection<T>(
  session: Session,
  tokens: readonly Token[],
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const open = session.transaction?.connection;
  const connection = open ?? (await session.store.connect());
  try {
    await bindAll(session, connection, tokens);
    return await work(connection);
  } finally {
    if (open === undefined) connection.closeSync();
  }
}

export async function bindAll(
  session: Session,
  connection: DuckDBConnection,
  tokens: readonly Token[],
): Promise<void> {
  await bindParameters(connection, session.parameters);
  await bindVariables(connection, session.variables, tokens);
}

/** The value of one expression, for scripts. */
export async function runScalar(
  session: Session,
  tokens: readonly Token[],
  sql: string,
): Promise<{ value: DuckDBValue; duckType: DuckDBType | undefined }> {
  return await withConnection(session, tokens, async (connection) => {
    const result = await execute(connection, sql);
    const rows = await result.getRows();
    if (rows.length > 1) throw invalidQuery('Scalar subquery produced more than one element');
    return { value: rows[0]?.[0] ?? null, duckType: result.columnTypes()[0] };
  });
}

/** Throws invalidQuery if DuckDB rejects the statement or fails in it. */
export async function execute(
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBMaterializedResult> {
  try {
    return await connection.run(sql);
  } catch (cause) {
    throw asQueryError(cause);
  }
}
