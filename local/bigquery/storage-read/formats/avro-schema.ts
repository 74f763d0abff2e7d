import type { ResultField } from '../../query/results/result-schema.ts';

export type AvroType =
  | string
  | readonly AvroType[]
  | { readonly type: string; readonly [property: string]: unknown };

/**
 * The Avro schema of columns, as BigQuery maps types:
 * https://cloud.google.com/bigquery/docs/reference/storage#avro_schema_details
 */
export function avroSchema(fields: readonly ResultField[]): AvroType {
  // Every record of a schema needs a name of its own.
  let records = 0;
  const record = (name: string, inner: readonly ResultField[]): AvroType => ({
    type: 'record',
    name,
    fields: inner.map((field) => ({
      name: field.name,
      ...(field.description === undefined ? {} : { doc: field.description }),
      type: typeOf(field),
    })),
  });
  const single = (field: ResultField): AvroType =>
    field.type === 'RECORD' ? record(`__s_${records++}`, field.fields ?? []) : SCALARS[field.type];
  const typeOf = (field: ResultField): AvroType => {
    if (field.mode === 'REPEATED') return { type: 'array', items: single(field) };
    return field.mode === 'REQUIRED' ? single(field) : ['null', single(field)];
  };
  return record('__root__', fields);
}

const SCALARS: Readonly<Record<Exclude<ResultField['type'], 'RECORD'>, AvroType>> = {
  STRING: 'string',
  BYTES: 'bytes',
  INTEGER: 'long',
  FLOAT: 'double',
  NUMERIC: { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 9 },
  BIGNUMERIC: { type: 'bytes', logicalType: 'decimal', precision: 77, scale: 38 },
  BOOLEAN: 'boolean',
  TIMESTAMP: { type: 'long', logicalType: 'timestamp-micros' },
  DATE: { type: 'int', logicalType: 'date' },
  DATETIME: { type: 'string', logicalType: 'datetime', sqlType: 'DATETIME' },
  TIME: { type: 'long', logicalType: 'time-micros' },
  JSON: { type: 'string', sqlType: 'JSON' },
  INTERVAL: { type: 'string', sqlType: 'INTERVAL' },
};
