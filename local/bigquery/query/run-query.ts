import type { Token } from '../sql/lexer.ts';
import { invalidQuery } from '../sql/syntax-tree.ts';
import type { Store } from '../storage/store.ts';
import type { TableRef } from '../tables/schema.ts';
import { runDdl } from './ddl.ts';
import { deleteExpired } from './expired-partitions.ts';
import { locatedError } from './located-error.ts';
import { bindParameters } from './parameters.ts';
import { ResultRows } from './result-rows.ts';
import { execute, type Query, type QueryResult, runSelect } from './select.ts';
import { readPath } from './token-cursor.ts';
import { statementTokens, tableRef, translate } from './translate.ts';

const CHANGES: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** Runs one statement of GoogleSQL. Throws BigQueryError: invalidQuery, notFound, notImplemented. */
export async function runQuery(store: Store, query: Query): Promise<QueryResult> {
  const tokens = statementTokens(query.sql);
  const verb = verbOf(tokens);
  await deleteExpired(store, query.scope.projectId, Date.now());
  try {
    if (verb === 'SELECT') return await runSelect(store, query, tokens, false);
    if (CHANGES.has(verb)) return await runDml(store, query, tokens, verb);
    return await runDdl(store, query, tokens);
  } catch (error) {
    throw locatedError(error, query.sql, tokens);
  }
}

/** Returns the schema of a SELECT. DML is translated but not run; DDL is not checked. */
export async function dryRun(store: Store, query: Query): Promise<QueryResult> {
  const tokens = statementTokens(query.sql);
  const verb = verbOf(tokens);
  try {
    if (verb === 'SELECT') return await runSelect(store, query, tokens, true);
    if (CHANGES.has(verb)) translate(store, query.scope, query.sql, tokens);
    return { statementType: verb, schema: [], rows: ResultRows.none() };
  } catch (error) {
    throw locatedError(error, query.sql, tokens);
  }
}

function verbOf(tokens: readonly Token[]): string {
  const first = tokens.find((token) => token.text !== '(');
  const verb = first?.text.toUpperCase() ?? '';
  return verb === 'WITH' ? 'SELECT' : verb;
}

async function runDml(
  store: Store,
  query: Query,
  tokens: Token[],
  verb: string,
): Promise<QueryResult> {
  const table = changedTable(store, query, tokens);
  const sql = translate(store, query.scope, query.sql, tokens);
  if (verb !== 'INSERT' && store.isUpserted(table)) {
    // https://cloud.google.com/bigquery/docs/change-data-capture#limitations
    throw invalidQuery(`${verb} is not supported over a table that takes _CHANGE_TYPE rows`);
  }
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
