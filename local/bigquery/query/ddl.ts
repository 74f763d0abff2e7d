import { BigQueryError } from '../errors.ts';
import type { Token } from '../sql/lexer.ts';
import { invalidQuery } from '../sql/syntax-tree.ts';
import type { Store } from '../storage/store.ts';
import { quoteTable } from '../tables/duckdb-types.ts';
import { changedTable, newDataset, newTable } from '../tables/new-resource.ts';
import { type DatasetRef, findField, type Table, type TableRef } from '../tables/schema.ts';
import { changeSchema } from '../tables/schema-change.ts';
import { readColumnList, readOptions } from './column-list.ts';
import { createTable } from './create-table.ts';
import { ResultRows } from './result-rows.ts';
import { type Query, type QueryResult, runSelect } from './select.ts';
import { TokenCursor, unexpected } from './token-cursor.ts';
import { datasetRef, tableRef } from './translate.ts';

/** Runs CREATE, DROP, TRUNCATE or ALTER TABLE ADD COLUMN. */
export async function runDdl(store: Store, query: Query, tokens: Token[]): Promise<QueryResult> {
  const cursor = new TokenCursor(tokens);
  const statementType = await define(store, query, cursor, tokens);
  return { statementType, schema: [], rows: ResultRows.none() };
}

async function define(
  store: Store,
  query: Query,
  cursor: TokenCursor,
  tokens: Token[],
): Promise<string> {
  if (cursor.accept('CREATE')) return create(store, query, cursor, tokens);
  if (cursor.accept('DROP')) return drop(store, query, cursor);
  if (cursor.accept('TRUNCATE', 'TABLE')) return truncate(store, query, cursor);
  if (cursor.accept('ALTER', 'TABLE')) return addColumns(store, query, cursor);
  const verb = tokens[0]?.text.toUpperCase() ?? '';
  if (UNSUPPORTED.has(verb)) {
    throw new BigQueryError('notImplemented', `${verb} statements are not supported`);
  }
  throw unexpected(tokens[0]);
}

const UNSUPPORTED = new Set([
  'ASSERT',
  'BEGIN',
  'CALL',
  'COMMIT',
  'DECLARE',
  'EXECUTE',
  'EXPORT',
  'FROM',
  'GRANT',
  'IF',
  'LOAD',
  'LOOP',
  'REVOKE',
  'ROLLBACK',
  'SET',
  'WHILE',
]);

async function create(
  store: Store,
  query: Query,
  cursor: TokenCursor,
  tokens: Token[],
): Promise<string> {
  const replace = cursor.accept('OR', 'REPLACE');
  if (cursor.accept('SCHEMA')) {
    const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
    const ref = datasetRef(cursor.path(), query.scope);
    if (!ifMissing || store.getDataset(ref) === undefined)
      await store.createDataset(newDataset(ref));
    return 'CREATE_SCHEMA';
  }
  const isView = cursor.accept('VIEW');
  if (!isView) cursor.expect('TABLE');
  const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
  const ref = tableRef(cursor.path(), query.scope);
  const statementType = isView ? 'CREATE_VIEW' : 'CREATE_TABLE';
  if (store.getTable(ref) !== undefined && ifMissing) return statementType;
  const make = isView
    ? await prepareView(store, query, cursor, ref, tokens)
    : await createTable(store, query, cursor, ref, tokens);
  if (replace && store.getTable(ref) !== undefined) await store.deleteTable(ref);
  await make();
  return statementType;
}

/** A view is stored as GoogleSQL. It is run once without rows, for its schema and its errors. */
async function prepareView(
  store: Store,
  query: Query,
  cursor: TokenCursor,
  ref: TableRef,
  tokens: Token[],
): Promise<() => Promise<void>> {
  const described = cursor.accept('OPTIONS')
    ? readOptions(cursor.group()).get('description')
    : undefined;
  const extra = described === undefined ? {} : { description: described };
  cursor.expect('AS');
  const body = tokens.slice(cursor.index);
  const sql = query.sql.slice(body[0]?.start, body.at(-1)?.end);
  const { schema } = await runSelect(store, query, body, true);
  const fields = schema.map((field) => ({ ...field, mode: field.mode }) as Table['schema'][number]);
  return () =>
    store.createTable(newTable(ref, fields, { type: 'VIEW', view: { query: sql }, extra }));
}

async function drop(store: Store, query: Query, cursor: TokenCursor): Promise<string> {
  if (cursor.accept('SCHEMA')) {
    const ifThere = cursor.accept('IF', 'EXISTS');
    const ref = datasetRef(cursor.path(), query.scope);
    if (ifThere && store.getDataset(ref) === undefined) return 'DROP_SCHEMA';
    if (cursor.accept('CASCADE')) await dropTables(store, ref);
    await store.deleteDataset(ref);
    return 'DROP_SCHEMA';
  }
  const kind = cursor.accept('VIEW') ? 'VIEW' : 'TABLE';
  if (kind === 'TABLE') cursor.expect('TABLE');
  const ifThere = cursor.accept('IF', 'EXISTS');
  const ref = tableRef(cursor.path(), query.scope);
  if (!ifThere || store.getTable(ref) !== undefined) {
    if (store.requireTable(ref).type !== kind) {
      throw invalidQuery(`${ref.tableId} is not a ${kind.toLowerCase()}`);
    }
    await store.deleteTable(ref);
  }
  return `DROP_${kind}`;
}

export async function dropTables(store: Store, ref: DatasetRef): Promise<void> {
  for (const table of store.listTables(ref)) await store.deleteTable(table);
}

async function truncate(store: Store, query: Query, cursor: TokenCursor): Promise<string> {
  const table = store.requireTable(tableRef(cursor.path(), query.scope));
  await store.transact(table, 'exclusive', (connection) =>
    connection.run(`DELETE FROM ${quoteTable(table)}`),
  );
  return 'TRUNCATE_TABLE';
}

async function addColumns(store: Store, query: Query, cursor: TokenCursor): Promise<string> {
  const table = store.requireTable(tableRef(cursor.path(), query.scope));
  const wanted = [...table.schema];
  do {
    if (!cursor.accept('ADD', 'COLUMN')) {
      throw new BigQueryError('notImplemented', 'ALTER TABLE can only ADD COLUMN');
    }
    const ifMissing = cursor.accept('IF', 'NOT', 'EXISTS');
    const [field] = readColumnList(readDefinition(cursor)).schema;
    if (field === undefined) throw unexpected(cursor.peek());
    const known = findField(wanted, field.name) !== undefined;
    if (known && !ifMissing) throw invalidQuery(`Column already exists: ${field.name}`);
    if (!known) wanted.push(field);
  } while (cursor.accept(','));
  const { schema, alterations } = changeSchema(table, wanted);
  await store.updateTable(changedTable(table, { schema }), alterations);
  return 'ALTER_TABLE';
}

/** The tokens up to a comma outside of brackets. */
function readDefinition(cursor: TokenCursor): Token[] {
  const tokens: Token[] = [];
  for (let depth = 0; !cursor.done; ) {
    const text = cursor.peek()?.text ?? '';
    if (text === ',' && depth === 0) break;
    if (text === '(' || text === '<') depth += 1;
    if (text === ')' || text === '>') depth -= 1;
    if (text === '>>') depth -= 2;
    tokens.push(cursor.take());
  }
  return tokens;
}
