import { invalidQuery } from '../../query-error.ts';
import {
  dateText,
  datetimeText,
  parseDateText,
  parseDatetimeText,
  parseTimestampText,
  parseTimeText,
  timeText,
} from '../../runtime/dates/date-text.ts';
import { decimalText, NUMERIC, parseDecimal } from '../../runtime/values/decimals.ts';
import {
  arrayOf,
  duckType,
  fieldNames,
  quote,
  quoteText,
  type SqlType,
  sameType,
  scalar,
  typeName,
  widening,
} from '../../types.ts';
import type { Typed } from '../typed.ts';
import { castSql } from './number-casts.ts';

/** How much it costs to use the expression as the type; undefined if BigQuery does not coerce it. */
export function coercionCost(from: Typed, to: SqlType): number | undefined {
  const plain = widening(from.type, to);
  if (plain !== undefined) return plain * 10;
  const { literal } = from;
  if (isText(from) && ['DATE', 'DATETIME', 'TIME', 'TIMESTAMP'].includes(to.kind)) return 15;
  if (literal?.kind === 'FLOAT64' && (to.kind === 'NUMERIC' || to.kind === 'BIGNUMERIC')) return 12;
  if (from.items !== undefined && to.kind === 'ARRAY')
    return worst(from.items.map((item) => coercionCost(item, to.item)));
  if (
    from.fields !== undefined &&
    to.kind === 'STRUCT' &&
    from.fields.length === to.fields.length
  ) {
    return worst(
      from.fields.map((field, index) => coercionCost(field, to.fields[index]?.type ?? field.type)),
    );
  }
  return undefined;
}

/** What is not the word NULL, as ERROR(…), has a type in DuckDB that need not cast to every other. */
function nullSql(sql: string, to: SqlType): string {
  if (sql === '' || sql === 'NULL') return 'NULL';
  return to.kind === 'INT64' ? sql : `CASE WHEN ${sql} IS NULL THEN NULL END`;
}

function isText(from: Typed): boolean {
  return (
    from.literal?.kind === 'STRING' || (from.parameter === true && from.type.kind === 'STRING')
  );
}

function worst(costs: readonly (number | undefined)[]): number | undefined {
  return costs.includes(undefined) ? undefined : Math.max(1, ...costs.map((cost) => cost ?? 0));
}

/** The expression as the type, or undefined. Throws invalidQuery for a literal that is no value of it. */
export function coerce(from: Typed, to: SqlType, pos?: number): string | undefined {
  if (from.type.kind === 'NULL' && from.items === undefined)
    return `CAST(${nullSql(from.sql, to)} AS ${duckType(to)})`;
  if (from.items !== undefined && to.kind === 'ARRAY') {
    const items = from.items.map((item) => coerce(item, to.item, pos));
    if (items.includes(undefined)) return undefined;
    return `CAST([${items.join(', ')}] AS ${duckType(to)})`;
  }
  if (sameType(from.type, to) && !needsNames(from.type, to)) return from.sql;
  if (coercionCost(from, to) === undefined) return undefined;
  if (from.fields !== undefined && to.kind === 'STRUCT') {
    const values = from.fields.map((field, index) =>
      coerce(field, to.fields[index]?.type ?? field.type, pos),
    );
    return values.includes(undefined) ? undefined : structSql(to, values as string[]);
  }
  if (isText(from))
    return from.literal ? dateLiteral(from.literal.text, to, pos) : ofText(from.sql, to);
  if (from.literal !== undefined && to.kind === 'NUMERIC')
    return numericLiteral(from.literal.text, pos);
  if (from.literal?.kind === 'FLOAT64' && to.kind === 'BIGNUMERIC')
    return `bq_big(gsql_big_of_text(${quoteText(from.literal.text)}))`;
  return castSql(from, to);
}

/** Whether two STRUCT types differ in the names of their fields, which DuckDB looks at. */
function needsNames(from: SqlType, to: SqlType): boolean {
  return (from.kind === 'STRUCT' || from.kind === 'ARRAY') && duckType(from) !== duckType(to);
}

