import { invalidQuery, notSupported } from '../../query-error.ts';
import { arrayOf, duckType, type SqlType, scalar, typeName } from '../../types.ts';
import type { Typed } from '../typed.ts';
import { noSignature, requireType } from '../values/match.ts';
import { bound, item } from '../values/safely.ts';
import { type Aggregate, value } from './aggregate.ts';

function count(aggregate: Aggregate, index: number): bigint {
  const { literal } = aggregate.args[index] ?? {};
  const found = literal?.kind === 'INT64' ? BigInt(literal.text) : 0n;
  if (found > 100_000n)
    throw invalidQuery(
      `The second argument to ${aggregate.call.name} function cannot be greater than 100000`,
      aggregate.call.pos,
    );
  if (found <= 0n)
    throw invalidQuery(
      `Argument ${index + 1} to ${aggregate.call.name} must be a positive integer literal`,
      aggregate.call.pos,
    );
  return found;
}

export function quantiles(aggregate: Aggregate, first: Typed, own: SqlType): Typed {
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

export function topCount(aggregate: Aggregate, first: Typed, own: SqlType): Typed {
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

/** APPROX_TOP_SUM: the keys with the greatest sums of weights. */
export function topSum(aggregate: Aggregate, first: Typed, own: SqlType): Typed {
  const { call, args } = aggregate;
  const weight = args[1];
  if (weight === undefined || !['INT64', 'NUMERIC', 'FLOAT64'].includes(weight.type.kind))
    throw noSignature(call.name, args, call.pos);
  const w = value(weight);
  const bad = weight.type.kind === 'FLOAT64' ? `(${w} < 0 OR isnan(${w}))` : `${w} < 0`;
  const refused = "gsql_fail('APPROX_TOP_SUM does not support negative or NaN weights')";
  const checked = `CASE WHEN ${bad} THEN CAST(${refused} AS ${duckType(weight.type)}) ELSE ${w} END`;
  const rows = aggregate.of(
    'list',
    `struct_pack(k := struct_pack(v := ${value(first)}), w := ${checked})`,
  );
  const keys = `list_distinct(list_transform(${item(0)}, lambda r: r.k))`;
  const weights = `list_transform(list_filter(${item(0)}, lambda r: r.k IS NOT DISTINCT FROM k), lambda r: r.w)`;
  const sum = `CAST(list_sum(${weights}) AS ${duckType(weight.type)})`;
  const sums = `list_transform(${keys}, lambda k: struct_pack(n := -${sum}, k := k.v))`;
  const cut = `list_slice(list_sort(${sums}, 'ASC', 'NULLS LAST'), 1, ${count(aggregate, 2)})`;
  const fields = [
    { name: 'value', type: own },
    { name: 'sum', type: weight.type },
  ];
  return {
    sql: bound(
      [rows],
      `list_transform(${cut}, lambda s: struct_pack("value" := s.k, "sum" := -s.n))`,
    ),
    type: arrayOf({ kind: 'STRUCT', fields }),
  };
}

/** A list of different values in the order in which they first stand. In a long list that search would take too long. */
const MAX_ORDERED = 10_000;

function listOf({ call, of }: Aggregate, values: string, more: { filter?: string } = {}): string {
  if (!call.distinct || call.orderBy.length > 0 || call.having !== undefined)
    return of('list', values, more);
  const all = of('list', values, { ...more, plain: true });
  const firsts = `list_filter(${item(0)}, lambda x, i: list_position(${item(0)}, x) = i)`;
  const short = `CASE WHEN len(${item(0)}) <= ${MAX_ORDERED} THEN ${firsts} ELSE list_distinct(${item(0)}) END`;
  return bound([all], short);
}

/** ARRAY_AGG, ARRAY_CONCAT_AGG and STRING_AGG, with LIMIT. */
export function collected(aggregate: Aggregate, first: Typed, own: SqlType): Typed {
  const { call, args } = aggregate;
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
    return { sql: sliced(listOf(aggregate, value(first), filter)), type: arrayOf(own) };
  }
  const present = { filter: `${value(first)} IS NOT NULL` };
  if (call.name === 'ARRAY_CONCAT_AGG') {
    if (own.kind !== 'ARRAY') throw noSignature(call.name, args, call.pos);
    return { sql: `flatten(${sliced(listOf(aggregate, value(first), present))})`, type: own };
  }
  if (own.kind !== 'STRING' && own.kind !== 'BYTES') throw noSignature(call.name, args, call.pos);
  if (args[1]?.type.kind === 'NULL')
    throw invalidQuery('Argument 2 to STRING_AGG must be non-NULL', call.pos);
  const list =
    limit === '0'
      ? `nullif(${sliced(listOf(aggregate, value(first), present))}, [])`
      : sliced(listOf(aggregate, value(first), present));
  const between =
    args[1] === undefined
      ? own.kind === 'STRING'
        ? "','"
        : "encode(',')"
      : requireType(args[1], own, 'The delimiter of STRING_AGG', call.pos);
  if (own.kind === 'STRING') return { sql: `array_to_string(${list}, ${between})`, type: own };
  const joined = `list_reduce(${item(0)}, lambda a, b: a || ${between} || b)`;
  return { sql: bound([list], joined), type: own };
}
