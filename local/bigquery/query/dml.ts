import type { DuckDBConnection } from '@duckdb/node-api';
import { Analyser } from '../sql/analyse/analyser.ts';
import { analyseChange, type ChangeSql, type Target } from '../sql/analyse/queries/changes.ts';
import { type Token, tokenize } from '../sql/lexer.ts';
import { parseChange } from '../sql/parse/changes.ts';
import { readerOf } from '../sql/parse/parse.ts';
import type { Expression } from '../sql/parse/trees/tree.ts';
import { invalidQuery } from '../sql/query-error.ts';
import { quoteTable } from '../tables/duckdb-types.ts';
import type { Field, Table } from '../tables/schema.ts';
import { ResultRows } from './results/result-rows.ts';
import { bindAll, execute, type QueryResult } from './select.ts';
import { environmentOf } from './session/environment.ts';
import { limitOf, typeOfField } from './session/field-types.ts';
import { tableRef } from './session/names.ts';
import { requireQueried } from './session/queried-table.ts';
import type { Session } from './session/session.ts';

/** Runs INSERT, UPDATE, DELETE or MERGE. Throws invalidQuery and notFound. */
export async function runDml(
  session: Session,
  tokens: readonly Token[],
  verb: string,
): Promise<QueryResult> {
  const { table, sql } = dmlSql(session, tokens);
  const { store, transaction } = session;
  if (verb !== 'INSERT' && store.isUpserted(table)) {
    // https://cloud.google.com/bigquery/docs/change-data-capture#limitations
    throw invalidQuery(`${verb} is not supported over a table that takes _CHANGE_TYPE rows`);
  }
  const run = async (connection: DuckDBConnection) => {
    await bindAll(session, connection, tokens);
    return await change(connection, sql);
  };
  let affectedRows: number;
  if (transaction !== undefined) {
    await transaction.lock(table);
    affectedRows = await run(transaction.connection);
  } else
    affectedRows = await store.transact(table, verb === 'INSERT' ? 'shared' : 'exclusive', run);
  return {
    statementType: verb,
    schema: [],
    rows: ResultRows.none(),
    affectedRows,
    changes: countsOf(verb, affectedRows),
    target: { projectId: table.projectId, datasetId: table.datasetId, tableId: table.tableId },
  };
}

/** MERGE does not say what it did; its rows count as updated. */
function countsOf(
  verb: string,
  rows: number,
): { inserted: number; updated: number; deleted: number } {
  return {
    inserted: verb === 'INSERT' ? rows : 0,
    updated: verb === 'UPDATE' || verb === 'MERGE' ? rows : 0,
    deleted: verb === 'DELETE' ? rows : 0,
  };
}

async function change(connection: DuckDBConnection, { conflict, sql }: ChangeSql): Promise<number> {
  if (
    conflict !== undefined &&
    (await (await execute(connection, conflict)).getRows()).length > 0
  ) {
    throw invalidQuery('UPDATE/MERGE must match at most one source row for each target row');
  }
  return (await execute(connection, sql)).rowsChanged;
}

export function dmlSql(
  session: Session,
  tokens: readonly Token[],
): { table: Table; sql: ChangeSql } {
  const tree = parseChange(tokens);
  const name = tree.table.length === 1 ? tree.table[0]?.toLowerCase() : undefined;
  const temporary = name === undefined ? undefined : session.temporary.get(name);
  const table = requireQueried(session.store, temporary ?? tableRef(tree.table, session.scope));
  if (table.type === 'VIEW') throw invalidQuery(`${table.tableId} is a view, which cannot change`);
  return { table, sql: analyseChange(new Analyser(environmentOf(session)), tree, targetOf(table)) };
}

function targetOf(table: Table): Target {
  return {
    sql: quoteTable(table),
    name: table.tableId,
    columns: table.schema.map((field) => {
      const byDefault = defaultOf(field);
      return {
        name: field.name,
        type: typeOfField(field),
        limit: limitOf(field),
        ...(byDefault && { byDefault }),
      };
    }),
  };
}

function defaultOf(field: Field): Expression | undefined {
  const text = field.extra?.['defaultValueExpression'];
  return typeof text === 'string' && text !== ''
    ? readerOf(tokenize(text)).expression()
    : undefined;
}
