import { BigQueryError } from '../errors.ts';
import { type Token, tokenize } from '../sql/lexer.ts';
import { parseQuery } from '../sql/parse-query.ts';
import { type Names, nameColumns, resolve, tablePaths } from '../sql/resolve.ts';
import { invalidQuery, type Node, toDuckSql } from '../sql/syntax-tree.ts';
import type { Store } from '../storage/store.ts';
import type { DatasetRef, FieldType, Table, TableRef } from '../tables/schema.ts';
import { informationSchema } from './information-schema.ts';

/** The project and dataset of unqualified names. */
export interface Scope {
  projectId: string;
  defaultDataset?: DatasetRef | undefined;
}

/** BigQuery's limit for views on views. */
const MAX_VIEW_DEPTH = 16;

/** Translates one statement to DuckDB's SQL and resolves all names. Throws invalidQuery and notFound. */
export function translate(store: Store, scope: Scope, sql: string, tokens: Token[]): string {
  const tree = resolveStatement(store, scope, parseQuery(sql, tokens), 0);
  return toDuckSql(nameColumns(tree));
}

function resolveStatement(store: Store, scope: Scope, tree: Node, depth: number): Node {
  const names: Names = {
    jsonColumns: columnsOf('JSON', store, scope, tree),
    bignumericColumns: columnsOf('BIGNUMERIC', store, scope, tree),
    table: (path) => store.requireTable(tableRef(path, scope)),
    expand: (path, table) => expand(store, scope, path, table, depth),
  };
  return resolve(tree, names);
}

function expand(
  store: Store,
  scope: Scope,
  path: readonly string[],
  table: Table | undefined,
  depth: number,
): Node | undefined {
  const text =
    table === undefined
      ? informationSchema(store, datasetRef(path.slice(0, -2), scope), path.at(-1) ?? '')
      : table.view?.query;
  if (text === undefined) return undefined;
  if (depth >= MAX_VIEW_DEPTH) throw invalidQuery('Views are nested too deeply');
  // Inside a view, names use the view's project and no default dataset.
  const inner = { projectId: table?.projectId ?? scope.projectId };
  const tree = parseQuery(text, statementTokens(text));
  return resolveStatement(store, inner, tree, depth + 1);
}

/** The column names that have this type in all tables of the statement that have the column. */
function columnsOf(type: FieldType, store: Store, scope: Scope, tree: Node): Set<string> {
  const found = new Set<string>();
  const others = new Set<string>();
  for (const path of tablePaths(tree)) {
    const ref = path.length > 1 || scope.defaultDataset ? tableRef(path, scope) : undefined;
    for (const field of (ref && store.getTable(ref))?.schema ?? []) {
      const isOne = field.type === type && field.mode !== 'REPEATED';
      (isOne ? found : others).add(field.name.toLowerCase());
    }
  }
  return found.difference(others);
}

/** The tokens of the one statement in `sql`, without its semicolon. Throws unless there is exactly one. */
export function statementTokens(sql: string): Token[] {
  const tokens = tokenize(sql);
  while (tokens.at(-1)?.text === ';' && tokens.at(-1)?.kind === 'symbol') tokens.pop();
  if (tokens.length === 0) throw invalidQuery('Syntax error: Unexpected end of statement at [1:1]');
  if (tokens.some((token) => token.kind === 'symbol' && token.text === ';')) {
    throw new BigQueryError('notImplemented', 'Scripts of several statements are not supported');
  }
  return tokens;
}

/** The table of a dotted path; a project name may contain dots itself. Throws invalidQuery. */
export function tableRef(path: readonly string[], scope: Scope): TableRef {
  const tableId = path.at(-1);
  if (tableId === undefined) throw invalidQuery('Syntax error: a table name is missing');
  if (path.length === 1 && scope.defaultDataset === undefined) {
    throw new BigQueryError(
      'invalid',
      `Table "${tableId}" must be qualified with a dataset (e.g. dataset.table).`,
      { location: tableId },
    );
  }
  return { ...datasetRef(path.slice(0, -1), scope), tableId };
}

export function datasetRef(path: readonly string[], scope: Scope): DatasetRef {
  const datasetId = path.at(-1);
  if (datasetId === undefined) {
    if (scope.defaultDataset !== undefined) return scope.defaultDataset;
    throw invalidQuery('A dataset must be named');
  }
  return { projectId: path.slice(0, -1).join('.') || scope.projectId, datasetId };
}
