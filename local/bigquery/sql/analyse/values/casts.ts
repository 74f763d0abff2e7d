import type { Expression } from '../../parse/trees/tree.ts';
import type { TypeTree } from '../../parse/trees/type-tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import {
  arrayOf,
  duckType,
  quoteText,
  type SqlType,
  sameType,
  scalar,
  scalarNamed,
  typeName,
} from '../../types.ts';
import type { Analysis } from '../analysis.ts';
import type { Scope } from '../scope.ts';
import type { Typed } from '../typed.ts';
import { coerce, ofText } from './coerce.ts';
import { castSql } from './number-casts.ts';

/** The type that a statement spells. Throws invalidQuery. */
export function resolveType(tree: TypeTree): SqlType {
  if (tree.kind === 'array') {
    const item = resolveType(tree.item);
    if (item.kind === 'ARRAY') throw invalidQuery('Arrays of arrays are not supported', tree.pos);
    return arrayOf(item);
  }
  if (tree.kind === 'struct') {
    return {
      kind: 'STRUCT',
      fields: tree.fields.map(({ name, type }) => ({ name, type: resolveType(type) })),
    };
  }
  const type = scalarNamed(tree.name);
  if (type !== undefined) return type;
  if (tree.name === 'GEOGRAPHY' || tree.name === 'RANGE')
    throw notSupported(`The type ${tree.name}`, tree.pos);
  throw invalidQuery(`Type not found: ${tree.name}`, tree.pos);
}

/** How the rows of a cast change a value, by the kinds of both types. `$` is the value. */
const CASTS: Readonly<Record<string, string>> = {
  'INT64 BOOL': '($ <> 0)',
  'BOOL INT64': 'CAST($ AS BIGINT)',
  'INT64 STRING': 'CAST($ AS VARCHAR)',
  'BOOL STRING': 'CAST($ AS VARCHAR)',
  'FLOAT64 STRING': 'gsql_float_text($)',
  'NUMERIC STRING': 'gsql_numeric_text($)',
  'BIGNUMERIC STRING': 'gsql_big_text(CAST($ AS VARCHAR))',
  'BYTES STRING': 'gsql_bytes_text($)',
  'DATE STRING': 'CAST($ AS VARCHAR)',
  'TIME STRING': 'gsql_time_text($)',
  'DATETIME STRING': 'gsql_datetime_text($)',
  'TIMESTAMP STRING': "gsql_timestamp_text($, 'UTC')",
  'INTERVAL STRING': 'gsql_interval_text($)',
  'FLOAT64 INT64': 'gsql_int_of_float($)',
  'NUMERIC INT64': 'gsql_int_of_numeric($)',
  'BIGNUMERIC INT64': 'gsql_int_of_big(CAST($ AS VARCHAR))',
  'STRING INT64': 'gsql_int_of_text($)',
  'STRING FLOAT64': 'gsql_float_of_text($)',
  'STRING BOOL': 'gsql_bool_of_text($)',
  'STRING NUMERIC': 'gsql_numeric_of_text($)',
  'STRING BIGNUMERIC': 'bq_big(gsql_big_of_text($))',
  'FLOAT64 NUMERIC': 'gsql_numeric_of_float($)',
  'FLOAT64 BIGNUMERIC': 'bq_big(gsql_big_of_float($))',
  'BIGNUMERIC NUMERIC': 'gsql_numeric_of_big(CAST($ AS VARCHAR))',
  'STRING BYTES': 'encode($)',
  'STRING INTERVAL': 'gsql_interval_of_text($)',
  'DATE TIMESTAMP': "timezone('UTC', CAST($ AS TIMESTAMP))",
  'DATETIME DATE': 'CAST($ AS DATE)',
  'DATETIME TIME': 'CAST($ AS TIME)',
  'DATETIME TIMESTAMP': "timezone('UTC', $)",
  'TIMESTAMP DATE': "CAST(timezone('UTC', $) AS DATE)",
  'TIMESTAMP DATETIME': "timezone('UTC', $)",
  'TIMESTAMP TIME': "CAST(timezone('UTC', $) AS TIME)",
};

const FROM_TEXT: ReadonlySet<string> = new Set(['DATE', 'DATETIME', 'TIME', 'TIMESTAMP']);

/** Undefined if BigQuery has no such cast. */
export function explicitCast(from: Typed, to: SqlType): string | undefined {
  if (sameType(from.type, to)) return from.sql;
  const kinds = `${from.type.kind} ${to.kind}`;
  const template = Object.hasOwn(CASTS, kinds) ? CASTS[kinds] : undefined;
  if (template !== undefined) return template.replaceAll('$', () => from.sql);
  if (from.type.kind === 'STRING' && FROM_TEXT.has(to.kind)) return ofText(from.sql, to);
  if (from.fields === undefined && from.items === undefined)
    return nestedCast(from, to) ?? coerce(from, to);
  return nestedLiteral(from, to) ?? coerce(from, to);
}

