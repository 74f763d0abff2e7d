import type { Cell } from '../tables/cell.ts';
import { type Field, findField } from '../tables/schema.ts';
import { isJson, parseText } from './parse-text.ts';

/** A number in JSON, with its digits as they were sent. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type ExactJson =
  | null
  | boolean
  | string
  | NumberText
  | ExactJson[]
  | { [key: string]: ExactJson };

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** JSON.parse that keeps numbers as text, so that none beyond 2^53 is rounded. Throws SyntaxError. */
export function parseExactJson(text: string): ExactJson {
  // TypeScript's type of JSON.parse lacks the reviver's third argument.
  const parse = JSON.parse as (text: string, reviver: Reviver) => ExactJson;
  return parse(text, (_, value, context) =>
    typeof value === 'number' ? new NumberText(context.source ?? String(value)) : value,
  );
}

function writeExactJson(json: ExactJson): string {
  if (json instanceof NumberText) return json.text;
  if (Array.isArray(json)) return `[${json.map(writeExactJson).join(',')}]`;
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  const members = Object.entries(json).map(
    ([key, value]) => `${JSON.stringify(key)}:${writeExactJson(value)}`,
  );
  return `{${members.join(',')}}`;
}

export interface JsonRowOptions {
  ignoreUnknownValues: boolean;
  /** Whether a string in a JSON column is JSON text (insertAll) or a JSON string (load jobs). */
  jsonStrings: 'text' | 'value';
}

export interface JsonRowProblem {
  path: string;
  reason: string;
}

/** The cells of one JSON object in the order of `fields`, or the problem with it. */
export function jsonToCells(
  fields: readonly Field[],
  row: ExactJson,
  options: JsonRowOptions,
): Cell[] | JsonRowProblem {
  try {
    return readRecord(fields, row, '', options);
  } catch (problem) {
    if (problem instanceof JsonRowError) return { path: problem.path, reason: problem.message };
    throw problem;
  }
}

/** Thrown and caught in this file, to leave the recursion. */
class JsonRowError extends Error {
  readonly path: string;
  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

function readRecord(
  fields: readonly Field[],
  json: ExactJson,
  path: string,
  options: JsonRowOptions,
): Cell[] {
  if (
    typeof json !== 'object' ||
    json === null ||
    Array.isArray(json) ||
    json instanceof NumberText
  ) {
    throw new JsonRowError(path, 'Expected a JSON object');
  }
  const values = new Map<string, ExactJson>();
  for (const [key, value] of Object.entries(json)) {
    if (findField(fields, key) === undefined && !options.ignoreUnknownValues) {
      throw new JsonRowError(join(path, key), `No such field: ${join(path, key)}.`);
    }
    values.set(key.toLowerCase(), value);
  }
  return fields.map((field) =>
    readField(field, values.get(field.name.toLowerCase()) ?? null, join(path, field.name), options),
  );
}

function readField(field: Field, json: ExactJson, path: string, options: JsonRowOptions): Cell {
  if (field.mode === 'REPEATED') {
    if (json === null) return [];
    if (!Array.isArray(json))
      throw new JsonRowError(path, 'Array specified for non-repeated field is missing');
    return json.map((item, index) => {
      const cell = readScalar(field, item, `${path}[${index}]`, options);
      if (cell === null)
        throw new JsonRowError(`${path}[${index}]`, 'Only optional fields can be set to NULL');
      return cell;
    });
  }
  const cell = readScalar(field, json, path, options);
  if (cell === null && field.mode === 'REQUIRED') {
    throw new JsonRowError(path, `Missing required field: ${path}.`);
  }
  return cell;
}

function readScalar(field: Field, json: ExactJson, path: string, options: JsonRowOptions): Cell {
  if (json === null) return null;
  if (field.type === 'RECORD') return readRecord(field.fields ?? [], json, path, options);
  if (field.type === 'JSON') return readJsonCell(json, path, options);
  if (typeof json === 'object' && !(json instanceof NumberText)) {
    throw new JsonRowError(
      path,
      Array.isArray(json) ? 'Array specified for non-repeated field' : 'This field is not a record',
    );
  }
  const text = json instanceof NumberText ? json.text : String(json);
  const whole = field.type === 'INTEGER' ? text.replace(/\.0+$/, '') : text;
  const cell = parseText(field.type, whole);
  if (cell === undefined) {
    throw new JsonRowError(
      path,
      `Could not convert value '${text.slice(0, 100)}' to ${field.type}`,
    );
  }
  return cell;
}

function readJsonCell(json: ExactJson, path: string, options: JsonRowOptions): Cell {
  if (typeof json !== 'string' || options.jsonStrings === 'value') return writeExactJson(json);
  if (!isJson(json)) throw new JsonRowError(path, 'Invalid JSON string');
  return json;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
