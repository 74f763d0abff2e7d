import { signatures } from '../../functions/signature.ts';
import type { Call } from '../../parse/trees/tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { applySignature, noSignature, requireType } from '../values/match.ts';
import { apart, bound, item } from '../values/safely.ts';
import { type Aggregate, value } from './aggregate.ts';
import { collected, quantiles, topCount, topSum } from './aggregate-lists.ts';
import { orderItem, overSql } from './windows.ts';

/** A sketch is the JSON of all different values, so that its counts are exact. */
const VALUES = 'CAST(CAST(decode($1) AS JSON) AS VARCHAR[])';
const sketch = (list: string) =>
  `encode(CAST(to_json(nullif(list_filter(${list}, lambda x: x IS NOT NULL), [])) AS VARCHAR))`;
const HLL = ['INT64', 'NUMERIC', 'BIGNUMERIC', 'STRING', 'BYTES']
  .flatMap((type) => [`HLL_COUNT.INIT(${type})`, `HLL_COUNT.INIT(${type}, INT64)`])
  .map((call) => `${call} BYTES = ${sketch('list@(DISTINCT CAST($1 AS VARCHAR))')}`)
  .concat(
    `HLL_COUNT.MERGE(BYTES) INT64 = coalesce(len(list_distinct(flatten(list@(${VALUES})))), 0)`,
    `HLL_COUNT.MERGE_PARTIAL(BYTES) BYTES = ${sketch(`list_distinct(flatten(list@(${VALUES})))`)}`,
  )
  .join('\n');

/** Aggregates that are one row of a table. `agg(…)` in a template becomes the whole call. */
const SIMPLE = signatures(`
BIT_AND(INT64) INT64 = bit_and@($1)
BIT_OR(INT64) INT64 = bit_or@($1)
BIT_XOR(INT64) INT64 = bit_xor@($1)
LOGICAL_AND(BOOL) BOOL = bool_and@($1)
LOGICAL_OR(BOOL) BOOL = bool_or@($1)
APPROX_COUNT_DISTINCT(T) INT64 = count@(DISTINCT $1)
CORR(FLOAT64, FLOAT64) FLOAT64 = CASE WHEN regr_count@($1, $2) > 1 THEN corr@($1, $2) END
COVAR_POP(FLOAT64, FLOAT64) FLOAT64 = covar_pop@($1, $2)
COVAR_SAMP(FLOAT64, FLOAT64) FLOAT64 = covar_samp@($1, $2)
STDDEV(FLOAT64) FLOAT64 = stddev_samp@($1)
STDDEV_SAMP(FLOAT64) FLOAT64 = stddev_samp@($1)
STDDEV_POP(FLOAT64) FLOAT64 = stddev_pop@($1)
VARIANCE(FLOAT64) FLOAT64 = var_samp@($1)
VAR_SAMP(FLOAT64) FLOAT64 = var_samp@($1)
VAR_POP(FLOAT64) FLOAT64 = var_pop@($1)
SUM(INT64) INT64 = CAST(sum@($1) AS BIGINT)
SUM(NUMERIC) NUMERIC = gsql_numeric_add(CAST(sum@($1) AS DECIMAL(38, 9)), CAST(0 AS DECIMAL(38, 9)))
SUM(FLOAT64) FLOAT64 = gsql_float_sum(sum@($1), bool_or@(NOT isfinite($1)))
SUM(INTERVAL) INTERVAL = sum@($1)
SUM(BIGNUMERIC) BIGNUMERIC = big(gsql_big_of_units(CAST(sum@($1."bignumeric units") AS VARCHAR)))
AVG(FLOAT64) FLOAT64 = avg@($1)
AVG(NUMERIC) NUMERIC = gsql_numeric_mean(CAST(CAST(sum@($1) AS DECIMAL(38, 9)) AS VARCHAR), count@($1))
AVG(BIGNUMERIC) BIGNUMERIC = big(gsql_big_mean(CAST(sum@($1."bignumeric units") AS VARCHAR), count@($1)))
${HLL}
`);

