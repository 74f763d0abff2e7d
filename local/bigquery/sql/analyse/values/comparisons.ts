import { operatorTable } from '../../functions/operator-table.ts';
import type { Expression, LikePattern } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce, commonType } from './coerce.ts';
import {
  anyEqual,
  compareFloats,
  equalitySql,
  needsOwnEquality,
  refuseUnequal,
} from './equality.ts';
import { applySignature, noSignature, requireType } from './match.ts';
import { apart } from './safely.ts';

const BOOL = scalar('BOOL');

/** Types that have no order, and types that have no equality. */
const UNORDERED: ReadonlySet<string> = new Set(['JSON', 'STRUCT', 'ARRAY']);

/** Both operands in their common type. Throws invalidQuery. */
function together(
  operator: string,
  operands: readonly Typed[],
  pos: number,
): { values: string[]; type: SqlType } {
  const type = commonType(operands);
  const values = type && operands.map((operand) => coerce(operand, type, pos));
  if (type === undefined || values === undefined || values.includes(undefined)) {
    throw noSignature(operator, operands, pos);
  }
  const folded = operands.some(({ ignoresCase }) => ignoresCase === true);
  return {
    type,
    values: (values as string[]).map((value) => (folded ? `lower(${value})` : value)),
  };
}

export function compare(operator: string, left: Typed, right: Typed, pos: number): Typed {
  const { type, values } = together(operator, [left, right], pos);
  const isEquality = operator === '=' || operator === '!=';
  if (isEquality) refuseUnequal(type, pos);
  else if (UNORDERED.has(type.kind)) throw noSignature(operator, [left, right], pos);
  const [a, b] = values as [string, string];
  if (type.kind === 'STRUCT') {
    const same = equalitySql(type, a, b);
    return { sql: operator === '=' ? same : `(NOT ${same})`, type: BOOL };
  }
  const sql =
    type.kind === 'FLOAT64'
      ? compareFloats(operator, a, b, [left.literal !== undefined, right.literal !== undefined])
      : `(${a} ${operator === '!=' ? '<>' : operator} ${b})`;
  return { sql, type: BOOL };
}

/** An operand may be NULL, but not the word NULL. */
export function refuseNull(operator: string, operands: readonly Expression[]): void {
  const found = operands.find((each) => each.kind === 'literal' && each.type === 'NULL');
  if (found !== undefined)
    throw invalidQuery(`Operands of ${operator} cannot be literal NULL`, found.pos);
}

export function analyseBetween(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'between' }>,
  scope: Scope,
): Typed {
  const [of, low, high] = [node.of, node.low, node.high].map((each) =>
    analysis.expression(each, scope),
  ) as [Typed, Typed, Typed];
  const { type, values } = together('BETWEEN', [of, low, high], node.pos);
  if (UNORDERED.has(type.kind)) throw noSignature('BETWEEN', [of, low, high], node.pos);
  const [x, a, b] = values as [string, string, string];
  if (type.kind === 'BIGNUMERIC') {
    // DuckDB has no BETWEEN of STRUCTs, and would make one out of two comparisons.
    const sql = `CASE WHEN ${x} < ${a} THEN FALSE WHEN ${x} >= ${a} THEN ${x} <= ${b} END`;
    return { sql: `(${node.not ? `NOT (${sql})` : sql})`, type: BOOL };
  }
  if (type.kind === 'FLOAT64') {
    const sql = `(${compareFloats('<=', a, x)} AND ${compareFloats('<=', x, b)})`;
    return { sql: node.not ? `(NOT ${sql})` : sql, type: BOOL };
  }
  return { sql: `(${x} ${node.not ? 'NOT ' : ''}BETWEEN ${a} AND ${b})`, type: BOOL };
}

