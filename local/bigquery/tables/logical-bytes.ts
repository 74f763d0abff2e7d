import { UNITS_FIELD } from '../values/bignumeric.ts';
import { quoteIdentifier } from './duckdb-types.ts';
import type { Field, FieldType } from './schema.ts';

/** The size of a value of each type; of a text or bytes without its content. */
const SIZES: Readonly<Record<Exclude<FieldType, 'RECORD'>, number>> = {
  STRING: 2,
  BYTES: 2,
  JSON: 2,
  INTEGER: 8,
  FLOAT: 8,
  NUMERIC: 16,
  BIGNUMERIC: 32,
  BOOLEAN: 1,
  TIMESTAMP: 8,
  DATE: 8,
  DATETIME: 8,
  TIME: 8,
};

type Sized = Omit<Field, 'type' | 'fields'> & { type: string; fields?: Sized[] };

/**
 * DuckDB's SQL for the logical bytes of a value, by which BigQuery bills. A NULL has none.
 * https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes
 */
export function logicalBytes(field: Sized, sql: string, depth = 0): string {
  if (field.mode !== 'REPEATED') return `coalesce(${single(field, sql, depth)}, 0)`;
  const item = `e${depth}`;
  const sizes = `list_transform(${sql}, lambda ${item}: ${single(field, item, depth + 1)})`;
  return `coalesce(list_sum(${sizes}), 0)`;
}

function single(field: Sized, sql: string, depth: number): string {
  if (field.type === 'RECORD') {
    const inner = (field.fields ?? []).map((each) =>
      logicalBytes(each, `struct_extract(${sql}, '${each.name.replaceAll("'", "''")}')`, depth),
    );
    return `(${['0', ...inner].join(' + ')})`;
  }
  const size = SIZES[field.type as Exclude<FieldType, 'RECORD'>] ?? 16;
  if (field.type === 'STRING' || field.type === 'JSON') return `${size} + strlen(${sql})`;
  if (field.type === 'BYTES') return `${size} + octet_length(${sql})`;
  if (field.type === 'BIGNUMERIC') {
    const units = `struct_extract(${sql}, '${UNITS_FIELD}')`;
    return `CASE WHEN ${units} IS NOT NULL THEN ${size} END`;
  }
  return `CASE WHEN ${sql} IS NOT NULL THEN ${size} END`;
}

/** The logical bytes of a row in these columns. */
export function rowBytes(fields: readonly Sized[], columnSql = quoteIdentifier): string {
  const sizes = fields.map((field) => logicalBytes(field, columnSql(field.name)));
  return ['0', ...sizes].join(' + ');
}