const OTHERS = new Set(
  (
    'COUNT COUNTIF MIN MAX ANY_VALUE MAX_BY MIN_BY ARRAY_AGG ARRAY_CONCAT_AGG STRING_AGG APPROX_QUANTILES ' +
    'APPROX_TOP_COUNT APPROX_TOP_SUM GROUPING'
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
  const { having } = call;
  const by = having && analysis.expression(having.of, scope);
  refuseDistinct(call, args);
  const aggregate: Aggregate = {
    call,
    args,
    of(name, inner, { filter, plain = false } = {}) {
      if (by !== undefined && call.name !== 'ANY_VALUE') {
        const own = filter === undefined ? inner : `CASE WHEN ${filter} THEN ${inner} END`;
        const every = (each: string, of: string) => whole(each, of, { plain: true });
        return ofExtreme({ call }, name, own, every, value(by));
      }
      return whole(name, inner, { ...(filter !== undefined && { filter }), plain });
    },
  };
  const whole = (
    name: string,
    inner: string,
    { filter, plain = false }: { filter?: string; plain?: boolean },
  ): string => {
    const distinct = call.distinct && !plain && !inner.startsWith('DISTINCT ') ? 'DISTINCT ' : '';
    const ordered = order === '' || plain ? '' : ` ORDER BY ${order}`;
    const conditions = [filter, scope.filter].filter((each) => each !== undefined);
    const filtered = conditions.length === 0 ? '' : ` FILTER (WHERE ${conditions.join(' AND ')})`;
    return apart(`${name}(${distinct}${inner}${ordered})${filtered}${over}`);
  };
  return special(aggregate, analysis, scope) ?? simple(aggregate);
}

function refuseDistinct(call: Call & { pos: number }, args: readonly Typed[]): void {
  const bad = call.distinct ? args.find(({ type }) => type.kind === 'JSON') : undefined;
  if (bad !== undefined)
    throw invalidQuery(
      `Aggregate functions with DISTINCT cannot be used with arguments of type ${bad.type.kind}`,
      call.pos,
    );
  if (call.distinct && call.over !== undefined && (call.over.orderBy.length > 0 || call.over.frame))
    throw invalidQuery('Window ORDER BY is not allowed if DISTINCT is specified', call.pos);
}

/** `SUM(x HAVING MAX y)`: the aggregate of the rows whose y is the greatest. */
function ofExtreme(
  { call }: Pick<Aggregate, 'call'>,
  name: string,
  inner: string,
  all: (name: string, args: string) => string,
  by: string,
): string {
  if (/,/.test(inner) && /^(?:corr|covar|arg_|regr_|quantile|histogram)/.test(name))
    throw notSupported(`HAVING ${call.having?.most} in ${call.name}`, call.pos);
  const rows = all('list', `struct_pack(v := ${inner === '*' ? '1' : inner}, b := ${by})`);
  const best = all(call.having?.most === 'MAX' ? 'max' : 'min', by);
  const chosen = `list_transform(list_filter(${item(0)}, lambda r: r.b = ${item(1)}), lambda r: r.v)`;
  const values = call.distinct ? `list_distinct(${chosen})` : chosen;
  return bound([rows, best], `list_aggregate(${values}, ${quoteText(name)})`);
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
    const counted = value(first);
    const isFolded = call.distinct && first.ignoresCase === true;
    return { sql: of('count', isFolded ? `lower(${counted})` : counted), type: int };
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
      return {
        sql: extreme(aggregate, call.name.toLowerCase(), first, own),
        type: own,
        ...(first.ignoresCase === true && { ignoresCase: true }),
      };
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
    case 'APPROX_TOP_SUM':
      return topSum(aggregate, first, own);
    default:
      return collected(aggregate, first, own);
  }
}

/** NaN among the values is the least and the greatest. */
function extreme({ of }: Aggregate, name: string, first: Typed, own: SqlType): string {
  const sql = value(first);
  if (first.ignoresCase === true) return of(`arg_${name}`, `${sql}, lower(${sql})`);
  if (own.kind !== 'FLOAT64') return of(name, sql);
  const nan = of('bool_or', `isnan(${sql})`, { plain: true });
  return `CASE WHEN ${nan} THEN CAST('nan' AS DOUBLE) ELSE ${of(name, sql)} END`;
}
