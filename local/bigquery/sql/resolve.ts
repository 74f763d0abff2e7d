import { physicalSchema, physicalTable } from '../tables/duckdb-types.ts';
import type { Table, TableRef } from '../tables/schema.ts';
import { rewriteBignumeric } from './bignumeric.ts';
import { aliased, rewriteExpression, subquery } from './expressions.ts';
import { jsonAccess } from './json-access.ts';
import {
  child,
  column,
  identifier,
  invalidQuery,
  isNode,
  list,
  type Node,
  nameOf,
  type Tree,
} from './syntax-tree.ts';

/** Looks up the names of a statement. */
export interface Names {
  /** Lower-case names of the JSON columns in the statement's tables. */
  readonly jsonColumns: ReadonlySet<string>;
  /** The same for BIGNUMERIC. */
  readonly bignumericColumns: ReadonlySet<string>;
  /** Throws notFound, or invalidQuery for a name without a dataset. */
  table(path: readonly string[]): Table;
  /** The resolved statement of a view, or of an INFORMATION_SCHEMA view. */
  expand(path: readonly string[], table: Table | undefined): Node | undefined;
}

/** Replaces every table by its DuckDB table (except common table expressions) and rewrites every expression. */
export function resolve(statement: Node, names: Names): Node {
  const resolved = visit(statement, new Set(), names);
  return isNode(resolved) ? resolved : statement;
}

function visit(tree: Tree, ctes: ReadonlySet<string>, names: Names): Tree {
  if (Array.isArray(tree)) return tree.map((item) => visit(item, ctes, names));
  if (!isNode(tree)) return tree;
  const table = child(tree, 'table');
  if (table !== undefined && isNode(table['name'])) {
    if (Object.keys(tree).length === 1) return resolveTable(table, ctes, names);
    return resolveChange(tree, table, ctes, names);
  }
  const json = jsonAccess(tree, names.jsonColumns);
  if (json !== undefined) return json;
  const scope = visibleCtes(tree, ctes);
  const entries = Object.entries(withMergeTarget(withImplicitUnnest(tree))).map(([key, value]) => [
    key,
    key === 'with' ? visitWith(value, ctes, names) : visit(value, scope, names),
  ]);
  const visited = Object.fromEntries(entries) as Node;
  return rewriteExpression(rewriteBignumeric(visited, names.bignumericColumns));
}

function visibleCtes(node: Node, outer: ReadonlySet<string>): ReadonlySet<string> {
  const own = list(child(node, 'with'), 'ctes').map((cte) => nameOf(child(cte, 'alias')));
  if (own.length === 0) return outer;
  return new Set([...outer, ...own.map((name) => (name ?? '').toLowerCase())]);
}

/** A common table expression sees the earlier ones; with RECURSIVE it sees all of them. */
function visitWith(tree: Tree, outer: ReadonlySet<string>, names: Names): Tree {
  if (!isNode(tree)) return tree;
  const seen = new Set(outer);
  const all = list(tree, 'ctes');
  if (tree['recursive'] === true) {
    for (const cte of all) seen.add((nameOf(child(cte, 'alias')) ?? '').toLowerCase());
  }
  const ctes = all.map((cte) => {
    const resolved = visit(cte, new Set(seen), names);
    seen.add((nameOf(child(cte, 'alias')) ?? '').toLowerCase());
    return resolved;
  });
  return { ...tree, ctes };
}

/** The dotted path of a table node, with dots inside or outside of backticks. */
function tablePath(table: Node): string[] {
  return [table['catalog'], table['schema'], table['name']]
    .map((part) => nameOf(part))
    .filter((part) => part !== undefined)
    .flatMap((part) => part.split('.'));
}

function resolveTable(table: Node, ctes: ReadonlySet<string>, names: Names): Node {
  const path = tablePath(table);
  const last = path.at(-1) ?? '';
  if (path.length === 1 && ctes.has(last.toLowerCase())) return { table };
  if (isNode(table['system_time']) || typeof table['system_time'] === 'string') {
    throw invalidQuery('FOR SYSTEM_TIME AS OF is not supported');
  }
  const isSchemaView = path.at(-2)?.toUpperCase() === 'INFORMATION_SCHEMA';
  const found = isSchemaView ? undefined : names.table(path);
  const alias = nameOf(table['alias']) ?? last;
  const expanded = names.expand(path, found);
  if (expanded !== undefined) return subquery(expanded, alias);
  if (found === undefined) throw invalidQuery(`Unrecognized name: ${path.join('.')}`);
  return { table: { ...table, ...physical(found), alias: identifier(alias) } };
}