export function analyseIn(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'in' }>,
  scope: Scope,
): Typed {
  const of = analysis.expression(node.of, scope);
  const not = node.not ? 'NOT ' : '';
  if ('items' in node.list) {
    const items = node.list.items.map((item) => analysis.expression(item, scope));
    const { type, values } = together('IN', [of, ...items], node.pos);
    const [x = '', ...rest] = values;
    refuseUnequal(type, node.pos);
    if (needsOwnEquality(type)) {
      const found = rest.map((item) => equalitySql(type, x, item)).join(' OR ');
      return { sql: node.not ? `(NOT (${found}))` : `(${found})`, type: BOOL };
    }
    return { sql: `(${x} ${not}IN (${rest.join(', ')}))`, type: BOOL };
  }
  if ('query' in node.list) {
    const relation = analysis.query(node.list.query, scope);
    const [column, ...others] = relation.columns;
    if (column === undefined || others.length > 0) {
      throw invalidQuery('Subquery of type IN must have only one output column', node.pos);
    }
    const { type } = together('IN', [of, { sql: '', type: column.type }], node.pos);
    refuseUnequal(type, node.pos);
    const alias = analysis.fresh('q');
    const folded = of.ignoresCase === true || column.ignoresCase === true;
    const lowered = (sql: string | undefined) => (folded ? `lower(${sql})` : (sql ?? ''));
    const value = lowered(
      coerce({ sql: `${alias}."${column.sqlName}"`, type: column.type }, type, node.pos),
    );
    const x = lowered(coerce(of, type, node.pos));
    const from = `(${relation.sql}) AS ${alias}`;
    if (needsOwnEquality(type))
      return { sql: anyEqual(type, x, value, from, node.not), type: BOOL };
    return {
      sql: apart(`(${x} ${not}IN (SELECT ${value} FROM ${from}))`),
      type: BOOL,
    };
  }
  return inArray(analysis, of, analysis.expression(node.list.array, scope), node);
}

function inArray(
  analysis: Analysis,
  of: Typed,
  array: Typed,
  node: { not: boolean; pos: number },
): Typed {
  if (array.type.kind !== 'ARRAY' && array.type.kind !== 'NULL') {
    throw invalidQuery(
      `Second argument of IN UNNEST must be an array but was ${typeName(array.type)}`,
      node.pos,
    );
  }
  const itemType = array.type.kind === 'ARRAY' ? array.type.item : scalar('INT64');
  const items = array.items ?? [{ sql: '', type: itemType }];
  const type = commonType([of, ...items]);
  if (type !== undefined) refuseUnequal(type, node.pos);
  const folded = [of, ...items].some(({ ignoresCase }) => ignoresCase === true);
  const own = type && coerce(of, type, node.pos);
  const x = folded && own !== undefined ? `lower(${own})` : own;
  const list = type && coerce(array, { kind: 'ARRAY', item: type }, node.pos);
  if (x === undefined || list === undefined) throw noSignature('IN UNNEST', [of, array], node.pos);
  const not = node.not ? 'NOT ' : '';
  const alias = analysis.fresh('u');
  const from = `(SELECT unnest(${list}) AS x) AS ${alias}`;
  if (type !== undefined && needsOwnEquality(type))
    return { sql: anyEqual(type, x, `${alias}.x`, from, node.not), type: BOOL };
  if (array.parameter === true || array.items !== undefined || folded) {
    // DuckDB has a hash join for a subquery; it would search a whole list for each row.
    const item = folded ? `lower(${alias}.x)` : `${alias}.x`;
    return {
      sql: apart(`(${x} ${not}IN (SELECT ${item} FROM ${from}))`),
      type: BOOL,
    };
  }
  // Over no items the answer is FALSE even for NULL, and a NULL among others makes it NULL.
  const found = `list_contains(${list}, ${x})`;
  const unknown = `(${x} IS NULL OR len(list_filter(${list}, lambda i: i IS NULL)) > 0)`;
  const sql = `CASE WHEN ${list} IS NULL OR len(${list}) = 0 THEN FALSE WHEN ${found} THEN TRUE WHEN ${unknown} THEN NULL ELSE FALSE END`;
  return { sql: `(${node.not ? `NOT (${sql})` : sql})`, type: BOOL };
}

