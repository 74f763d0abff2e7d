import type { Expression, JoinType, Source } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { arrayOf, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import { type Column, columnOf, findColumn, type Range, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { compare } from '../values/comparisons.ts';
import { fieldOf, lookUp, rangeNamed } from '../values/names.ts';
import { conditionSql } from './condition.ts';
import { analysePivot, analyseUnpivot } from './pivot.ts';
import { rangeOf } from './relations.ts';

/** A FROM clause in DuckDB's SQL, with what its names mean. */
export interface From {
  sql: string;
  ranges: Range[];
  merged: Map<string, Typed>;
}

/** `outer` is what the source sees of earlier sources and of outer queries. */
export function analyseSource(analysis: Analysis, source: Source, outer: Scope): From {
  switch (source.kind) {
    case 'table':
      return tableOrArray(analysis, source, outer);
    case 'subquery': {
      const relation = analysis.query(source.query, outer);
      const alias = analysis.fresh('t');
      return single(`(${relation.sql}) AS ${alias}`, rangeOf(relation, source.alias, alias));
    }
    case 'unnest':
      return unnest(
        analysis,
        analysis.expression(source.array, outer),
        source.alias,
        source.offset,
        source.pos,
      );
    case 'join':
      return join(analysis, source, outer);
    case 'pivot':
      return analysePivot(analysis, source, analyseSource(analysis, source.source, outer), outer);
    case 'unpivot':
      return analyseUnpivot(analysis, source, analyseSource(analysis, source.source, outer));
    case 'function':
      return tableFunction(analysis, source, outer);
  }
}

function single(sql: string, range: Range): From {
  return { sql, ranges: [range], merged: new Map() };
}

/** A name is a common table expression, a table, or an array of an earlier table: `FROM t, t.items`. */
function tableOrArray(
  analysis: Analysis,
  source: Extract<Source, { kind: 'table' }>,
  outer: Scope,
): From {
  const { path, alias } = source;
  const [first = '', ...rest] = path;
  const cte = rest.length === 0 ? outer.ctes.get(first.toLowerCase()) : undefined;
  const name = alias ?? path.at(-1);
  if (cte !== undefined) {
    const own = analysis.fresh('t');
    return single(`${cte.alias} AS ${own}`, rangeOf(cte, name, own));
  }
  const isArray = rest.length > 0 && rangeNamed(first, outer) !== undefined;
  if (isArray) {
    const root = lookUp(first, outer, source.pos);
    const array = root && pathOf(root, first, rest, outer, source.pos);
    if (array !== undefined) return unnest(analysis, array, name, source.offset, source.pos);
  }
  if (source.offset !== undefined)
    throw invalidQuery('WITH OFFSET can only be used with array scans', source.pos);
  const time = source.systemTime && analysis.expression(source.systemTime, outer);
  const table = analysis.environment.table(path, time, source.pos);
  const own = analysis.fresh('t');
  const sample =
    source.sample === undefined || source.sample >= 100 ? '' : ` TABLESAMPLE ${source.sample}%`;
  return single(
    `${table.relation.sql} AS ${own}${sample}`,
    rangeOf(table.relation, alias ?? table.name, own),
  );
}

function pathOf(
  root: Typed,
  first: string,
  rest: readonly string[],
  outer: Scope,
  pos: number,
): Typed {
  const range = rangeNamed(first, outer);
  let value = root;
  rest.forEach((field, index) => {
    const column =
      index === 0 && range !== undefined && range.value === undefined
        ? findColumn(range.columns, field)[0]
        : undefined;
    if (column !== undefined && range !== undefined) value = columnOf(range, column);
    else value = fieldOf(value, field, pos);
  });
  return value;
}

/** One row for each item, with its offset if wanted. */
function unnest(
  analysis: Analysis,
  array: Typed,
  name: string | undefined,
  offset: string | undefined,
  pos: number,
): From {
  if (array.type.kind !== 'ARRAY' && array.type.kind !== 'NULL') {
    throw invalidQuery(
      `Values referenced in UNNEST must be arrays. UNNEST contains expression of type ${typeName(array.type)}`,
      pos,
    );
  }
  const type = array.type.kind === 'ARRAY' ? arrayOf(array.type.item) : arrayOf(scalar('INT64'));
  const list = coerce(array, type, pos) ?? array.sql;
  const alias = analysis.fresh('u');
  const item = type.kind === 'ARRAY' ? type.item : scalar('INT64');
  const value: Column = { name, sqlName: 'x', type: item };
  if (offset === undefined) {
    return single(`(SELECT unnest(${list}) AS x) AS ${alias}`, {
      name,
      alias,
      columns: [value],
      value,
    });
  }
  const sql = `(SELECT unnest(${list}) AS x, bq_offsets(${list}) AS o) AS ${alias}`;
  const counted: Column = { name: offset, sqlName: 'o', type: scalar('INT64') };
  return single(sql, { name, alias, columns: [value, counted], value });
}

export function extended(outer: Scope, from: Pick<From, 'ranges' | 'merged'>): Scope {
  return {
    ...outer,
    parent: outer,
    ranges: from.ranges,
    merged: from.merged,
    aliases: new Map(),
    locals: new Map(),
  };
}

const JOINS: Readonly<Record<JoinType, string>> = {
  INNER: 'JOIN',
  LEFT: 'LEFT JOIN',
  RIGHT: 'RIGHT JOIN',
  FULL: 'FULL JOIN',
  CROSS: 'CROSS JOIN',
  COMMA: 'CROSS JOIN',
};

function join(analysis: Analysis, source: Extract<Source, { kind: 'join' }>, outer: Scope): From {
  const left = analyseSource(analysis, source.left, outer);
  const right = analyseSource(analysis, source.right, extended(outer, left));
  return joined(analysis, left, right, source, outer);
}

/** Two FROM clauses as one. */
export function joined(
  analysis: Analysis,
  left: From,
  right: From,
  { type, on, using, pos }: { type: JoinType; on?: Expression; using?: string[]; pos: number },
  outer: Scope,
): From {
  const ranges = [...left.ranges, ...right.ranges];
  const names = ranges.flatMap(({ name }) => (name === undefined ? [] : [name.toLowerCase()]));
  const duplicate = names.find((name, index) => names.indexOf(name) !== index);
  if (duplicate !== undefined)
    throw invalidQuery(`Duplicate table alias ${duplicate} in the same FROM clause`, pos);
  const merged = new Map([...left.merged, ...right.merged]);
  const isCross = type === 'CROSS' || type === 'COMMA';
  let condition = '';
  if (using !== undefined) {
    condition = ` ON ${using.map((name) => usingCondition(name, left, right, type, merged, pos)).join(' AND ')}`;
  } else if (on !== undefined) {
    const scope = extended(outer, { ranges, merged });
    condition = ` ON ${conditionSql(analysis, on, scope, 'JOIN ON clause')}`;
  } else if (!isCross) {
    const isUnnest = right.ranges.every(({ value }) => value !== undefined);
    if (!isUnnest)
      throw invalidQuery(`${type} JOIN must have an immediately following ON or USING clause`, pos);
    condition = ' ON TRUE';
  }
  const inner = isCross && on !== undefined ? 'JOIN' : JOINS[type];
  const rightSql = right.ranges.length > 1 ? `(${right.sql})` : right.sql;
  return { sql: `${left.sql} ${inner} ${rightSql}${condition}`, ranges, merged };
}

function usingCondition(
  name: string,
  left: From,
  right: From,
  type: JoinType,
  merged: Map<string, Typed>,
  pos: number,
): string {
  const key = name.toLowerCase();
  const side = (from: From, which: string): Typed => {
    const found =
      from.merged.get(key) ??
      from.ranges.flatMap((range) =>
        findColumn(range.columns, name).map((column) => columnOf(range, column)),
      )[0];
    if (found === undefined)
      throw invalidQuery(`Column ${name} in USING clause not found on ${which} side of join`, pos);
    return found;
  };
  const [a, b] = [side(left, 'left'), side(right, 'right')];
  const { sql } = compare('=', a, b, pos);
  const value = type === 'RIGHT' ? b.sql : type === 'FULL' ? `coalesce(${a.sql}, ${b.sql})` : a.sql;
  merged.set(key, { sql: value, type: a.type });
  return sql;
}

function tableFunction(
  analysis: Analysis,
  source: Extract<Source, { kind: 'function' }>,
  outer: Scope,
): From {
  const found = analysis.environment.tableFunction(source.name);
  if (found === undefined) {
    const what =
      /^(?:EXTERNAL_QUERY|ML\.|AI\.|APPENDS|CHANGES|GAP_FILL|VECTOR_SEARCH|RANGE_SESSIONIZE)/i;
    if (what.test(source.name)) throw notSupported(`The table function ${source.name}`, source.pos);
    throw invalidQuery(`Table-valued function not found: ${source.name}`, source.pos);
  }
  const locals = new Map(
    found.parameters.map(({ name, type }, index): [string, Typed] => {
      const argument = source.args[index];
      if (argument === undefined)
        throw invalidQuery(`Too few arguments to ${source.name}`, source.pos);
      const given = analysis.expression(argument, outer);
      const sql = type === undefined ? given.sql : (coerce(given, type, source.pos) ?? given.sql);
      return [name.toLowerCase(), { sql, type: type ?? given.type }];
    }),
  );
  const relation = analysis.query(found.query, {
    parent: undefined,
    ranges: [],
    ctes: new Map(),
    locals,
  });
  const alias = analysis.fresh('t');
  return single(
    `(${relation.sql}) AS ${alias}`,
    rangeOf(relation, source.alias ?? source.name, alias),
  );
}
