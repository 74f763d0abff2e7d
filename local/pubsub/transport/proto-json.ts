// The proto3 JSON mapping (protobuf.dev/programming-guides/json) by reflection, for REST.

import protobuf from 'protobufjs';
import { invalid } from '../errors.ts';

type Json = Record<string, unknown>;

/** Throws INVALID_ARGUMENT that names an unknown field, or a field with a wrong value. */
export function fromJson(type: protobuf.Type, json: unknown, path = ''): protobuf.Message {
  if (!isObject(json)) throw malformed(path, 'it is not an object');
  const fields: Json = {};
  for (const [name, value] of Object.entries(json)) {
    const field = fieldOf(type, name);
    const at = path ? `${path}.${name}` : name;
    if (!field)
      throw invalid(`Invalid JSON payload received. Unknown name "${at}": Cannot find field.`);
    if (value !== null) fields[field.name] = fieldFromJson(field, value, at);
  }
  return type.create(fields);
}

export function toJson(type: protobuf.Type, message: object): Json {
  const json: Json = {};
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields[name];
    if (!field || isEmpty(field, value)) continue;
    json[name] = fieldToJson(field, value);
  }
  return json;
}

function fieldFromJson(field: protobuf.Field, value: unknown, path: string): unknown {
  if (field instanceof protobuf.MapField) {
    if (!isObject(value)) throw malformed(path, 'it is not an object');
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, valueFromJson(field, item, `${path}["${key}"]`)]),
    );
  }
  if (!field.repeated) return valueFromJson(field, value, path);
  if (!Array.isArray(value)) throw malformed(path, 'it is not a list');
  return value.map((item, index) => valueFromJson(field, item, `${path}[${index}]`));
}

function fieldToJson(field: protobuf.Field, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => valueToJson(field, item));
  if (!(field instanceof protobuf.MapField)) return valueToJson(field, value);
  const entries = Object.entries(value as Json);
  return Object.fromEntries(entries.map(([key, item]) => [key, valueToJson(field, item)]));
}

function valueFromJson(field: protobuf.Field, value: unknown, path: string): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return enumFromJson(type, value, path);
  if (type) {
    const wellKnown = FROM_STRING[type.fullName];
    if (!wellKnown) return fromJson(type as protobuf.Type, value, path);
    return wellKnown(stringOf(value, path), path);
  }
  if (field.type === 'string') return stringOf(value, path);
  if (field.type === 'bytes') return bytesOf(stringOf(value, path), path);
  if (field.type === 'bool') {
    // A query has texts only.
    if (value === 'true' || value === 'false') return value === 'true';
    if (typeof value !== 'boolean') throw malformed(path, 'it is not a boolean');
    return value;
  }
  if (field.type === 'double' || field.type === 'float') return floatOf(value, path);
  if (field.type.endsWith('64') && typeof value === 'string' && /^-?\d{16,20}$/.test(value)) {
    return value;
  }
  return numberOf(value, path);
}

function valueToJson(field: protobuf.Field, value: unknown): unknown {
  const type = field.resolvedType;
  if (type instanceof protobuf.Enum) return type.valuesById[Number(value)] ?? value;
  if (type) {
    const wellKnown = TO_STRING[type.fullName];
    return wellKnown ? wellKnown(value as Json) : toJson(type as protobuf.Type, value as object);
  }
  if (field.type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  return field.type.endsWith('64') ? String(value) : value;
}

const FROM_STRING: Record<string, (text: string, path: string) => object> = {
  '.google.protobuf.Duration': (text, path) => {
    const [, sign, seconds, digits = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(text) ?? [];
    if (seconds === undefined) throw malformed(path, 'it is not a duration such as "600s"');
    const factor = sign ? -1 : 1;
    return { seconds: factor * Number(seconds), nanos: factor * Number(digits.padEnd(9, '0')) };
  },
  '.google.protobuf.Timestamp': (text, path) => {
    const ms = Date.parse(text);
    if (Number.isNaN(ms)) throw malformed(path, 'it is not a timestamp');
    return { seconds: Math.floor(ms / 1000), nanos: (((ms % 1000) + 1000) % 1000) * 1_000_000 };
  },
  '.google.protobuf.FieldMask': (text) => ({ paths: text.split(',').filter(Boolean) }),
};

const TO_STRING: Record<string, (value: Json) => string> = {
  '.google.protobuf.Duration': ({ seconds, nanos }) => {
    const digits = nanos ? `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}` : '';
    return `${seconds ?? 0}${digits}s`;
  },
  '.google.protobuf.Timestamp': ({ seconds, nanos }) =>
    new Date(Number(seconds ?? 0) * 1000 + Number(nanos ?? 0) / 1_000_000).toISOString(),
};

/** Accepts both `ackDeadlineSeconds` and the proto's own `ack_deadline_seconds`. */
function fieldOf(type: protobuf.Type, name: string): protobuf.Field | undefined {
  const camel = name.includes('_')
    ? name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())
    : name;
  return Object.hasOwn(type.fields, camel) ? type.fields[camel] : undefined;
}

/** Scalars and lists with their default value are left out; messages are shown, even when empty. */
function isEmpty(field: protobuf.Field, value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0 || value === false)
    return true;
  if (field.resolvedType instanceof protobuf.Type && !field.map && !field.repeated) return false;
  return typeof value === 'object' && 'length' in value
    ? value.length === 0
    : typeof value === 'object' && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringOf(value: unknown, path: string): string {
  if (typeof value !== 'string') throw malformed(path, 'it is not a string');
  return value;
}

function numberOf(value: unknown, path: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw malformed(path, 'it is not an integer');
  return number as number;
}

function floatOf(value: unknown, path: string): number {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (!Number.isFinite(number)) throw malformed(path, 'it is not a number');
  return number as number;
}

function numericText(value: string): number | undefined {
  return /^\d+$/.test(value) ? Number(value) : undefined;
}

function enumFromJson(type: protobuf.Enum, value: unknown, path: string): number {
  const number = typeof value === 'string' ? (type.values[value] ?? numericText(value)) : value;
  if (typeof number !== 'number') throw malformed(path, `it is not a ${type.name}`);
  return number;
}

/** Standard or URL-safe base64, padded or not. Buffer skips other characters, so the length shows them. */
function bytesOf(text: string, path: string): Buffer {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = Buffer.from(text, 'base64');
  if (digits % 4 === 1 || bytes.length !== Math.floor((digits * 3) / 4)) {
    throw malformed(path, 'Base64 decoding failed');
  }
  return bytes;
}

function malformed(path: string, why: string) {
  return invalid(`Invalid value at '${path}': ${why}.`);
}
