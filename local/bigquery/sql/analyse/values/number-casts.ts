import { duckType, fieldNames, quote, quoteText, type SqlType } from '../../types.ts';
import type { Typed } from '../typed.ts';

/** The SQL of an implicit conversion: a wider number, DATE as DATETIME, a STRUCT or an array of these. */
export function castSql(from: Pick<Typed, 'sql' | 'type'>, to: SqlType): string {
  const { sql } = from;
  const pair = `${from.type.kind} ${to.kind}`;
  switch (pair) {
    case 'INT64 BIGNUMERIC':
      return `bq_big(gsql_big_of_text(CAST(${sql} AS VARCHAR)))`;
    case 'NUMERIC BIGNUMERIC':
      return `bq_big(gsql_big_of_numeric(${sql}))`;
    case 'FLOAT64 NUMERIC':
      return `gsql_numeric_of_float(${sql})`;
    case 'FLOAT64 BIGNUMERIC':
      return `bq_big(gsql_big_of_float(${sql}))`;
    case 'NUMERIC FLOAT64':
      return `gsql_float_of_numeric(${sql})`;
    case 'BIGNUMERIC FLOAT64':
      return `gsql_float_of_big(CAST(${sql} AS VARCHAR))`;
  }
  if (from.type.kind === 'STRUCT' && to.kind === 'STRUCT')
    return structCast(sql, from.type, to, castSql) ?? sql;
  if (from.type.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const item = castSql({ sql: 'x', type: from.type.item }, to.item);
    return `list_transform(${sql}, lambda x: ${item})`;
  }
  return `CAST(${sql} AS ${duckType(to)})`;
}

/** DuckDB casts STRUCTs by the names of their fields, GoogleSQL by position. Undefined if a field has no cast. */
export function structCast(
  sql: string,
  from: SqlType & { kind: 'STRUCT' },
  to: SqlType & { kind: 'STRUCT' },
  cast: (value: Pick<Typed, 'sql' | 'type'>, to: SqlType) => string | undefined,
): string | undefined {
  const [sources, names] = [fieldNames(from.fields), fieldNames(to.fields)];
  const fields = to.fields.map((field, index) => {
    const source = from.fields[index];
    const value = `s[${quoteText(sources[index] ?? '')}]`;
    const own = source === undefined ? value : cast({ sql: value, type: source.type }, field.type);
    return own && `${quote(names[index])} := ${own}`;
  });
  if (fields.includes(undefined)) return undefined;
  return `list_transform([${sql}], lambda s: CASE WHEN s IS NULL THEN NULL ELSE struct_pack(${fields.join(', ')}) END)[1]`;
}
