import { DuckDBListValue, type DuckDBValue } from '@duckdb/node-api';
import type { SqlType } from '../../types.ts';
import { define, defineVariadic, type RuntimeFunction } from '../define.ts';
import { typesOf } from '../values/type-descriptor.ts';
import {
  jsonBool,
  jsonFloat64,
  jsonInt64,
  jsonString,
  jsonType,
  laxBool,
  laxFloat64,
  laxInt64,
  laxString,
  numericText,
  scalarText,
  writtenScalar,
} from './json-convert.ts';
import { appendAt, insertAt, keysOf, pathSteps, removeAt, setAt, stripNulls } from './json-edit.ts';
import { encodeJson } from './json-encode.ts';
import { follow, parsePath } from './json-path.ts';
import { jsonText, partText, prettyText } from './json-text.ts';
import { type Json, JsonNumber, parseJson, tryParseJson } from './json-tree.ts';

/** The value at a path of a text that may be no JSON. */
function at(text: string, path: string): Json | undefined {
  const json = tryParseJson(text);
  return json === undefined ? undefined : follow(json, parsePath(path));
}

function arrayAt(text: string, path: string): Json[] | null {
  const found = at(text, path);
  return Array.isArray(found) ? found : null;
}

function scalars(
  items: readonly Json[],
  text: (item: Json) => string | null,
): (string | null)[] | null {
  const isScalar = (item: Json) => !(item instanceof Map) && !Array.isArray(item);
  return items.every(isScalar) ? items.map(text) : null;
}

/** Applies each pair of a path and a value in turn. */
function edit(
  text: string | null,
  types: readonly SqlType[],
  values: readonly DuckDBValue[],
  apply: (
    json: Json,
    path: NonNullable<ReturnType<typeof pathSteps>>,
    value: Json,
    isArray: boolean,
  ) => Json,
): string | null {
  if (text === null) return null;
  let json = parseJson(text);
  for (let index = 0; index + 1 < values.length; index += 2) {
    const path = pathSteps(values[index] as string | null);
    const type = types[index + 1] ?? { kind: 'NULL' };
    if (path === undefined) continue;
    json = apply(
      json,
      path,
      encodeJson(type, values[index + 1] ?? null, false),
      type.kind === 'ARRAY',
    );
  }
  return jsonText(json);
}

const STRICT: RuntimeFunction[] = [
  define('json_int', ['string'], 'int', (text) => jsonInt64(parseJson(text))),
  define('json_float', ['string', 'string'], 'float', (text, mode) =>
    jsonFloat64(parseJson(text), mode),
  ),
  define('json_bool', ['string'], 'bool', (text) => jsonBool(parseJson(text))),
  define('json_string', ['string'], 'string', (text) => jsonString(parseJson(text))),
  define('lax_int', ['string'], 'int', (text) => laxInt64(parseJson(text))),
  define('lax_float', ['string'], 'float', (text) => laxFloat64(parseJson(text))),
  define('lax_bool', ['string'], 'bool', (text) => laxBool(parseJson(text))),
  define('lax_string', ['string'], 'string', (text) => laxString(parseJson(text))),
  define('json_type', ['string'], 'string', (text) => jsonType(parseJson(text))),
];

function strictItems<T>(text: string, of: (item: Json) => T): T[] {
  const json = parseJson(text);
  if (!Array.isArray(json)) throw new Error('The provided JSON input is not an array');
  return json.map(of);
}

function laxItems<T>(text: string, of: (item: Json) => T): T[] | null {
  const json = parseJson(text);
  return Array.isArray(json) ? json.map(of) : null;
}

/** `INT64_ARRAY(json)` and its family. Booleans go to DuckDB as text. */
const ARRAYS: RuntimeFunction[] = [
  define('json_bool_array', ['string'], 'strings', (text) =>
    strictItems(text, (item) => String(jsonBool(item))),
  ),
  define('json_int_array', ['string'], 'ints', (text) => strictItems(text, jsonInt64)),
  define('json_float_array', ['string', 'string'], 'floats', (text, mode) =>
    strictItems(text, (item) => jsonFloat64(item, mode)),
  ),
  define('json_string_array', ['string'], 'strings', (text) => strictItems(text, jsonString)),
  define('lax_bool_array', ['string'], 'strings', (text) =>
    laxItems(text, (item) => {
      const value = laxBool(item);
      return value === null ? null : String(value);
    }),
  ),
  define('lax_int_array', ['string'], 'ints', (text) => laxItems(text, laxInt64)),
  define('lax_float_array', ['string'], 'floats', (text) => laxItems(text, laxFloat64)),
  define('lax_string_array', ['string'], 'strings', (text) => laxItems(text, laxString)),
];

