import type { Token } from '../sql/lexer.ts';
import { invalidQuery } from '../sql/syntax-tree.ts';
import type { Store } from '../storage/store.ts';
import { quoteIdentifier, quoteTable } from '../tables/duckdb-types.ts';
import { newTable } from '../tables/new-resource.ts';
import {
  type Field,
  findField,
  type Table,
  type TableRef,
  type TimePartitioning,
} from '../tables/schema.ts';
import { readColumnList, readNames, readOptions } from './column-list.ts';
import { bindParameters } from './parameters.ts';
import { asQueryError, type Query, runSelect } from './select.ts';
import type { TokenCursor } from './token-cursor.ts';
import { translate } from './translate.ts';

/** Reads CREATE TABLE after the table's name. The returned function creates the table. */
export async function createTable(
  store: Store,
  query: Query,
  cursor: TokenCursor,
  ref: TableRef,
  tokens: Token[],
): Promise<() => Promise<void>> {
  const columns = cursor.peek()?.text === '(' ? readColumnList(cursor.group()) : undefined;
  const clauses = readClauses(cursor);
  if (cursor.done) {
    if (columns === undefined) throw invalidQuery('CREATE TABLE needs columns or a query');
    return () => store.createTable(describe(ref, columns.schema, clauses, columns.primaryKey));
  }
  cursor.expect('AS');
  const body = tokens.slice(cursor.index);
  const selected = await runSelect(store, query, body, true);
  const schema = columns?.schema ?? tableSchema(selected.schema);
  const table = describe(ref, schema, clauses, columns?.primaryKey ?? []);
  return () => createFilled(store, query, table, body);
}

interface Clauses {
  partition?: Token[];
  clustering: string[];
  description?: string | undefined;
}

function readClauses(cursor: TokenCursor): Clauses {
  const clauses: Clauses = { clustering: [] };
  if (cursor.accept('PARTITION', 'BY')) clauses.partition = takeUntil(cursor);
  if (cursor.accept('CLUSTER', 'BY')) clauses.clustering = readNames(takeUntil(cursor));
  if (cursor.accept('OPTIONS')) {
    clauses.description = readOptions(cursor.group()).get('description');
  }
  return clauses;
}

function takeUntil(cursor: TokenCursor): Token[] {
  const taken: Token[] = [];
  while (!cursor.done && !/^(?:CLUSTER|OPTIONS|AS)$/i.test(cursor.peek()?.text ?? '')) {
    taken.push(cursor.take());
  }
  return taken;
}

function describe(
  ref: TableRef,
  schema: Field[],
  clauses: Clauses,
  primaryKey: readonly string[],
): Table {
  const timePartitioning = partitioning(schema, clauses.partition);
  return newTable(ref, schema, {
    ...(timePartitioning && { timePartitioning }),
    ...(clauses.clustering.length > 0 && { clustering: { fields: clauses.clustering } }),
    ...(primaryKey.length > 0 && {
      tableConstraints: { primaryKey: { columns: [...primaryKey] } },
    }),
    extra: clauses.description === undefined ? {} : { description: clauses.description },
  });
}

/** `DATE(ts)`, `TIMESTAMP_TRUNC(ts, HOUR)`, a DATE column, or `_PARTITIONDATE`. */
function partitioning(
  schema: readonly Field[],
  tokens: readonly Token[] | undefined,
): TimePartitioning | undefined {
  if (tokens === undefined) return undefined;
  const words = tokens.map((token) => token.text);
  const unit = words
    .map((word) => word.toUpperCase())
    .find((word) => /^(?:HOUR|MONTH|YEAR)$/.test(word));
  const column = words.map((word) => findField(schema, word)).find((found) => found !== undefined);
  const type = (unit ?? 'DAY') as TimePartitioning['type'];
  return column === undefined ? { type } : { type, field: column.name };
}

function tableSchema(fields: Awaited<ReturnType<typeof runSelect>>['schema']): Field[] {
  return fields.map((field) => {
    if (field.type === 'INTERVAL') {
      throw invalidQuery(`Column ${field.name} is an INTERVAL, which tables here do not support`);
    }
    const { fields: inner, ...plain } = field;
    return { ...plain, ...(inner && { fields: tableSchema(inner) }) } as Field;
  });
}

/** Converts DuckDB decimals in BIGNUMERIC columns to the stored form. */
function asStored(table: Table, sql: string): string {
  if (!table.schema.some(({ type, mode }) => type === 'BIGNUMERIC' && mode !== 'REPEATED'))
    return sql;
  const columns = table.schema.map(({ name, type, mode }) => {
    const quoted = quoteIdentifier(name);
    return type === 'BIGNUMERIC' && mode !== 'REPEATED' ? `bq_bignumeric(${quoted})` : quoted;
  });
  return `SELECT ${columns.join(', ')} FROM (${sql}) AS selected(${table.schema.map(({ name }) => quoteIdentifier(name)).join(', ')})`;
}

async function createFilled(
  store: Store,
  query: Query,
  table: Table,
  body: Token[],
): Promise<void> {
  const sql = translate(store, query.scope, query.sql, body);
  await store.createTable(table);
  try {
    await store.transact(table, 'shared', async (connection) => {
      await bindParameters(connection, query.parameters);
      await connection.run(`INSERT INTO ${quoteTable(table)} ${asStored(table, sql)}`);
    });
  } catch (cause) {
    await store.deleteTable(table);
    throw asQueryError(cause);
  }
}
