import { limit } from '../../sql/analyse/values/casts.ts';
import { arrayOf, type SqlType, scalar } from '../../sql/types.ts';
import type { Field, FieldType } from '../../tables/schema.ts';
import type { ResultField } from '../results/result-schema.ts';

const KINDS: Readonly<Record<Exclude<FieldType, 'RECORD'>, SqlType>> = {
  STRING: scalar('STRING'),
  BYTES: scalar('BYTES'),
  INTEGER: scalar('INT64'),
  FLOAT: scalar('FLOAT64'),
  NUMERIC: scalar('NUMERIC'),
  BIGNUMERIC: scalar('BIGNUMERIC'),
  BOOLEAN: scalar('BOOL'),
  TIMESTAMP: scalar('TIMESTAMP'),
  DATE: scalar('DATE'),
  DATETIME: scalar('DATETIME'),
  TIME: scalar('TIME'),
  JSON: scalar('JSON'),
};

/** The GoogleSQL type of a column. */
export function typeOfField(field: Field): SqlType {
  const single: SqlType =
    field.type === 'RECORD'
      ? {
          kind: 'STRUCT',
          fields: (field.fields ?? []).map((inner) => ({
            name: inner.name,
            type: typeOfField(inner),
          })),
        }
      : KINDS[field.type];
  return field.mode === 'REPEATED' ? arrayOf(single) : single;
}

const REST: Readonly<Record<string, ResultField['type']>> = {
  INT64: 'INTEGER',
  NULL: 'INTEGER',
  FLOAT64: 'FLOAT',
  BOOL: 'BOOLEAN',
};

/** A column of a result, as the REST API describes it. */
export function resultFieldOf(name: string, type: SqlType): ResultField {
  if (type.kind === 'ARRAY') return { ...resultFieldOf(name, type.item), mode: 'REPEATED' };
  if (type.kind !== 'STRUCT') {
    return { name, type: REST[type.kind] ?? (type.kind as ResultField['type']), mode: 'NULLABLE' };
  }
  let unnamed = 0;
  const fields = type.fields.map((field) => {
    const own = field.name === undefined ? `_field_${++unnamed}` : field.name;
    return resultFieldOf(own, field.type);
  });
  return { name, type: 'RECORD', mode: 'NULLABLE', fields };
}

/** Cuts or refuses a value as STRING(n) and NUMERIC(p, s) say. */
export function limitOf(field: Field): (sql: string) => string {
  const { maxLength, precision, scale } = field.extra ?? {};
  const parameters = [maxLength ?? precision, scale]
    .filter((each) => each !== undefined)
    .map(String);
  if (parameters.length === 0 || field.mode === 'REPEATED') return (sql) => sql;
  const tree = { kind: 'simple', name: field.type, parameters, pos: 0 } as const;
  return (sql) => limit(sql, typeOfField(field), tree);
}
