import type { Expression } from '../../parse/trees/tree.ts';
import type { TypeTree } from '../../parse/trees/type-tree.ts';
import { invalidQuery, notSupported } from '../../query-error.ts';
import { BIGNUMERIC, NUMERIC, parseDecimal } from '../../runtime/values/decimals.ts';
import {
  arrayOf,
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
import { coerce, ofText, structSql } from './coerce.ts';
import { structCast } from './number-casts.ts';
import { bound, isSimple, item, tried } from './safely.ts';

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
  const exact = exactLiteral(from, to);
  if (exact !== undefined) return exact;
  const kinds = `${from.type.kind} ${to.kind}`;
  const template = Object.hasOwn(CASTS, kinds) ? CASTS[kinds] : undefined;
  if (template !== undefined) return template.replaceAll('$', () => from.sql);
  if (from.type.kind === 'STRING' && FROM_TEXT.has(to.kind)) return ofText(from.sql, to);
  return nestedCast(from, to) ?? coerce(from, to);
}

/** A literal such as 0.1 is exact as NUMERIC, though it is not as FLOAT64. */
function exactLiteral({ literal }: Typed, to: SqlType): string | undefined {
  if (literal?.kind !== 'FLOAT64') return undefined;
  const kind = to.kind === 'NUMERIC' ? NUMERIC : to.kind === 'BIGNUMERIC' ? BIGNUMERIC : undefined;
  if (kind === undefined || parseDecimal(kind, literal.text) === undefined) return undefined;
  return coerce({ sql: '', type: scalar('FLOAT64'), literal }, to);
}

/** A STRUCT is cast by its fields. An array is cast to no other type, unless it is written out. */
function nestedCast(from: Typed, to: SqlType): string | undefined {
  if (from.type.kind !== 'STRUCT' || to.kind !== 'STRUCT') return undefined;
  if (from.type.fields.length !== to.fields.length) return undefined;
  const given = from.fields;
  if (given !== undefined) {
    const values = given.map((field, index) =>
      explicitCast(field, to.fields[index]?.type ?? field.type),
    );
    return values.includes(undefined) ? undefined : structSql(to, values as string[]);
  }
  return structCast(from.sql, from.type, to, (value, type) => explicitCast(value, type));
}

export function analyseCast(
  analysis: Analysis,
  cast: Extract<Expression, { kind: 'cast' }>,
  scope: Scope,
): Typed {
  const given = analysis.expression(cast.of, scope);
  const type = resolveType(cast.type);
  // An error in the operand is one of SAFE_CAST, too.
  const isWritten = given.literal ?? given.items ?? given.fields;
  const isBound = cast.safe && isWritten === undefined && !isSimple(given.sql);
  const from = isBound ? { ...given, sql: item(0) } : given;
  const sql = cast.format ? formatted(analysis, cast, from, type, scope) : explicitCast(from, type);
  if (sql === undefined) {
    throw invalidQuery(`Invalid cast from ${typeName(from.type)} to ${typeName(type)}`, cast.pos);
  }
  const limited = limit(sql, type, cast.type);
  const sqlOf = isBound ? bound([given.sql], tried(limited)) : tried(limited);
  return { sql: cast.safe ? sqlOf : limited, type };
}

/** STRING(n), BYTES(n), NUMERIC(p, s), also of the items of an array and of the fields of a STRUCT. */
export function limit(sql: string, type: SqlType, tree: TypeTree, depth = 0): string {
  if (tree.kind === 'array' && type.kind === 'ARRAY') {
    const item = limit(`x${depth}`, type.item, tree.item, depth + 1);
    return item === `x${depth}` ? sql : `list_transform(${sql}, lambda x${depth}: ${item})`;
  }
  if (tree.kind === 'struct' && type.kind === 'STRUCT') {
    const isLimited = tree.fields.some(
      (field, index) => limit('x', type.fields[index]?.type ?? type, field.type, depth + 1) !== 'x',
    );
    if (!isLimited) return sql;
    let index = -1;
    const limited = structCast(sql, type, type, (value, own) => {
      index += 1;
      const field = tree.fields[index];
      return field === undefined ? value.sql : limit(value.sql, own, field.type, depth + 1);
    });
    return limited ?? sql;
  }
  return scalarLimit(sql, type, tree);
}

function scalarLimit(sql: string, type: SqlType, tree: TypeTree): string {
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
  const kind = quoteText(from.type.kind === 'STRING' ? to.kind : from.type.kind);
  switch (`${from.type.kind} ${to.kind}`) {
    case 'BYTES STRING':
      return `gsql_bytes_by_model(${from.sql}, ${model})`;
    case 'STRING BYTES':
      return `gsql_text_by_model(${from.sql}, ${model})`;
    case 'DATE STRING':
      return `gsql_cast_format(CAST(${from.sql} AS TIMESTAMP), ${model}, ${kind})`;
    case 'DATETIME STRING':
      return `gsql_cast_format(${from.sql}, ${model}, ${kind})`;
    case 'TIME STRING':
      return `gsql_cast_format(DATE '1970-01-01' + ${from.sql}, ${model}, ${kind})`;
    case 'TIMESTAMP STRING':
      return `gsql_cast_format_zoned(${from.sql}, ${model}, ${zone})`;
    case 'STRING DATE':
    case 'STRING TIME':
      return `CAST(gsql_cast_parse(${from.sql}, ${model}, ${kind}) AS ${to.kind})`;
    case 'STRING DATETIME':
      return `gsql_cast_parse(${from.sql}, ${model}, ${kind})`;
    case 'STRING TIMESTAMP':
      return `gsql_cast_parse_zoned(${from.sql}, ${model}, ${zone})`;
    case 'INT64 STRING':
    case 'NUMERIC STRING':
    case 'BIGNUMERIC STRING':
    case 'FLOAT64 STRING':
      return `gsql_number_format(${explicitCast(from, text) ?? from.sql}, ${model})`;
  }
  throw notSupported(`CAST from ${typeName(from.type)} to ${typeName(to)} with FORMAT`, cast.pos);
}
