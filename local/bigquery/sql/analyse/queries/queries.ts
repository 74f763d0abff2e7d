import type {
  CommonTable,
  Expression,
  Query,
  QueryBody,
  SetOperation,
} from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { quote, scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import { orderItem } from '../calls/windows.ts';
import { type Column, innerScope, type Relation, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { requireType } from '../values/match.ts';
import { analyseSource } from './from.ts';
import { applyPipe } from './pipes.ts';
import { rangeOf, selectList, starColumns } from './relations.ts';
import { analyseSelect, type Tail } from './select.ts';
import { combine, combineRows } from './set-columns.ts';

type Ctes = Map<string, Relation & { alias: string }>;

export function analyseQuery(analysis: Analysis, query: Query, outer: Scope): Relation {
  const { scope, prefix } = withTables(analysis, query, outer);
  const tail: Tail = { orderBy: query.orderBy, limit: limitSql(analysis, query, scope) };
  let relation = analyseBody(analysis, query.body, scope, tail);
  for (const pipe of query.pipes) relation = applyPipe(analysis, relation, pipe, scope);
  return { ...relation, sql: prefix + relation.sql };
}

function limitSql(
  analysis: Analysis,
  query: Pick<Query, 'limit' | 'offset'>,
  scope: Scope,
): string {
  const number = (expression: Expression, clause: string) => {
    const value = analysis.expression(expression, scope);
    const isConstant = value.literal?.kind === 'INT64' || value.parameter === true;
    if (!isConstant || (value.literal !== undefined && BigInt(value.literal.text) < 0n)) {
      throw invalidQuery(
        `${clause} expects a non-negative integer literal or parameter`,
        expression.pos,
      );
    }
    return value.literal?.text ?? requireType(value, scalar('INT64'), clause, expression.pos);
  };
  const limit = query.limit ? ` LIMIT ${number(query.limit, 'LIMIT')}` : '';
  return limit + (query.offset ? ` OFFSET ${number(query.offset, 'OFFSET')}` : '');
}

/** The scope with the query's common table expressions, and its WITH clause. */
function withTables(
  analysis: Analysis,
  query: Query,
  outer: Scope,
): { scope: Scope; prefix: string } {
  if (query.with.length === 0) return { scope: outer, prefix: '' };
  const ctes: Ctes = new Map(outer.ctes);
  const own = new Set<string>();
  const parts = query.with.map((table) => {
    const key = table.name.toLowerCase();
    if (own.has(key))
      throw invalidQuery(`Duplicate alias ${table.name} for WITH subquery`, table.pos);
    own.add(key);
    const alias = analysis.fresh('w');
    const scope = { ...outer, ctes: new Map(ctes) };
    const columns = query.recursive ? recursiveColumns(analysis, table, scope) : undefined;
    if (columns !== undefined) {
      const self = { sql: '', columns, isValueTable: false, alias };
      scope.ctes.set(key, self);
    }
    const relation = renamed(analysis, analysis.query(table.query, scope), columns);
    ctes.set(key, { ...relation, alias });
    return `${alias}${columnNames(relation.columns)} AS (${relation.sql})`;
  });
  return {
    scope: { ...outer, ctes },
    prefix: `WITH ${query.recursive ? 'RECURSIVE ' : ''}${parts.join(', ')} `,
  };
}

function columnNames(columns: readonly Column[]): string {
  return `(${columns.map(({ sqlName }) => quote(sqlName)).join(', ')})`;
}

/** The columns of a recursive table, from its first part, which does not refer to it. */
function recursiveColumns(
  analysis: Analysis,
  table: CommonTable,
  scope: Scope,
): Column[] | undefined {
  const { body } = table.query;
  if (body.kind !== 'set' || !mentions(body.right, table.name)) return undefined;
  let base: QueryBody = body.left;
  while (base.kind === 'set' && mentions(base.right, table.name)) base = base.left;
  return analyseBody(analysis, base, scope, { orderBy: [], limit: '' }).columns;
}

function mentions(tree: unknown, name: string): boolean {
  if (Array.isArray(tree)) return tree.some((item) => mentions(item, name));
  if (typeof tree !== 'object' || tree === null) return false;
  const { kind, path } = tree as { kind?: string; path?: string[] };
  if (kind === 'table' && path?.length === 1 && path[0]?.toLowerCase() === name.toLowerCase())
    return true;
  return Object.values(tree).some((value) => mentions(value, name));
}

function renamed(_: Analysis, relation: Relation, columns: Column[] | undefined): Relation {
  return columns === undefined ? relation : { ...relation, columns };
}

function analyseBody(analysis: Analysis, body: QueryBody, scope: Scope, tail: Tail): Relation {
  switch (body.kind) {
    case 'select':
      return analyseSelect(analysis, body, scope, tail);
    case 'from':
      return finished(analysis, fromRelation(analysis, body.from, scope), scope, tail);
    case 'set':
      return finished(analysis, analyseSet(analysis, body, scope), scope, tail);
    case 'query':
      return finished(analysis, analyseQuery(analysis, body, scope), scope, tail);
  }
}

function fromRelation(
  analysis: Analysis,
  source: Extract<QueryBody, { kind: 'from' }>['from'],
  scope: Scope,
): Relation {
  const from = analyseSource(analysis, source, scope);
  const merged = [...from.merged].map(([name, value]) => ({ name, value }));
  const rest = from.ranges
    .flatMap(starColumns)
    .filter(({ name }) => !from.merged.has(name?.toLowerCase() ?? ''));
  const { list, columns } = selectList([...merged, ...rest]);
  return { sql: `SELECT ${list} FROM ${from.sql}`, columns, isValueTable: false };
}

/** ORDER BY and LIMIT around a whole query, which see only its columns. */
function finished(
  analysis: Analysis,
  relation: Relation,
  scope: Scope,
  { orderBy, limit }: Tail,
): Relation {
  if (orderBy.length === 0 && limit === '') return relation;
  const alias = analysis.fresh('t');
  const range = rangeOf(relation, undefined, alias);
  const inner = innerScope(scope, { ranges: [range] });
  const keys = orderBy.map((item) => {
    const { value } = item;
    const place =
      value.kind === 'literal' && value.type === 'INT64'
        ? relation.columns[Number(value.text) - 1]
        : undefined;
    const named =
      place === undefined
        ? item
        : { ...item, value: { kind: 'name', name: place.name ?? '', pos: value.pos } as const };
    if (place !== undefined && place.name === undefined) {
      const nulls = item.nulls ?? (item.descending ? 'LAST' : 'FIRST');
      return `${alias}.${quote(place.sqlName)} ${item.descending ? 'DESC' : 'ASC'} NULLS ${nulls}`;
    }
    return orderItem(analysis, named, inner);
  });
  const order = keys.length === 0 ? '' : ` ORDER BY ${keys.join(', ')}`;
  return {
    ...relation,
    sql: `SELECT ${alias}.* FROM (${relation.sql}) AS ${alias}${order}${limit}`,
  };
}

function analyseSet(analysis: Analysis, set: SetOperation, scope: Scope): Relation {
  const none: Tail = { orderBy: [], limit: '' };
  const bodies = set.byName === undefined ? chain(set) : [set.left, set.right];
  const relations = bodies.map((body) => analyseBody(analysis, body, scope, none));
  if (set.operator === 'UNION ALL' && set.byName === undefined && isOutermost(scope)) {
    const rows = combineRows(relations, set.pos);
    if (rows !== undefined) return rows;
  }
  return relations.reduce((left, right) => {
    const pair =
      set.byName === undefined ? ([left, right] as const) : byName(analysis, left, right, set);
    return combine(analysis, set.operator, pair, set.pos);
  });
}

/** The queries that one operator joins, from the first to the last. */
function chain(set: SetOperation): QueryBody[] {
  const bodies: QueryBody[] = [set.right];
  let left: QueryBody = set.left;
  while (left.kind === 'set' && left.operator === set.operator && left.byName === undefined) {
    bodies.push(left.right);
    left = left.left;
  }
  return [left, ...bodies.reverse()];
}

/** Whether no outer query has tables whose columns the query could read. */
function isOutermost(scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.ranges.length > 0) return false;
  }
  return true;
}

