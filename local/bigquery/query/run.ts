import type { DuckDBConnection, DuckDBMaterializedResult } from '@duckdb/node-api';
import { BigQueryError } from '../errors.ts';
import type { TableRef } from '../schema.ts';
import type { Token } from '../sql/lexer.ts';
import { invalidQuery } from '../sql/syntax-tree.ts';
import type { Store } from '../store.ts';
import { runDefinition } from './definition.ts';
import { bindParameters, type QueryParameter } from './parameters.ts';
import { ResultRows } from './result-rows.ts';
import { type ResultField, resultField } from './result-schema.ts';
import { readPath } from './token-cursor.ts';
import { type Scope, statementTokens, tableRef, translate } from './translation.ts';

export interface Query {
  sql: string;
  scope: Scope;
  parameters: readonly QueryParameter[];
}

export interface QueryResult {
  statementType: string;
  schema: ResultField[];
  rows: ResultRows;
  /** Of INSERT, UPDATE, DELETE and MERGE. */
  affectedRows?: number;
}

/** Runs one statement of GoogleSQL. Throws BigQueryError: invalidQuery, notFound, notImplemented. */
export async function runQuery(store: Store, query: Query): Promise<QueryResult> {
  const tokens = statementTokens(query.sql);
  const verb = verbOf(tokens);
  switch (verb) {
    case 'SELECT':
      return runSelect(store, query, tokens, false);
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
      return runChange(store, query, tokens, verb);
    default:
      return runDefinition(store, query, tokens);
  }
}

/** The schema that a SELECT would have; other statements are only translated. */
export async function dryRun(store: Store, query: Query): Promise<QueryResult> {
  const tokens = statementTokens(query.sql);
  const verb = verbOf(tokens);
  if (verb === 'SELECT') return runSelect(store, query, tokens, true);
  return { statementType: verb, schema: [], rows: ResultRows.none() };
}

function verbOf(tokens: readonly Token[]): string {
  const first = tokens.find((token) => token.text !== '(');
  const verb = first?.text.toUpperCase() ?? '';
  return verb === 'WITH' ? 'SELECT' : verb;
}

export async function runSelect(
  store: Store,
  query: Query,
  tokens: Token[],
  onlySchema: boolean,
): Promise<QueryResult> {
  const sql = translate(store, query.scope, query.sql, tokens);
  const connection = await store.connect();
  try {
    await bindParameters(connection, query.parameters);
    const result = await execute(connection, onlySchema ? `SELECT * FROM (${sql}) LIMIT 0` : sql);
    const schema = uniqueFields(result);
    return { statementType: 'SELECT', schema, rows: await ResultRows.read(result) };
  } finally {
    connection.closeSync();
  }
}

async function runChange(
  store: Store,
  query: Query,
  tokens: Token[],
  verb: string,
): Promise<QueryResult> {
  const table = changedTable(store, query, tokens);
  const sql = translate(store, query.scope, query.sql, tokens);
  const mode = verb === 'INSERT' ? 'shared' : 'exclusive';
  const affectedRows = await store.transact(table, mode, async (connection) => {
    await bindParameters(connection, query.parameters);
    return (await execute(connection, sql)).rowsChanged;
  });
  return { statementType: verb, schema: [], rows: ResultRows.none(), affectedRows };
}

/** The table after INSERT [INTO], UPDATE, DELETE [FROM] or MERGE [INTO]. */
function changedTable(store: Store, query: Query, tokens: readonly Token[]): TableRef {
  const preposition = ['INTO', 'FROM'].includes(tokens[1]?.text.toUpperCase() ?? '');
  const { path } = readPath(tokens, preposition ? 2 : 1);
  const table = store.requireTable(tableRef(path, query.scope));
  if (table.type === 'VIEW') throw invalidQuery(`${table.tableId} is a view, which cannot change`);
  return table;
}

async function execute(
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBMaterializedResult> {
  try {
    return await connection.run(sql);
  } catch (cause) {
    throw asQueryError(cause);
  }
}

/** DuckDB's message without its own words for the kind of error and its excerpt of the SQL. */
export function asQueryError(cause: unknown): BigQueryError {
  if (cause instanceof BigQueryError) return cause;
  const [first = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
  const message = first
    .replace(/^[A-Z][A-Za-z ]* Error: /, '')
    .replace(/^Referenced column "(.*?)" (?:was )?not found.*$/, 'Unrecognized name: $1')
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