const READING: RuntimeFunction[] = [
  define('json_value', ['string', 'string'], 'string', (text, path) =>
    writtenScalar(at(text, path) ?? null),
  ),
  define('json_query', ['string', 'string'], 'string', (text, path) => {
    const found = at(text, path);
    return found === undefined || found === null ? null : partText(found);
  }),
  // A value of type JSON may be a JSON null, which is not NULL.
  define('json_query_json', ['string', 'string'], 'string', (text, path) => {
    const found = at(text, path);
    return found === undefined ? null : jsonText(found, false);
  }),
  define('json_value_array', ['string', 'string'], 'strings', (text, path) => {
    const items = arrayAt(text, path);
    return items && scalars(items, writtenScalar);
  }),
  define('json_value_array_json', ['string', 'string'], 'strings', (text, path) => {
    const items = arrayAt(text, path);
    return items && scalars(items, scalarText);
  }),
  define('json_query_array', ['string', 'string'], 'strings', (text, path) => {
    return arrayAt(text, path)?.map(partText) ?? null;
  }),
  define('json_query_array_json', ['string', 'string'], 'strings', (text, path) => {
    return arrayAt(text, path)?.map((item) => jsonText(item, false)) ?? null;
  }),
  define('json_keys', ['string', 'int', 'string'], 'strings', (text, depth, mode) =>
    keysOf(parseJson(text), checkedDepth(depth), checkedMode(mode)),
  ),
  define('json_contains', ['string', 'string'], 'bool', (a, b) =>
    contains(parseJson(a), parseJson(b), true),
  ),
  define('json_flatten', ['string'], 'strings', (text) => {
    const flat = (json: Json): Json[] => (Array.isArray(json) ? json.flatMap(flat) : [json]);
    return flat(parseJson(text)).map((item) => jsonText(item));
  }),
];

