import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api';
import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { invalidQuery } from '../sql/syntax-tree.ts';
import type { Store } from '../storage/store.ts';
import { candidate } from './located-error.ts';
import { bindParameters, type QueryParameter } from './parameters.ts';
import { ResultRows } from './result-rows.ts';
import { type ResultField, resultField } from './result-schema.ts';
import { type Scope, translate } from './translate.ts';

export interface Query {
  sql: string;
  scope: Scope;
  parameters: readonly QueryParameter[];
  /** Ends the SELECT, however long it would run. */
  signal?: AbortSignal;
}

export interface QueryResult {
  statementType: string;
  schema: ResultField[];
  rows: ResultRows;
  /** Of INSERT, UPDATE, DELETE and MERGE. */
  affectedRows?: number;
}

/** Runs a SELECT. With `onlySchema` it returns the columns and no rows. */
export async function runSelect(
  store: Store,
  query: Query,
  tokens: Token[],
  onlySchema: boolean,
): Promise<QueryResult> {
  const sql = translate(store, query.scope, query.sql, tokens);
  const connection = await store.connect();
  const interrupt = () => connection.interrupt();
  query.signal?.addEventListener('abort', interrupt);
  try {
    await bindParameters(connection, query.parameters);
    query.signal?.throwIfAborted();
    const result = await execute(connection, onlySchema ? `SELECT * FROM (${sql}) LIMIT 0` : sql);
    const schema = uniqueFields(result);
    return { statementType: 'SELECT', schema, rows: await ResultRows.read(result) };
  } finally {
    query.signal?.removeEventListener('abort', interrupt);
    connection.closeSync();
  }
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

/** Shortens DuckDB's message to its reason, and uses BigQuery's wording where it is known. */
export function asQueryError(cause: unknown): BigQueryError {
  if (cause instanceof BigQueryError) return cause;
  const whole = String(cause instanceof Error ? cause.message : cause);
  const [first = ''] = whole.split('\n');
  const message = first
    .replace(/^[A-Z][A-Za-z ]* Error: /, '')
    .replace(/^Referenced column "(.*?)" (?:was )?not found.*$/, (_, name: string) => {
      return `Unrecognized name: ${name}${candidate(name, whole)}`;
    })
    .replace(
      /^column "(.*?)" must appear in the GROUP BY clause.*$/,
      'SELECT list expression references column $1 which is neither grouped nor aggregated',
    )
    .replace(/^Could not convert string '(.*?)' to INT64$/, 'Bad int64 value: $1')
    .replace(
      /^Could not choose a best candidate function for the function call "(\W+)\((.*?)\)".*$/,
      (_, operator: string, types: string) =>
        `No matching signature for operator ${operator} for argument types: ${types.replaceAll('_LITERAL', '').replaceAll('INTEGER', 'INT64').replaceAll('VARCHAR', 'STRING')}`,
    )
    .replace(/^Table "(.*?)" does not have a column named "(.*?)"$/, 'Unrecognized name: $1.$2')
    .replace(
      /^(?:Scalar|Aggregate|Table) Function with name (\S+) does not exist!.*$/,
      'Function not found: $1',
    );
  return new BigQueryError('invalidQuery', message, { cause, location: 'query' });
}

function uniqueFields(result: DuckDBMaterializedResult): ResultField[] {
  const types = result.columnTypes();
  const fields = result.columnNames().flatMap((name, index) => {
    const type = types[index];
    return type === undefined ? [] : [resultField(name, type)];
  });
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (seen.has(name.toLowerCase())) {
      throw invalidQuery(
        `Duplicate column names in the result are not supported. Found duplicate(s): ${name}`,
      );
    }
    seen.add(name.toLowerCase());
  }
  return fields;
}
