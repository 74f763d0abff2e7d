import { signatures } from '../../functions/signature.ts';
import type { Call } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { arrayOf, duckType, type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { applySignature, noSignature, requireType } from '../values/match.ts';
import { orderItem, overSql } from './windows.ts';

/** An aggregate call whose arguments are analysed. */
interface Aggregate {
  call: Call & { pos: number };
  args: Typed[];
  /** Calls DuckDB's aggregate with the call's DISTINCT, ORDER BY, filter and window. */
  of(name: string, args: string, more?: { filter?: string; plain?: boolean }): string;
}

/** Aggregates that are one row of a table. `agg(…)` in a template becomes the whole call. */
const SIMPLE = signatures(`
BIT_AND(INT64) INT64 = bit_and@($1)
BIT_OR(INT64) INT64 = bit_or@($1)
BIT_XOR(INT64) INT64 = bit_xor@($1)
LOGICAL_AND(BOOL) BOOL = bool_and@($1)
LOGICAL_OR(BOOL) BOOL = bool_or@($1)
APPROX_COUNT_DISTINCT(T) INT64 = count@(DISTINCT $1)
CORR(FLOAT64, FLOAT64) FLOAT64 = corr@($1, $2)
COVAR_POP(FLOAT64, FLOAT64) FLOAT64 = covar_pop@($1, $2)
COVAR_SAMP(FLOAT64, FLOAT64) FLOAT64 = covar_samp@($1, $2)
STDDEV(FLOAT64) FLOAT64 = stddev_samp@($1)
STDDEV_SAMP(FLOAT64) FLOAT64 = stddev_samp@($1)
STDDEV_POP(FLOAT64) FLOAT64 = stddev_pop@($1)
VARIANCE(FLOAT64) FLOAT64 = var_samp@($1)
VAR_SAMP(FLOAT64) FLOAT64 = var_samp@($1)
VAR_POP(FLOAT64) FLOAT64 = var_pop@($1)
SUM(INT64) INT64 = CAST(sum@($1) AS BIGINT)
SUM(NUMERIC) NUMERIC = CAST(sum@($1) AS DECIMAL(38, 9))
SUM(FLOAT64) FLOAT64 = sum@($1)
SUM(INTERVAL) INTERVAL = sum@($1)
SUM(BIGNUMERIC) BIGNUMERIC = big(gsql_big_of_units(CAST(sum@($1."bignumeric units") AS VARCHAR)))
AVG(FLOAT64) FLOAT64 = avg@($1)
AVG(NUMERIC) NUMERIC = gsql_numeric_mean(CAST(CAST(sum@($1) AS DECIMAL(38, 9)) AS VARCHAR), count@($1))
AVG(BIGNUMERIC) BIGNUMERIC = big(gsql_big_mean(CAST(sum@($1."bignumeric units") AS VARCHAR), count@($1)))
HLL_COUNT.INIT(T) BYTES = encode(CAST(to_json(list@(DISTINCT CAST($1 AS VARCHAR))) AS VARCHAR))
HLL_COUNT.INIT(T, INT64) BYTES = encode(CAST(to_json(list@(DISTINCT CAST($1 AS VARCHAR))) AS VARCHAR))
HLL_COUNT.MERGE(BYTES) INT64 = len(list_distinct(flatten(list@(CAST(CAST(decode($1) AS JSON) AS VARCHAR[])))))
HLL_COUNT.MERGE_PARTIAL(BYTES) BYTES = encode(CAST(to_json(list_distinct(flatten(list@(CAST(CAST(decode($1) AS JSON) AS VARCHAR[]))))) AS VARCHAR))
`);

const OTHERS = new Set(
  (
    'COUNT COUNTIF MIN MAX ANY_VALUE MAX_BY MIN_BY ARRAY_AGG ARRAY_CONCAT_AGG STRING_AGG APPROX_QUANTILES ' +
    'APPROX_TOP_COUNT GROUPING'
  ).split(' '),
);

export function isAggregate(name: string): boolean {
  return SIMPLE.has(name) || OTHERS.has(name);
}

export function analyseAggregate(
  analysis: Analysis,
  call: Call & { pos: number },
  scope: Scope,
): Typed {
  analysis.aggregates += 1;
  const args = call.args.map(({ value }) => analysis.expression(value, scope));
  const over = call.over === undefined ? '' : overSql(analysis, call.over, scope);
  const order = call.orderBy.map((item) => orderItem(analysis, item, scope)).join(', ');
  const having = call.having && havingFilter(analysis, call, call.having, scope);
  const aggregate: Aggregate = {
    call,
    args,
    of(name, inner, { filter, plain = false } = {}) {
      const distinct = call.distinct && !plain && !inner.startsWith('DISTINCT ') ? 'DISTINCT ' : '';
      const ordered = order === '' || plain ? '' : ` ORDER BY ${order}`;
      const conditions = [filter, having, scope.filter].filter((each) => each !== undefined);
      const filtered = conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;
      return `${name}(${distinct}${inner}${ordered})${filtered}${over}`;
    },
  };
  if (call.having !== undefined && !['ANY_VALUE'].includes(call.name))
    throw notSupported(`HAVING ${call.having.most} in ${call.name}`, call.pos);
  return special(aggregate, analysis, scope) ?? simple(aggregate);
}

function havingFilter(
  analysis: Analysis,
  _: Call,
  having: NonNullable<Call['having']>,
  scope: Scope,
): string | undefined {
  analysis.expression(having.of, scope);
  return undefined;
}

function simple({ call, args, of }: Aggregate): Typed {
  const found = applySignature(call.name, SIMPLE.get(call.name) ?? [], args, call.pos);
  return { ...found, sql: expand(found.sql, of) };
}

/** Replaces `name@(…)` by the whole call. */
function expand(sql: string, of: Aggregate['of']): string {
  const match = /(\w+)@\(/.exec(sql);
  if (match === null) return sql;
  const start = match.index + match[0].length;
  let depth = 1;
  let at = start;
  for (let quote = ''; depth > 0 && at < sql.length; at++) {
    const char = sql[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
  }
  const inner = sql.slice(start, at - 1);
  return sql.slice(0, match.index) + of(match[1] ?? '', inner) + expand(sql.slice(at), of);
}

function special(aggregate: Aggregate, analysis: Analysis, scope: Scope): Typed | undefined {
  const { call, args, of } = aggregate;
  const [first, second] = args;
  const int = scalar('INT64');
  if (call.name === 'COUNT') {
    if (call.star) return { sql: of('count', '*'), type: int };
    if (first === undefined || args.length > 1) throw noSignature(call.name, args, call.pos);
    return { sql: of('count', value(first)), type: int };
  }
  if (!OTHERS.has(call.name)) return undefined;
  if (first === undefined) throw noSignature(call.name, args, call.pos);
  const own: SqlType = first.type.kind === 'NULL' ? int : first.type;
  switch (call.name) {
    case 'COUNTIF': {
      const condition = requireType(first, scalar('BOOL'), 'The argument of COUNTIF', call.pos);
      return { sql: of('count', `CASE WHEN ${condition} THEN 1 END`), type: int };
    }
    case 'MIN':
    case 'MAX':
      if (['JSON', 'ARRAY', 'STRUCT'].includes(own.kind))
        throw invalidQuery(
          `${call.name} is not defined for arguments of type ${typeName(own)}`,
          call.pos,
        );
      return { sql: extreme(aggregate, call.name.toLowerCase(), value(first), own), type: own };
    case 'ANY_VALUE': {
      if (call.having === undefined) return { sql: of('any_value', value(first)), type: own };
      const by = analysis.expression(call.having.of, scope);
      return {
        sql: of(
          call.having.most === 'MAX' ? 'arg_max_null' : 'arg_min_null',
          `${value(first)}, ${value(by)}`,
        ),
        type: own,
      };
    }
    case 'MAX_BY':
    case 'MIN_BY':
      if (second === undefined) throw noSignature(call.name, args, call.pos);
      return {
        sql: of(
          call.name === 'MAX_BY' ? 'arg_max_null' : 'arg_min_null',
          `${value(first)}, ${value(second)}`,
        ),
        type: own,
      };
    case 'GROUPING':
      return { sql: `CAST(grouping(${first.sql}) AS BIGINT)`, type: int };
    case 'APPROX_QUANTILES':
      return quantiles(aggregate, first, own);
    case 'APPROX_TOP_COUNT':
      return topCount(aggregate, first, own);
    default:
      return collected(aggregate, first, own);
  }
}

/** NaN among the values is the least and the greatest. */
function extreme({ of }: Aggregate, name: string, sql: string, own: SqlType): string {
  if (own.kind !== 'FLOAT64') return of(name, sql);
  const nan = of('bool_or', `isnan(${sql})`, { plain: true });
  return `CASE WHEN ${nan} THEN CAST('nan' AS DOUBLE) ELSE ${of(name, sql)} END`;
}

/** A NULL needs a type in DuckDB. */
function value(typed: Typed): string {
  return coerce(typed, typed.type) ?? typed.sql;
}

function count(aggregate: Aggregate, index: number): bigint {
  const { literal } = aggregate.args[index] ?? {};
  const found = literal?.kind === 'INT64' ? BigInt(literal.text) : 0n;
  if (found <= 0n)
    throw invalidQuery(
      `Argument ${index + 1} to ${aggregate.call.name} must be a positive integer literal`,
      aggregate.call.pos,
    );
  return found;
}

function quantiles(aggregate: Aggregate, first: Typed, own: SqlType): Typed {
  if (aggregate.call.nulls === 'RESPECT') {
    throw notSupported('RESPECT NULLS in APPROX_QUANTILES', aggregate.call.pos);
  }
  const number = Number(count(aggregate, 1));
  const places = Array.from({ length: number + 1 }, (_, index) => String(index / number));
  return {
    sql: aggregate.of('quantile_disc', `${value(first)}, [${places.join(', ')}]`),
    type: arrayOf(own),
  };
}

function topCount(aggregate: Aggregate, first: Typed, own: SqlType): Typed {
  const entry = `struct_pack(n := -CAST(e.value AS BIGINT), k := e.key)`;
  const found = `list_transform(coalesce(map_entries(${aggregate.of('histogram', value(first))}), []), lambda e: ${entry})`;
  // The histogram leaves NULLs out.
  const missing = aggregate.of('count', '*', { filter: `${value(first)} IS NULL`, plain: true });
  const none = `CASE WHEN ${missing} > 0 THEN [struct_pack(n := -(${missing}), k := CAST(NULL AS ${duckType(own)}))] ELSE [] END`;
  const ordered = `list_sort(list_concat(${found}, ${none}))`;
  const cut = `list_slice(${ordered}, 1, ${count(aggregate, 1)})`;
  const type: SqlType = {
    kind: 'STRUCT',
    fields: [
      { name: 'value', type: own },
      { name: 'count', type: scalar('INT64') },
    ],
  };
  return {
    sql: `list_transform(${cut}, lambda s: struct_pack("value" := s.k, "count" := -s.n))`,
    type: arrayOf(type),
  };
}

/** ARRAY_AGG, ARRAY_CONCAT_AGG and STRING_AGG, with LIMIT. */
function collected({ call, args, of }: Aggregate, first: Typed, own: SqlType): Typed {
  const limit = call.limit?.kind === 'literal' ? call.limit.text : undefined;
  if (call.limit !== undefined && limit === undefined)
    throw invalidQuery('LIMIT expects an integer literal or parameter', call.pos);
  const sliced = (list: string) =>
    limit === undefined ? list : `list_slice(${list}, 1, ${limit})`;
  if (call.name === 'ARRAY_AGG') {
    if (own.kind === 'ARRAY')
      throw invalidQuery(
        `The argument to ARRAY_AGG must not be an array type but was ${typeName(own)}`,
        call.pos,
      );
    const filter = call.nulls === 'IGNORE' ? { filter: `${value(first)} IS NOT NULL` } : {};
    return { sql: sliced(of('list', value(first), filter)), type: arrayOf(own) };
  }
  const present = { filter: `${value(first)} IS NOT NULL` };
  if (call.name === 'ARRAY_CONCAT_AGG') {
    if (own.kind !== 'ARRAY') throw noSignature(call.name, args, call.pos);
    return { sql: `flatten(${sliced(of('list', value(first), present))})`, type: own };
  }
  if (own.kind !== 'STRING')
    throw own.kind === 'BYTES'
      ? notSupported('STRING_AGG of BYTES', call.pos)
      : noSignature(call.name, args, call.pos);
  const delimiter =
    args[1] === undefined
      ? "','"
      : requireType(args[1], scalar('STRING'), 'The delimiter of STRING_AGG', call.pos);
  return {
    sql: `array_to_string(${sliced(of('list', value(first), present))}, ${delimiter})`,
    type: own,
  };
}