/** ARRAY and STRUCT cast by their items and fields. */
function nestedCast(from: Typed, to: SqlType): string | undefined {
  if (from.type.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const item = explicitCast({ sql: 'x', type: from.type.item }, to.item);
    return item && `list_transform(${from.sql}, lambda x: ${item})`;
  }
  if (from.type.kind === 'STRUCT' && to.kind === 'STRUCT') return castSql(from, to);
  return undefined;
}

function nestedLiteral(from: Typed, to: SqlType): string | undefined {
  if (from.items !== undefined && to.kind === 'ARRAY') {
    const items = from.items.map((item) => explicitCast(item, to.item));
    return items.includes(undefined) ? undefined : `CAST([${items.join(', ')}] AS ${duckType(to)})`;
  }
  return undefined;
}

export function analyseCast(
  analysis: Analysis,
  cast: Extract<Expression, { kind: 'cast' }>,
  scope: Scope,
): Typed {
  const from = analysis.expression(cast.of, scope);
  const type = resolveType(cast.type);
  const sql = cast.format ? formatted(analysis, cast, from, type, scope) : explicitCast(from, type);
  if (sql === undefined) {
    throw invalidQuery(`Invalid cast from ${typeName(from.type)} to ${typeName(type)}`, cast.pos);
  }
  const limited = limit(sql, type, cast.type);
  return { sql: cast.safe ? safely(limited) : limited, type };
}

export function safely(sql: string): string {
  // A BIGNUMERIC is made from text outside of what may fail.
  const big = /^bq_big\((.*)\)$/s.exec(sql)?.[1];
  return big === undefined || unbalanced(big) ? `TRY(${sql})` : `bq_big(TRY(${big}))`;
}

function unbalanced(sql: string): boolean {
  let depth = 0;
  for (const char of sql) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (depth < 0) return true;
  }
  return false;
}

/** STRING(n), BYTES(n), NUMERIC(p, s). */
export function limit(sql: string, type: SqlType, tree: TypeTree): string {
  if (tree.kind !== 'simple' || tree.parameters.length === 0) return sql;
  const [first = '', second = '0'] = tree.parameters;
  if (type.kind === 'STRING') return `gsql_text_limit(${sql}, ${Number(first)})`;
  if (type.kind === 'BYTES') return `gsql_bytes_limit(${sql}, ${Number(first)})`;
  if (type.kind === 'NUMERIC')
    return `gsql_numeric_limit(${sql}, ${Number(first)}, ${Number(second)})`;
  if (type.kind === 'BIGNUMERIC') {
    return `bq_big(gsql_big_limit(CAST(${sql} AS VARCHAR), ${Number(first)}, ${Number(second)}))`;
  }
  throw invalidQuery(`${type.kind} does not support type parameters`, tree.pos);
}

/** `CAST(x AS STRING FORMAT 'YYYY' AT TIME ZONE 'UTC')` and its reverse. */
function formatted(
  analysis: Analysis,
  cast: Extract<Expression, { kind: 'cast' }>,
  from: Typed,
  to: SqlType,
  scope: Scope,
): string {
  const text = scalar('STRING');
  const argument = (expression: Expression | undefined) => {
    if (expression === undefined) return quoteText('UTC');
    const sql = coerce(analysis.expression(expression, scope), text, expression.pos);
    if (sql === undefined) throw invalidQuery('FORMAT needs a STRING', expression.pos);
    return sql;
  };
  const [model, zone] = [argument(cast.format), argument(cast.zone)];
  switch (`${from.type.kind} ${to.kind}`) {
    case 'BYTES STRING':
      return `gsql_bytes_by_model(${from.sql}, ${model})`;
    case 'STRING BYTES':
      return `gsql_text_by_model(${from.sql}, ${model})`;
    case 'DATE STRING':
      return `gsql_cast_format(CAST(${from.sql} AS TIMESTAMP), ${model}, 'UTC')`;
    case 'DATETIME STRING':
      return `gsql_cast_format(${from.sql}, ${model}, 'UTC')`;
    case 'TIME STRING':
      return `gsql_cast_format(DATE '1970-01-01' + ${from.sql}, ${model}, 'UTC')`;
    case 'TIMESTAMP STRING':
      return `gsql_cast_format_zoned(${from.sql}, ${model}, ${zone})`;
    case 'STRING DATE':
    case 'STRING TIME':
      return `CAST(gsql_cast_parse(${from.sql}, ${model}, 'UTC') AS ${to.kind})`;
    case 'STRING DATETIME':
      return `gsql_cast_parse(${from.sql}, ${model}, 'UTC')`;
    case 'STRING TIMESTAMP':
      return `gsql_cast_parse_zoned(${from.sql}, ${model}, ${zone})`;
  }
  throw notSupported(`CAST from ${typeName(from.type)} to ${typeName(to)} with FORMAT`, cast.pos);
}
