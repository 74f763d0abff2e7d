import { BigQueryError } from '../../errors.ts';
import type { Field, FieldType } from '../../tables/schema.ts';

/** A schema as a file has it: a name, a union, or an object. */
export type AvroSchema = string | AvroSchema[] | AvroObject;

interface AvroObject {
  type: AvroSchema;
  name?: string;
  logicalType?: string;
  sqlType?: string;
  precision?: number;
  scale?: number;
  items?: AvroSchema;
  values?: AvroSchema;
  fields?: { name: string; type: AvroSchema; doc?: string }[];
}

/** A column with the reading of its values. */
export interface AvroField extends Field {
  /** The type in the file, without the null of a union. */
  avro: AvroObject;
  fields?: AvroField[];
}

const PLAIN: Readonly<Record<string, FieldType>> = {
  string: 'STRING',
  enum: 'STRING',
  bytes: 'BYTES',
  fixed: 'BYTES',
  int: 'INTEGER',
  long: 'INTEGER',
  float: 'FLOAT',
  double: 'FLOAT',
  boolean: 'BOOLEAN',
};

const LOGICAL: Readonly<Record<string, FieldType>> = {
  date: 'DATE',
  'time-millis': 'TIME',
  'time-micros': 'TIME',
  'timestamp-millis': 'TIMESTAMP',
  'timestamp-micros': 'TIMESTAMP',
  'local-timestamp-millis': 'DATETIME',
  'local-timestamp-micros': 'DATETIME',
  datetime: 'DATETIME',
};

/**
 * The columns of a file's record: https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-avro#avro_conversions.
 * Logical types count only with `useAvroLogicalTypes`. Throws invalid.
 */
export function avroFields(schema: AvroSchema, useLogicalTypes: boolean): AvroField[] {
  const named = new Map<string, AvroObject>();
  const resolve = (type: AvroSchema): AvroObject => {
    if (typeof type === 'string') return named.get(type) ?? { type };
    if (Array.isArray(type)) throw refuse('a union of several types');
    if (type.name !== undefined) named.set(type.name, type);
    return typeof type.type === 'string' ? type : resolve(type.type);
  };
  const read = (name: string, given: AvroSchema): AvroField => {
    const types = Array.isArray(given) ? given.filter((type) => type !== 'null') : [given];
    const [only, ...others] = types;
    if (only === undefined || others.length > 0) throw refuse(`the union of field ${name}`);
    const avro = resolve(only);
    const mode = Array.isArray(given) ? 'NULLABLE' : 'REQUIRED';
    if (avro.type === 'array') {
      return { ...read(name, avro.items ?? 'null'), mode: 'REPEATED' };
    }
    if (avro.type !== 'record') return { name, mode, avro, type: scalar(name, avro) };
    const fields = (avro.fields ?? []).map((field) => read(field.name, field.type));
    return { name, mode, avro, type: 'RECORD', fields };
  };
  const scalar = (name: string, avro: AvroObject): FieldType => {
    const { logicalType = '', sqlType } = avro;
    const kind = String(avro.type);
    if (sqlType === 'JSON') return 'JSON';
    if (logicalType === 'decimal' && useLogicalTypes) {
      const whole = (avro.precision ?? 0) - (avro.scale ?? 0);
      return whole <= 29 && (avro.scale ?? 0) <= 9 ? 'NUMERIC' : 'BIGNUMERIC';
    }
    const type = (useLogicalTypes ? LOGICAL[logicalType] : undefined) ?? PLAIN[kind];
    if (type === undefined) throw refuse(`the type ${kind} of field ${name}`);
    return type;
  };
  const root = resolve(schema);
  if (root.type !== 'record') throw refuse('a file whose schema is no record');
  return (root.fields ?? []).map((field) => read(field.name, field.type));
}

function refuse(what: string): BigQueryError {
  return new BigQueryError(
    'invalid',
    `Error while reading data, error message: Avro: ${what} is not supported`,
  );
}