function byName(
  analysis: Analysis,
  left: Relation,
  right: Relation,
  set: SetOperation,
): [Relation, Relation] {
  const mode = set.byName?.mode ?? 'STRICT';
  const [a, b] = [left, right].map(({ columns }) =>
    columns.map(({ name }) => name?.toLowerCase() ?? ''),
  ) as [string[], string[]];
  const listed = set.byName?.columns?.map((name) => name.toLowerCase());
  if (listed !== undefined) {
    const isShort = (names: readonly string[]) => listed.some((name) => !names.includes(name));
    const missing =
      mode === 'FULL'
        ? listed.some((name) => !a.includes(name) && !b.includes(name))
        : isShort(a) || (mode !== 'LEFT' && isShort(b));
    if (missing)
      throw invalidQuery('A column in the list of BY NAME or CORRESPONDING BY is missing', set.pos);
    return [picked(analysis, left, listed, right), picked(analysis, right, listed, left)];
  }
  if (mode === 'STRICT' && (a.length !== b.length || a.some((name) => !b.includes(name)))) {
    throw invalidQuery('BY NAME requires both queries to have the same columns', set.pos);
  }
  const wanted =
    mode === 'FULL'
      ? [...a, ...b.filter((name) => !a.includes(name))]
      : mode === 'INNER'
        ? a.filter((name) => b.includes(name))
        : a;
  return [picked(analysis, left, wanted, right), picked(analysis, right, wanted, left)];
}

function picked(
  analysis: Analysis,
  relation: Relation,
  names: readonly string[],
  other: Relation,
): Relation {
  const alias = analysis.fresh('s');
  const outputs = names.map((wanted) => {
    const find = ({ columns }: Relation) =>
      columns.find(({ name }) => name?.toLowerCase() === wanted);
    const own = find(relation);
    const name = own?.name ?? find(other)?.name;
    const value: Typed =
      own === undefined
        ? { sql: 'NULL', type: find(other)?.type ?? scalar('INT64') }
        : { sql: `${alias}.${quote(own.sqlName)}`, type: own.type };
    return { name, value };
  });
  const { list, columns } = selectList(
    outputs.map((output) =>
      output.value.sql === 'NULL'
        ? { ...output, value: { ...output.value, sql: `CAST(NULL AS ${duck(output.value)})` } }
        : output,
    ),
  );
  return { sql: `SELECT ${list} FROM (${relation.sql}) AS ${alias}`, columns, isValueTable: false };
}

function duck(value: Typed): string {
  return (coerce({ sql: 'NULL', type: scalar('NULL') }, value.type) ?? '').replace(
    /^CAST\(NULL AS (.*)\)$/s,
    '$1',
  );
}
