import { BigQueryError } from '../errors.ts';
import { canonicalType, type Field, type FieldMode } from '../schema.ts';
import { asArray, asObject, type Json, type JsonObject } from './json.ts';

const NAME = /^[\p{L}_][\p{L}\p{M}\p{N}_ &%=+:'<>#|-]{0,299}$/u;
const MODES: ReadonlySet<string> = new Set(['NULLABLE', 'REQUIRED', 'REPEATED']);
const OWN = new Set(['name', 'type', 'mode', 'description', 'fields']);

/** `schema.fields` of a request as columns. Throws invalid in Google's words. */
export function readFields(json: Json | undefined): Field[] {
  const fields = asArray(json).map(readField);
  const seen = new Set<string>();
  for (const { name } of fields) {
    const key = name.toLowerCase();
    if (seen.has(key)) throw new BigQueryError('invalid', `Field ${name} already exists in schema`);
    seen.add(key);
  }
  return fields;
}

function readField(json: Json): Field {
  const source = asObject(json);
  const name = String(source['name'] ?? '');
  if (!NAME.test(name)) {
    throw new BigQueryError(
      'invalid',
      `Invalid field name "${name}". Fields must contain the allowed characters, and be at most 300 characters long.`,
    );
  }
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
  if (typeof source['description'] === 'string') field.description = source['description'];
  if (type === 'RECORD') field.fields = readFields(source['fields']);
  if (type === 'RECORD' && field.fields?.length === 0) {
    throw new BigQueryError('invalid', `Field ${name} is type RECORD but has no schema`);
  }
  const extra = Object.entries(source).filter(([key]) => !OWN.has(key));
  if (extra.length > 0) field.extra = Object.fromEntries(extra);
  return field;
}

/** Columns as a response's `schema.fields`. */
export function writeFields(fields: readonly WritableField[]): JsonObject[] {
  return fields.map((field) => ({
    ...(field.extra as JsonObject | undefined),
    name: field.name,
    type: field.type,
    mode: field.mode,
    ...(field.description === undefined ? {} : { description: field.description }),
    ...(field.fields === undefined ? {} : { fields: writeFields(field.fields) }),
  }));
}

type WritableField = Omit<Field, 'type' | 'fields'> & { type: string; fields?: WritableField[] };