/** INSERT, UPDATE and DELETE have their table in the same node as their other parts. */
function resolveChange(change: Node, table: Node, ctes: ReadonlySet<string>, names: Names): Node {
  const { table: _, ...others } = change;
  const rest = visit(others, ctes, names);
  const path = tablePath(table);
  const alias = nameOf(change['alias']) ?? nameOf(table['alias']) ?? path.at(-1) ?? '';
  const found = { ...table, ...physical(names.table(path)) };
  // DELETE has its alias next to the table, UPDATE inside the table; INSERT needs none.
  const target = 'set' in change ? { ...found, alias: identifier(alias) } : found;
  const own = 'alias' in change && !('columns' in change) ? { alias: identifier(alias) } : {};
  return { ...(isNode(rest) ? rest : {}), ...own, table: target };
}

/** The paths of all tables in a statement, including common table expressions. */
export function tablePaths(tree: Tree): string[][] {
  if (Array.isArray(tree)) return tree.flatMap(tablePaths);
  if (!isNode(tree)) return [];
  const table = child(tree, 'table');
  const own = table !== undefined && isNode(table['name']) ? [tablePath(table)] : [];
  return [...own, ...Object.values(tree).flatMap(tablePaths)];
}

/** The parts of a table node with the DuckDB table's name. */
function physical(ref: TableRef): Node {
  return {
    catalog: null,
    schema: identifier(physicalSchema(ref)),
    name: identifier(physicalTable(ref)),
  };
}

/** `FROM t, t.items` reads an array of the earlier table: `FROM t, UNNEST(t.items) AS items`. */
function withImplicitUnnest(node: Node): Node {
  const from = child(node, 'from');
  if (from === undefined) return node;
  const joins = list(node, 'joins');
  const sources = [
    ...list(from, 'expressions'),
    ...joins.map((join) => child(join, 'this') ?? null),
  ];
  if (sources.some((source) => child(source, 'function') !== undefined)) {
    throw invalidQuery('Table-valued functions are not supported');
  }
  const aliases = new Set(sources.map((source) => sourceAlias(source)?.toLowerCase()));
  const unnested = (source: Tree): Tree => {
    const table = child(source, 'table');
    const [root, ...rest] = table === undefined ? [] : tablePath(table);
    const last = rest.at(-1);
    if (table === undefined || root === undefined || last === undefined) return source;
    if (!aliases.has(root.toLowerCase())) return source;
    return implicitUnnest([root, ...rest], nameOf(table['alias']) ?? last);
  };
  return {
    ...node,
    from: { ...from, expressions: list(from, 'expressions').map(unnested) },
    joins: joins.map((join) =>
      isNode(join) ? conditional({ ...join, this: unnested(join['this'] ?? null) }) : join,
    ),
  };
}

/** `LEFT JOIN UNNEST(…)` needs no condition in GoogleSQL. */
function conditional(join: Node): Node {
  const source = join['this'];
  const unnests = child(source, 'unnest') ?? child(child(child(source, 'alias'), 'this'), 'unnest');
  const bare = !isNode(join['on']) && list(join, 'using').length === 0;
  if (unnests === undefined || !bare || join['kind'] === 'Cross') return join;
  return { ...join, on: { boolean: { value: true } } };
}

/** MERGE has its target's alias around the table; moved inside, the table gets no second alias. */
function withMergeTarget(node: Node): Node {
  const merge = child(node, 'merge');
  const aliased = child(child(merge, 'this'), 'alias');
  const table = child(child(aliased, 'this'), 'table');
  if (merge === undefined || aliased === undefined || table === undefined) return node;
  const alias = aliased['alias'] ?? null;
  return { merge: { ...merge, this: { table: { ...table, alias } } } };
}

function sourceAlias(source: Tree): string | undefined {
  const body =
    child(source, 'alias') ??
    child(source, 'table') ??
    child(source, 'subquery') ??
    child(source, 'unnest');
  const table = child(source, 'table');
  const implied = table === undefined ? undefined : tablePath(table).at(-1);
  return nameOf(child(body, 'alias')) ?? implied;
}

function implicitUnnest(path: readonly string[], alias: string): Node {
  const [root = '', first = '', ...rest] = path;
  const array = rest.reduce<Node>(
    (inner, field) => ({ dot: { this: inner, field: identifier(field) } }),
    column(first, root),
  );
  return {
    unnest: {
      this: array,
      expressions: [],
      with_ordinality: false,
      alias: identifier(alias),
      offset_alias: null,
    },
  };
}

/** Names the unnamed columns of the result as BigQuery does: f0_, f1_, … */
export function nameColumns(statement: Node): Node {
  for (const kind of ['union', 'intersect', 'except', 'subquery', 'paren'] as const) {
    const body = child(statement, kind);
    const key = kind === 'subquery' || kind === 'paren' ? 'this' : 'left';
    const inner = child(body, key);
    if (body !== undefined && inner !== undefined) {
      return { [kind]: { ...body, [key]: nameColumns(inner) } };
    }
  }
  const select = child(statement, 'select');
  if (select === undefined) return statement;
  let unnamed = 0;
  const expressions = list(select, 'expressions').map((expression) => {
    const named = ['column', 'alias', 'star', 'dot'].some((kind) => child(expression, kind));
    return named ? expression : aliased(expression, `f${unnamed++}_`);
  });
  return { select: { ...select, expressions } };
}
