import { tokenize } from '../sql/lexer.ts';
import { readerOf } from '../sql/parse/parse.ts';
import { registerRuntime } from '../sql/runtime/register.ts';
import type { Store } from '../storage/store.ts';
import { quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { formatTable, type Table } from '../tables/schema.ts';
import { deleteExpired } from './expired-partitions.ts';
import { sessionOf } from './run-query.ts';
import { selectSql } from './select.ts';

/** A table's rows in DuckDB's SQL, with the SQL of each column in the table's order. */
export interface TableSql {
  from: string;
  columns: string[];
}

/** The rows that fit a condition in GoogleSQL; an empty one fits all. Throws invalidQuery. */
export async function restrictedTable(
  store: Store,
  table: Table,
  condition: string,
): Promise<TableSql> {
  await deleteExpired(store, table.projectId, Date.now());
  if (condition.trim() === '') {
    const columns = table.schema.map(({ name }) => `t.${quoteIdentifier(name)}`);
    return { from: `${quoteTable(table)} AS t`, columns };
  }
  await store.prepareSql(registerRuntime);
  // The text must be one expression: it stands in a statement below.
  const reader = readerOf(tokenize(condition));
  reader.expression();
  if (!reader.done) throw reader.unexpected();
  const name = formatTable(table).replace(':', '.');
  // A comment may end the condition.
  const sql = `SELECT * FROM \`${name}\` WHERE (${condition}\n)`;
  const session = sessionOf(store, { sql, scope: { projectId: table.projectId }, parameters: [] });
  const select = selectSql(session, tokenize(sql));
  return {
    from: `(${select.sql}) AS t`,
    columns: select.columns.map(({ sqlName }) => `t.${quoteIdentifier(sqlName)}`),
  };
}
