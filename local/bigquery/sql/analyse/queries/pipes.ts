import type { Pipe, SelectItem } from '../../parse/trees/tree.ts';
import { invalidQuery } from '../../query-error.ts';
import { scalar } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import { orderItem, orderSql } from '../calls/windows.ts';
import { innerScope, type Range, type Relation, type Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { explicitCast } from '../values/casts.ts';
import { conditionSql } from './condition.ts';
import { analyseSource, extended, type From, joined } from './from.ts';
import { analysePivot, analyseUnpivot } from './pivot.ts';
import { type OutputColumn, rangeOf, selectList, starColumns } from './relations.ts';
import { aliasOf, refuseDistinct, selectItem } from './select.ts';
import { combine } from './set-columns.ts';

/** A relation under a name, which `|> AS` gives. */
interface Piped extends Relation {
  alias?: string;
}

/** Applies one pipe operator to a query. */
export function applyPipe(analysis: Analysis, input: Piped, pipe: Pipe, outer: Scope): Piped {
  const alias = analysis.fresh('t');
  const range = rangeOf(input, input.alias ?? tableName(input), alias);
  const scope = innerScope(outer, { ranges: [range] });
  const from = { sql: `(${input.sql}) AS ${alias}`, ranges: [range], merged: new Map() };
  const keep = input.alias === undefined ? {} : { alias: input.alias };
  const select = (outputs: readonly OutputColumn[], rest = ''): Piped => {
    const { list, columns } = selectList(outputs);
    return { sql: `SELECT ${list} FROM ${from.sql}${rest}`, columns, isValueTable: false };
  };
  const own = () => starColumns(range);
  const items = (list: readonly SelectItem[]) =>
    list.flatMap((item) => selectItem(analysis, item, scope, from));
  switch (pipe.kind) {
    case 'select': {
      const { list, columns } = selectList(items(pipe.items));
      return {
        sql: `SELECT ${pipe.distinct ? 'DISTINCT ' : ''}${list} FROM ${from.sql}`,
        columns,
        isValueTable: false,
      };
    }
    case 'extend':
      return { ...select([...own(), ...items(pipe.items)]), ...keep };
    case 'set': {
      const values = new Map(
        pipe.items.map(({ name, value }) => [
          name.toLowerCase(),
          analysis.expression(value, scope),
        ]),
      );
      requireNames([...values.keys()], range, pipe.pos);
      return {
        ...select(
          own().map(({ name, value }) => ({
            name,
            value: values.get(name?.toLowerCase() ?? '') ?? value,
          })),
        ),
        ...keep,
      };
    }
    case 'drop': {
      const gone = new Set(pipe.names.map((name) => name.toLowerCase()));
      requireNames([...gone], range, pipe.pos);
      return {
        ...select(own().filter(({ name }) => !gone.has(name?.toLowerCase() ?? ''))),
        ...keep,
      };
    }
    case 'rename': {
      const names = new Map(pipe.names.map(({ from: old, to }) => [old.toLowerCase(), to]));
      requireNames([...names.keys()], range, pipe.pos);
      return {
        ...select(
          own().map(({ name, value }) => ({
            name: names.get(name?.toLowerCase() ?? '') ?? name,
            value,
          })),
        ),
        ...keep,
      };
    }
    case 'as':
      return { ...input, alias: pipe.alias };
    case 'where': {
      const condition = conditionSql(analysis, pipe.condition, scope, 'WHERE clause', pipe.pos);
      const word = hasWindow(condition) ? 'QUALIFY' : 'WHERE';
      return { ...input, sql: `SELECT ${alias}.* FROM ${from.sql} ${word} ${condition}` };
    }
    case 'assert': {
      const condition = conditionSql(analysis, pipe.condition, scope, 'ASSERT operator', pipe.pos);
      const parts = pipe.messages.map((each) => textOf(analysis.expression(each, scope)));
      const message = `concat('Assert failed: ', ${parts.length === 0 ? "'false'" : parts.join(', ')})`;
      const checked = `CASE WHEN ${condition} THEN TRUE ELSE gsql_fail(${message}) = 0 END`;
      return { ...input, sql: `SELECT ${alias}.* FROM ${from.sql} WHERE ${checked}` };
    }
    case 'limit': {
      const number = (text: string) => text;
      const limit = analysis.expression(pipe.limit, scope);
      const offset = pipe.offset && analysis.expression(pipe.offset, scope);
      const skipped =
        offset === undefined ? '' : ` OFFSET ${number(offset.literal?.text ?? offset.sql)}`;
      return {
        ...input,
        sql: `SELECT ${alias}.* FROM ${from.sql} LIMIT ${number(limit.literal?.text ?? limit.sql)}${skipped}`,
      };
    }
    case 'order': {
      const keys = pipe.orderBy.map((item) => orderItem(analysis, item, scope));
      return { ...input, sql: `SELECT ${alias}.* FROM ${from.sql} ORDER BY ${keys.join(', ')}` };
    }
    case 'aggregate':
      return aggregate(analysis, pipe, scope, from, select);
    case 'distinct':
      refuseDistinct(
        input.columns.map(({ type }) => type.kind),
        pipe.pos,
      );
      return { ...input, sql: `SELECT DISTINCT ${alias}.* FROM ${from.sql}` };
    case 'join': {
      const right = analyseSource(analysis, pipe.right, extended(outer, from));
      const both = joined(analysis, from, right, pipe, outer);
      const merged = [...both.merged].map(([name, value]) => ({ name, value }));
      const rest = both.ranges
        .flatMap(starColumns)
        .filter(({ name }) => !both.merged.has(name?.toLowerCase() ?? ''));
      const { list, columns } = selectList([...merged, ...rest]);
      return { sql: `SELECT ${list} FROM ${both.sql}`, columns, isValueTable: false, ...keep };
    }
    case 'set operation':
      return pipe.queries.reduce<Piped>(
        (left, query) =>
          combine(analysis, pipe.operator, [left, analysis.query(query, outer)], pipe.pos),
        input,
      );
    case 'pivot':
      return wrapped(analysePivot(analysis, pipe, from, outer));
    case 'unpivot':
      return wrapped(analyseUnpivot(analysis, pipe, from));
    case 'sample':
      return input;
  }
}

function textOf(value: Typed): string {
  return explicitCast(value, scalar('STRING')) ?? value.sql;
}

function wrapped({ sql, ranges }: { sql: string; ranges: Range[] }): Piped {
  const [range] = ranges;
  const { list, columns } = selectList(range === undefined ? [] : starColumns(range));
  return { sql: `SELECT ${list} FROM ${sql}`, columns, isValueTable: false };
}

function tableName(_: Relation): undefined {
  return undefined;
}

function hasWindow(sql: string): boolean {
  return /\) OVER \(/.test(sql);
}

function requireNames(names: readonly string[], range: Range, pos: number): void {
  const known = new Set(range.columns.map(({ name }) => name?.toLowerCase()));
  const missing = names.find((name) => !known.has(name));
  if (missing !== undefined) throw invalidQuery(`Column not found: ${missing}`, pos);
}

/** The keys come first, then the aggregates. */
function aggregate(
  analysis: Analysis,
  pipe: Extract<Pipe, { kind: 'aggregate' }>,
  scope: Scope,
  from: From,
  select: (outputs: readonly OutputColumn[], rest?: string) => Piped,
): Piped {
  const keys = pipe.groupBy.map(({ value, alias }) => ({
    name: alias ?? aliasOf(value),
    value: analysis.expression(value, scope),
  }));
  const values = pipe.items.flatMap((item) => selectItem(analysis, item, scope, from));
  const places = keys.map((_, index) => index + 1);
  const groupBy = places.length === 0 ? '' : ` GROUP BY ${places.join(', ')}`;
  const ordered = pipe.groupBy.flatMap(({ order }, index) =>
    order === undefined ? [] : [orderSql(String(index + 1), { descending: order === 'DESC' })],
  );
  const order = ordered.length === 0 ? '' : ` ORDER BY ${ordered.join(', ')}`;
  return select([...keys, ...values], groupBy + order);
}
