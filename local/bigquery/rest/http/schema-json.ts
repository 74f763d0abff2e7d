import { BigQueryError } from '../../errors.ts';
import { checkColumns } from '../../tables/column-limits.ts';
import { canonicalType, type Field, type FieldMode } from '../../tables/schema.ts';
import { asArray, asObject, type Json, type JsonObject } from './json.ts';

const MODES: ReadonlySet<string> = new Set(['NULLABLE', 'REQUIRED', 'REPEATED']);
const OWN = new Set(['name', 'type', 'mode', 'description', 'fields']);

/** Reads the columns in a request's `schema.fields`. Throws invalid with Google's messages. */
export function readFields(json: Json | undefined): Field[] {
  const schema = asArray(json).map(readField);
  checkColumns({ schema });
  return schema;
}

function readField(json: Json): Field {
  const source = asObject(json);
  const name = String(source['name'] ?? '');
  const type = canonicalType(String(source['type'] ?? ''));
  if (type === undefined) {
    throw new BigQueryError(
      'invalid',
      `Invalid value for type: ${source['type']} is not a valid value`,
    );
  }
  const mode = String(source['mode'] ?? 'NULLABLE').toUpperCase();
  if (!MODES.has(mode)) {
    throw new BigQueryError('invalid', `Invalid value for mode: ${mode} is not a valid value`);
  }
  const field: Field = { name, type, mode: mode as FieldMode };
  // BigQuery returns a column as it was given, without a mode if it had none.
  if (source['mode'] === undefined) field.isModeImplicit = true;
  if (typeof source['description'] === 'string') field.description = source['description'];
  if (type === 'RECORD') field.fields = asArray(source['fields']).map(readField);
  if (type === 'RECORD' && field.fields?.length === 0) {
    throw new BigQueryError('invalid', `Field ${name} is type RECORD but has no schema`);
  }
  const extra = Object.entries(source).filter(([key]) => !OWN.has(key));
  if (extra.length > 0) field.extra = Object.fromEntries(extra);
  return field;
}

/** Writes columns as a response's `schema.fields`. */
export function writeFields(fields: readonly WritableField[]): JsonObject[] {
  return fields.map((field) => ({
    ...(field.extra as JsonObject | undefined),
    name: field.name,
    type: field.type,
    ...(field.isModeImplicit && field.mode === 'NULLABLE' ? {} : { mode: field.mode }),
    ...(field.description === undefined ? {} : { description: field.description }),
    ...(field.fields === undefined ? {} : { fields: writeFields(field.fields) }),
  }));
}

type WritableField = Omit<Field, 'type' | 'fields'> & { type: string; fields?: WritableField[] };
