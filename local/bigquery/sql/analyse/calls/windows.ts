import type { FrameBound, OrderItem, WindowSpec } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import { coerce } from '../values/coerce.ts';

/** NULLs come first in ascending order and last in descending order. */
export function orderSql(
  sql: string,
  { descending, nulls }: Pick<OrderItem, 'descending' | 'nulls'>,
): string {
  const place = nulls ?? (descending ? 'LAST' : 'FIRST');
  return `${sql} ${descending ? 'DESC' : 'ASC'} NULLS ${place}`;
}

/** NaN is less than all numbers, but the greatest for DuckDB. */
export function floatOrderSql(sql: string, item: Pick<OrderItem, 'descending' | 'nulls'>): string {
  const descending = !item.descending;
  const nulls = item.nulls ?? (item.descending ? 'LAST' : 'FIRST');
  return `${orderSql(`isnan(${sql})`, { descending, nulls })}, ${orderSql(sql, item)}`;
}

/** In a window whose frame counts values, there is one key. */
export function orderItem(
  analysis: Analysis,
  item: OrderItem,
  scope: Scope,
  isRange = false,
): string {
  const value = analysis.expression(item.value, scope);
  if (['JSON', 'ARRAY', 'STRUCT'].includes(value.type.kind)) {
    throw invalidQuery(
      `ORDER BY does not support expressions of type ${value.type.kind}`,
      item.value.pos,
    );
  }
  const key = value.ignoresCase ? `lower(${value.sql})` : (coerce(value, value.type) ?? value.sql);
  return value.type.kind === 'FLOAT64' && !isRange ? floatOrderSql(key, item) : orderSql(key, item);
}

/** ` OVER (…)`, with named windows written out. */
export function overSql(analysis: Analysis, over: WindowSpec, scope: Scope): string {
  const window = effectiveWindow(over, scope);
  const parts: string[] = [];
  if (window.partitionBy.length > 0) {
    const keys = window.partitionBy.map((each) => {
      const key = analysis.expression(each, scope);
      return key.ignoresCase === true ? `lower(${key.sql})` : key.sql;
    });
    parts.push(`PARTITION BY ${keys.join(', ')}`);
  }
  if (window.orderBy.length > 0) {
    const isRange = window.frame?.unit === 'RANGE' && countsValues(window.frame);
    if (isRange) checkRangeKey(analysis, window, scope);
    const keys = window.orderBy.map((item) => orderItem(analysis, item, scope, isRange));
    parts.push(`ORDER BY ${keys.join(', ')}`);
  }
  if (window.frame !== undefined) parts.push(frameSql(analysis, window.frame, scope));
  return ` OVER (${parts.join(' ')})`;
}

/** The window with what it takes from named ones. */
export function effectiveWindow(over: WindowSpec, scope: Scope): WindowSpec {
  return inherited(over, scope, 0);
}

function checkRangeKey(analysis: Analysis, { orderBy }: WindowSpec, scope: Scope): void {
  const [key, ...others] = orderBy;
  if (key === undefined || others.length > 0)
    throw invalidQuery(
      'Window framing with RANGE and an offset must have exactly one ORDER BY key',
    );
  const { type } = analysis.expression(key.value, scope);
  if (!['INT64', 'FLOAT64', 'NUMERIC', 'BIGNUMERIC'].includes(type.kind))
    throw invalidQuery(
      `ORDER BY key must be numeric in a RANGE-based window with OFFSET PRECEDING or OFFSET FOLLOWING boundaries, but has type ${typeName(type)}`,
      key.value.pos,
    );
  if (type.kind === 'BIGNUMERIC') throw notSupported('RANGE over BIGNUMERIC', key.value.pos);
}

function countsValues({ start, end }: NonNullable<WindowSpec['frame']>): boolean {
  return 'by' in start || (end !== undefined && 'by' in end);
}

function inherited(window: WindowSpec, scope: Scope, depth: number): WindowSpec {
  if (window.name === undefined) return window;
  let base: WindowSpec | undefined;
  for (let at: Scope | undefined = scope; at !== undefined && base === undefined; at = at.parent) {
    base = at.windows?.get(window.name.toLowerCase());
  }
  if (base === undefined || depth > 20)
    throw invalidQuery(`Unrecognized window alias ${window.name}`);
  const whole = inherited(base, scope, depth + 1);
  const frame = window.frame ?? whole.frame;
  return {
    partitionBy: window.partitionBy.length > 0 ? window.partitionBy : whole.partitionBy,
    orderBy: window.orderBy.length > 0 ? window.orderBy : whole.orderBy,
    ...(frame && { frame }),
  };
}

function frameSql(
  analysis: Analysis,
  frame: NonNullable<WindowSpec['frame']>,
  scope: Scope,
): string {
  const bound = (each: FrameBound) => {
    if (!('by' in each)) return each.kind;
    const by = analysis.expression(each.by, scope);
    if (by.type.kind === 'NULL' || by.literal?.text.startsWith('-') === true)
      throw invalidQuery('Window frame boundary must not be NULL or negative', each.by.pos);
    return `${by.literal === undefined ? (coerce(by, scalar('INT64')) ?? by.sql) : by.literal.text} ${each.kind}`;
  };
  const end = frame.end === undefined ? 'CURRENT ROW' : bound(frame.end);
  return `${frame.unit} BETWEEN ${bound(frame.start)} AND ${end}`;
}