/** Throws invalidQuery if it does not coerce. */
export function mustCoerce(
  from: Typed,
  to: SqlType,
  what: string,
  pos: number | undefined,
): string {
  const sql = coerce(from, to, pos);
  if (sql !== undefined) return sql;
  throw invalidQuery(
    `${what} has type ${typeName(from.type)}, which cannot be coerced to ${typeName(to)}`,
    pos,
  );
}

export function structSql(type: SqlType, values: readonly string[]): string {
  if (type.kind !== 'STRUCT') return values.join(', ');
  const names = fieldNames(type.fields);
  return `struct_pack(${values.map((value, index) => `${quote(names[index])} := ${value}`).join(', ')})`;
}

export function numericLiteral(text: string, pos?: number): string {
  const units = parseDecimal(NUMERIC, text);
  if (units === undefined) throw invalidQuery(`Invalid NUMERIC value: ${text}`, pos);
  return `CAST(${quoteText(decimalText(NUMERIC, units))} AS DECIMAL(38, 9))`;
}

/** A literal of a date or time. Throws invalidQuery. */
export function dateLiteral(text: string, type: SqlType, pos?: number): string {
  const refuse = () => invalidQuery(`Could not cast literal "${text}" to type ${type.kind}`, pos);
  switch (type.kind) {
    case 'DATE': {
      const days = parseDateText(text);
      if (days === undefined) throw refuse();
      return `DATE '${dateText(days)}'`;
    }
    case 'DATETIME': {
      const micros = parseDatetimeText(text);
      if (micros === undefined) throw refuse();
      return `TIMESTAMP '${datetimeText(micros)}'`;
    }
    case 'TIME': {
      const micros = parseTimeText(text);
      if (micros === undefined) throw refuse();
      return `TIME '${timeText(micros)}'`;
    }
    default: {
      const micros = parseTimestampText(text, 'UTC');
      if (micros === undefined) throw refuse();
      return `TIMESTAMPTZ '${datetimeText(micros)}+00'`;
    }
  }
}

export function ofText(sql: string, to: SqlType): string {
  if (to.kind === 'TIMESTAMP') return `gsql_timestamp_of_text(${sql}, 'UTC')`;
  return `gsql_${to.kind.toLowerCase()}_of_text(${sql})`;
}

/** The type that all expressions coerce to, or undefined. NULLs take part in none. */
export function commonType(all: readonly Typed[]): SqlType | undefined {
  const typed = all.filter(({ type, items }) => type.kind !== 'NULL' || items !== undefined);
  if (typed.length === 0) return scalar('INT64');
  const firm = typed.filter(({ literal, items }) => literal === undefined && items === undefined);
  const candidates: SqlType[] = [...firm, ...typed].map(({ type }) => type);
  if (typed.some(({ type }) => type.kind === 'INT64')) candidates.push(scalar('FLOAT64'));
  const structs = typed.filter(({ type }) => type.kind === 'STRUCT');
  if (structs.length > 0) candidates.push(...commonStruct(structs));
  const arrays = typed.filter(({ items }) => items !== undefined);
  if (arrays.length > 0) {
    const item = commonType(arrays.flatMap(({ items }) => items ?? []));
    if (item !== undefined) candidates.push(arrayOf(item));
  }
  return candidates.find((to) => typed.every((each) => coercionCost(each, to) !== undefined));
}

/** The STRUCT of the common types of each field, with the names of the first. */
function commonStruct(structs: readonly Typed[]): SqlType[] {
  const [first] = structs;
  if (first?.type.kind !== 'STRUCT') return [];
  const fields = first.type.fields.map(({ name }, index) => {
    const values = structs.flatMap(({ type, fields: written }) => {
      const field = type.kind === 'STRUCT' ? type.fields[index] : undefined;
      return field === undefined ? [] : [written?.[index] ?? { sql: '', type: field.type }];
    });
    const type = values.length === structs.length ? commonType(values) : undefined;
    return type && { name, type };
  });
  if (fields.includes(undefined)) return [];
  return [{ kind: 'STRUCT', fields: fields.filter((field) => field !== undefined) }];
}