const WRITING: RuntimeFunction[] = [
  define('parse_json', ['string', 'string'], 'string', (text, mode) =>
    jsonText(wide(parseJson(text), mode)),
  ),
  defineVariadic(
    'to_json_string',
    ['string', 'bool'],
    'string',
    ([types, pretty], [value = null]) => {
      const type = typesOf(types)[0] ?? { kind: 'NULL' };
      if (pretty === null) return null;
      const json = encodeJson(type, value, 'decimals too');
      return pretty ? prettyText(json, false) : jsonText(json, false);
    },
  ),
  defineVariadic('to_json', ['string', 'bool'], 'string', ([types, wideAsText], [value = null]) => {
    if (wideAsText === null) return null;
    return jsonText(encodeJson(typesOf(types)[0] ?? { kind: 'NULL' }, value, wideAsText));
  }),
  defineVariadic('json_array', ['string'], 'string', ([types], values) =>
    jsonText(
      values.map((value, index) =>
        encodeJson(typesOf(types)[index] ?? { kind: 'NULL' }, value, false),
      ),
    ),
  ),
  defineVariadic('json_object', ['string'], 'string', ([types], values) => {
    const pairs = new Map<string, Json>();
    for (let index = 0; index + 1 < values.length; index += 2) {
      const key = values[index];
      if (typeof key !== 'string')
        throw new Error('Invalid input to JSON_OBJECT: A key cannot be NULL');
      const value = encodeJson(
        typesOf(types)[index + 1] ?? { kind: 'NULL' },
        values[index + 1] ?? null,
        false,
      );
      if (!pairs.has(key)) pairs.set(key, value);
    }
    return jsonText(pairs);
  }),
  defineVariadic('json_object_arrays', ['string'], 'string', ([types], [keys, values]) => {
    const [names, items] = [keys, values].map((list) =>
      list instanceof DuckDBListValue ? list.items : undefined,
    );
    if (names === undefined)
      throw new Error('Invalid input to JSON_OBJECT: The keys array cannot be NULL');
    if (items === undefined)
      throw new Error('Invalid input to JSON_OBJECT: The values array cannot be NULL');
    if (names.length !== items.length)
      throw new Error('Invalid input to JSON_OBJECT: The number of keys and values must match');
    const type = typesOf(types)[1];
    const itemType: SqlType = type?.kind === 'ARRAY' ? type.item : { kind: 'NULL' };
    const pairs = new Map<string, Json>();
    names.forEach((name, index) => {
      if (name === null) throw new Error('Invalid input to JSON_OBJECT: A key cannot be NULL');
      if (!pairs.has(String(name)))
        pairs.set(String(name), encodeJson(itemType, items[index] ?? null, false));
    });
    return jsonText(pairs);
  }),
  defineVariadic(
    'json_set',
    ['string', 'string', 'bool'],
    'string',
    ([types, text, create], values) =>
      edit(text, typesOf(types), create === null ? [] : values, (json, path, value) =>
        setAt(json, path, value, create === true),
      ),
  ),
  defineVariadic(
    'json_append',
    ['string', 'string', 'bool'],
    'string',
    ([types, text, each], values) =>
      edit(text, typesOf(types), each === null ? [] : values, (json, path, value, isArray) =>
        appendAt(json, path, each && isArray && Array.isArray(value) ? value : [value]),
      ),
  ),
  defineVariadic(
    'json_insert',
    ['string', 'string', 'bool'],
    'string',
    ([types, text, each], values) =>
      edit(text, typesOf(types), each === null ? [] : values, (json, path, value, isArray) =>
        insertAt(json, path, each && isArray && Array.isArray(value) ? value : [value]),
      ),
  ),
  defineVariadic('json_remove', ['string'], 'string', ([text], paths) => {
    if (text === null) return null;
    let json = parseJson(text);
    for (const path of paths) {
      if (path !== null) json = removeAt(json, parsePath(String(path)));
    }
    return jsonText(json);
  }),
  defineVariadic(
    'json_strip_nulls',
    ['string', 'string', 'bool', 'bool'],
    'string',
    ([text, path, arrays, empty]) => {
      if (text === null || path === null || arrays === null || empty === null) return text;
      const [json, steps] = [parseJson(text), parsePath(path)];
      const found = follow(json, steps);
      return found === undefined
        ? text
        : jsonText(setAt(json, steps, stripNulls(found, arrays, empty), false));
    },
  ),
];

function checkedDepth(depth: bigint): number {
  if (depth < 1n) throw new Error('max_depth must be positive.');
  return Number(depth);
}

function checkedMode(mode: string): string {
  const known = mode.toLowerCase();
  if (!['strict', 'lax', 'lax recursive'].includes(known))
    throw new Error(`Invalid JSON mode specified: ${mode}`);
  return known;
}

/** Numbers that FLOAT64 would change are refused unless they may be rounded. */
function wide(json: Json, mode: string): Json {
  if (json instanceof JsonNumber && mode === 'exact' && !json.isInteger) {
    const exact = numericText(json.text);
    const kept = numericText(String(Number(json.text)));
    if (exact !== kept)
      throw new Error(
        `Invalid input: ${json.text} cannot be stored in JSON without loss of precision`,
      );
  }
  if (Array.isArray(json)) for (const item of json) wide(item, mode);
  if (json instanceof Map) for (const item of json.values()) wide(item, mode);
  return json;
}

function contains(a: Json, b: Json, isTop: boolean): boolean {
  if (a instanceof Map && b instanceof Map) {
    return [...b].every(([key, value]) => {
      const own = a.get(key);
      return own !== undefined && contains(own, value, false);
    });
  }
  if (Array.isArray(a)) {
    if (Array.isArray(b)) return b.every((item) => a.some((own) => contains(own, item, false)));
    const isScalar = !(b instanceof Map);
    return isTop && isScalar && a.some((own) => contains(own, b, false));
  }
  return jsonText(a) === jsonText(b);
}

export const jsonFunctions: RuntimeFunction[] = [...STRICT, ...ARRAYS, ...READING, ...WRITING];