export function analyseLike(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'like' }>,
  scope: Scope,
): Typed {
  if (!isQuantified(node.pattern)) refuseNull('LIKE', [node.of, node.pattern]);
  const of = analysis.expression(node.of, scope);
  const one = (pattern: Expression) => likeSql(of, analysis.expression(pattern, scope), node.pos);
  if (!isQuantified(node.pattern)) {
    const sql = one(node.pattern);
    return { sql: node.not ? `(NOT ${sql})` : sql, type: BOOL };
  }
  const { quantifier, patterns } = node.pattern;
  // `x NOT LIKE ANY (…)`: one of the patterns does not match.
  const each = (sql: string) => (node.not ? `(NOT ${sql})` : sql);
  const [word, combine] = quantifier === 'ALL' ? ['AND', 'bool_and'] : ['OR', 'bool_or'];
  if (Array.isArray(patterns)) {
    return {
      sql: `(${patterns.map((pattern) => each(one(pattern))).join(` ${word} `)})`,
      type: BOOL,
    };
  }
  const array = analysis.expression(patterns.array, scope);
  const alias = analysis.fresh('l');
  const item: Typed = { sql: `${alias}.p`, type: scalar('STRING') };
  const list = requireType(
    array,
    { kind: 'ARRAY', item: item.type },
    'The patterns of LIKE',
    node.pos,
  );
  const matched = each(likeSql(of, item, node.pos));
  // Over no patterns the answer is that of an empty list; one that is NULL leaves the others to decide.
  const [decided, none] = quantifier === 'ALL' ? ['FALSE', 'TRUE'] : ['TRUE', 'FALSE'];
  const found = `${combine}(${matched})`;
  const answer = `CASE WHEN ${found} = ${decided} THEN ${decided} WHEN count(*) = 0 THEN ${none} WHEN bool_or((${matched}) IS NULL) THEN NULL ELSE ${none} END`;
  return {
    sql: apart(`(SELECT ${answer} FROM (SELECT unnest(${list}) AS p) AS ${alias})`),
    type: BOOL,
  };
}

function isQuantified(
  pattern: LikePattern,
): pattern is Extract<LikePattern, { quantifier: string }> {
  return 'quantifier' in pattern;
}

function likeSql(of: Typed, pattern: Typed, pos: number): string {
  const isBytes = of.type.kind === 'BYTES' || pattern.type.kind === 'BYTES';
  const text = scalar(isBytes ? 'BYTES' : 'STRING');
  const [x, p] = [coerce(of, text, pos), coerce(pattern, text, pos)];
  if (x === undefined || p === undefined) throw noSignature('LIKE', [of, pattern], pos);
  if (isBytes) return `gsql_like_bytes(${x}, ${p})`;
  const folded = of.ignoresCase === true || pattern.ignoresCase === true;
  return folded ? `(lower(${x}) LIKE lower(${p}) ESCAPE '\\')` : `(${x} LIKE ${p} ESCAPE '\\')`;
}

export function analyseIs(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'is' }>,
  scope: Scope,
): Typed {
  const of = analysis.expression(node.of, scope);
  const not = node.not ? 'NOT ' : '';
  if (typeof node.what === 'object') {
    const other = analysis.expression(node.what.distinctFrom, scope);
    const { values } = together('IS DISTINCT FROM', [of, other], node.pos);
    return { sql: `(${values[0]} IS ${not}DISTINCT FROM ${values[1]})`, type: BOOL };
  }
  const sql =
    node.what === 'NULL' ? of.sql : requireType(of, BOOL, 'The operand of IS TRUE', node.pos);
  return { sql: `(${sql} IS ${not}${node.what})`, type: BOOL };
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=']);

export function analyseBinary(
  analysis: Analysis,
  node: Extract<Expression, { kind: 'binary' }>,
  scope: Scope,
): Typed {
  if (node.operator !== 'AND' && node.operator !== 'OR')
    refuseNull(node.operator, [node.left, node.right]);
  const [left, right] = [
    analysis.expression(node.left, scope),
    analysis.expression(node.right, scope),
  ];
  if (COMPARISONS.has(node.operator)) return compare(node.operator, left, right, node.pos);
  return applySignature(
    node.operator,
    operatorTable.get(node.operator) ?? [],
    [left, right],
    node.pos,
  );
}
