import { protos } from '@google-cloud/bigquery-storage';
import type { Field, FieldType } from '../../tables/schema.ts';

const { Type, Mode } = protos.google.cloud.bigquery.storage.v1.TableFieldSchema;

const TYPES: Record<FieldType, number> = {
  STRING: Type.STRING,
  BYTES: Type.BYTES,
  INTEGER: Type.INT64,
  FLOAT: Type.DOUBLE,
  NUMERIC: Type.NUMERIC,
  BIGNUMERIC: Type.BIGNUMERIC,
  BOOLEAN: Type.BOOL,
  TIMESTAMP: Type.TIMESTAMP,
  DATE: Type.DATE,
  DATETIME: Type.DATETIME,
  TIME: Type.TIME,
  JSON: Type.JSON,
  RECORD: Type.STRUCT,
};

/** A table's columns in the Storage API's form, which differs from the REST API's. */
export function toTableSchema(
  fields: readonly Field[],
): protos.google.cloud.bigquery.storage.v1.ITableSchema {
  return { fields: fields.map(toFieldSchema) };
}

function toFieldSchema(field: Field): protos.google.cloud.bigquery.storage.v1.ITableFieldSchema {
  return {
    name: field.name,
    type: TYPES[field.type],
    mode: Mode[field.mode],
    description: field.description ?? '',
    fields: (field.fields ?? []).map(toFieldSchema),
    ...parametersOf(field),
  };
}

/** What a column says of its values: STRING(n), NUMERIC(p, s) and its default. */
function parametersOf({
  extra = {},
}: Field): protos.google.cloud.bigquery.storage.v1.ITableFieldSchema {
  const { maxLength, precision, scale, defaultValueExpression, timestampPrecision } = extra;
  return {
    ...(maxLength !== undefined && { maxLength: Number(maxLength) }),
    ...(precision !== undefined && { precision: Number(precision) }),
    ...(scale !== undefined && { scale: Number(scale) }),
    ...(defaultValueExpression !== undefined && {
      defaultValueExpression: String(defaultValueExpression),
    }),
    ...(timestampPrecision !== undefined && {
      timestampPrecision: { value: Number(timestampPrecision) },
    }),
  };
}
