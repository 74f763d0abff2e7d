import type { DuckDBConnection } from '@duckdb/node-api';
import { Analyser } from '../sql/analyse/analyser.ts';
import { analyseChange, type ChangeSql, type Target } from '../sql/analyse/queries/changes.ts';
import { type Token, tokenize } from '../sql/lexer.ts';
import { parseChange } from '../sql/parse/changes.ts';
import { readerOf } from '../sql/parse/parse.ts';
import type { Expression } from '../sql/parse/trees/tree.ts';
import { invalidQuery } from '../sql/query-error.ts';
import { scalar } from '../sql/types.ts';
import { quoteTable } from '../tables/duckdb-types.ts';
import { isIngestionTime, PARTITION_TIME } from '../tables/partitions.ts';
import type { Field, Table } from '../tables/schema.ts';
import { type BytesRead, bytesRead } from './bytes-read.ts';
import { ResultRows } from './results/result-rows.ts';
import { bindAll, execute, type QueryResult, withConnection } from './select.ts';
import { environmentOf } from './session/environment.ts';
import { limitOf, typeOfField } from './session/field-types.ts';
import { tableRef } from './session/names.ts';
import type { Session } from './session/session.ts';

/** Runs INSERT, UPDATE, DELETE or MERGE. Throws invalidQuery and notFound. */
export async function runDml(
  session: Session,
  tokens: readonly Token[],
  verb: string,
): Promise<QueryResult> {
  session.referenced.clear();
  const { table, sql } = dmlSql(session, tokens);
  const referenced = [...session.referenced.values()];
  const { store, transaction } = session;
  if (verb !== 'INSERT' && store.isUpserted(table)) {
    // https://cloud.google.com/bigquery/docs/change-data-capture#limitations
    throw invalidQuery(`${verb} is not supported over a table that takes _CHANGE_TYPE rows`);
  }
  const run = async (connection: DuckDBConnection) => {
    await bindAll(session, connection, tokens);
    const bytes = await bytesRead(store, connection, sql.sql, referenced);
    return { bytes, ...(await change(connection, sql, verb)) };
  };
  let done: Awaited<ReturnType<typeof run>>;
  if (transaction !== undefined) {
    await transaction.lock(table);
    done = await run(transaction.connection);
  } else done = await store.transact(table, verb === 'INSERT' ? 'shared' : 'exclusive', run);
  return {
    statementType: verb,
    schema: [],
    rows: ResultRows.none(),
    affectedRows: done.inserted + done.updated + done.deleted,
    changes: { inserted: done.inserted, updated: done.updated, deleted: done.deleted },
    bytesRead: done.bytes,
    target: { projectId: table.projectId, datasetId: table.datasetId, tableId: table.tableId },
  };
}

type Counts = NonNullable<QueryResult['changes']>;

async function change(
  connection: DuckDBConnection,
  { conflict, sql }: ChangeSql,
  verb: string,
): Promise<Counts> {
  if (
    conflict !== undefined &&
    (await (await execute(connection, conflict)).getRows()).length > 0
  ) {
    throw invalidQuery('UPDATE/MERGE must match at most one source row for each target row');
  }
  if (verb === 'MERGE') return await merge(connection, sql);
  const rows = (await execute(connection, sql)).rowsChanged;
  return {
    inserted: verb === 'INSERT' ? rows : 0,
    updated: verb === 'UPDATE' ? rows : 0,
    deleted: verb === 'DELETE' ? rows : 0,
  };
}

async function merge(connection: DuckDBConnection, sql: string): Promise<Counts> {
  const result = await execute(connection, `${sql} RETURNING merge_action`);
  const [actions = []] = await result.getColumns();
  const count = (action: string) => actions.filter((each) => each === action).length;
  return { inserted: count('INSERT'), updated: count('UPDATE'), deleted: count('DELETE') };
}

/** Translates a statement, without running it. Returns what it would read. */
export async function checkDml(session: Session, tokens: readonly Token[]): Promise<BytesRead> {
  session.referenced.clear();
  const { sql } = dmlSql(session, tokens);
  const referenced = [...session.referenced.values()];
  return await withConnection(session, tokens, (connection) =>
    bytesRead(session.store, connection, sql.sql, referenced),
  );
}

function dmlSql(session: Session, tokens: readonly Token[]): { table: Table; sql: ChangeSql } {
  const tree = parseChange(tokens);
  const name = tree.table.length === 1 ? tree.table[0]?.toLowerCase() : undefined;
  const temporary = name === undefined ? undefined : session.temporary.get(name);
  const table = session.store.requireTable(temporary ?? tableRef(tree.table, session.scope));
  if (table.type === 'VIEW') throw invalidQuery(`${table.tableId} is a view, which cannot change`);
  return { table, sql: analyseChange(new Analyser(environmentOf(session)), tree, targetOf(table)) };
}

function targetOf(table: Table): Target {
  return {
    sql: quoteTable(table),
    name: table.tableId,
    ...(isIngestionTime(table) && {
      pseudo: [{ name: PARTITION_TIME, type: scalar('TIMESTAMP'), limit: (sql: string) => sql }],
    }),
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
