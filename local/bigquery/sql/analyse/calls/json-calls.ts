import { invalidQuery } from '../../query-error.ts';
import { parsePath } from '../../runtime/json/json-path.ts';
import { arrayOf, quoteText, type SqlType, scalar, typeName } from '../../types.ts';
import type { Typed } from '../typed.ts';
import { coerce } from '../values/coerce.ts';
import { noSignature, requireType } from '../values/match.ts';

/** The arguments of a call, already analysed. */
export interface CallArguments {
  name: string;
  pos: number;
  args: readonly Typed[];
  named: ReadonlyMap<string, Typed>;
}

const JSON_TYPE = scalar('JSON');
const STRING = scalar('STRING');

const READERS: Readonly<Record<string, 'value' | 'query' | 'values' | 'queries'>> = {
  JSON_VALUE: 'value',
  JSON_EXTRACT_SCALAR: 'value',
  JSON_QUERY: 'query',
  JSON_EXTRACT: 'query',
  JSON_VALUE_ARRAY: 'values',
  JSON_EXTRACT_STRING_ARRAY: 'values',
  JSON_QUERY_ARRAY: 'queries',
  JSON_EXTRACT_ARRAY: 'queries',
};

/** JSON functions that need more than a row of a table. Undefined for other names. */
export function analyseJsonCall(call: CallArguments): Typed | undefined {
  const reader = Object.hasOwn(READERS, call.name) ? READERS[call.name] : undefined;
  if (reader !== undefined) return readJson(call, reader);
  const asJson = (sql: string): Typed => ({ sql: `CAST(${sql} AS JSON)`, type: JSON_TYPE });
  const [first] = call.args;
  switch (call.name) {
    case 'PARSE_JSON': {
      const mode = namedText(call, 'wide_number_mode', 'exact', 1);
      return asJson(`gsql_parse_json(${argument(call, 0, STRING)}, ${mode})`);
    }
    case 'TO_JSON':
    case 'SAFE_TO_JSON':
      return asJson(
        `gsql_to_json(${described(call, [first])}, ${namedBool(call, 'stringify_wide_numbers', false)}, ${values(call, [first])})`,
      );
    case 'TO_JSON_STRING': {
      const pretty =
        call.args.length > 1
          ? argument(call, 1, scalar('BOOL'))
          : namedBool(call, 'pretty_print', false);
      return {
        sql: `gsql_to_json_string(${described(call, [first])}, ${pretty}, ${values(call, [first])})`,
        type: STRING,
      };
    }
    case 'JSON_ARRAY':
      return asJson(`gsql_json_array(${described(call, call.args)}${tail(call, call.args)})`);
    case 'JSON_OBJECT':
      return asJson(jsonObject(call));
    case 'JSON_SET':
      return asJson(edited(call, 'json_set', 'create_if_missing'));
    case 'JSON_ARRAY_APPEND':
      return asJson(edited(call, 'json_append', 'append_each_element'));
    case 'JSON_ARRAY_INSERT':
      return asJson(edited(call, 'json_insert', 'insert_each_element'));
    case 'JSON_REMOVE': {
      const paths = call.args
        .slice(1)
        .map((arg) => requireType(arg, STRING, 'A JSONPath', call.pos));
      if (paths.length === 0) throw noSignature(call.name, call.args, call.pos);
      return asJson(`gsql_json_remove(${argument(call, 0, JSON_TYPE)}, ${paths.join(', ')})`);
    }
    case 'JSON_STRIP_NULLS': {
      const path = call.args.length > 1 ? argument(call, 1, STRING) : quoteText('$');
      const options = `${namedBool(call, 'include_arrays', true)}, ${namedBool(call, 'remove_empty', false)}`;
      return asJson(`gsql_json_strip_nulls(${argument(call, 0, JSON_TYPE)}, ${path}, ${options})`);
    }
    case 'JSON_KEYS': {
      const depth = call.args.length > 1 ? argument(call, 1, scalar('INT64')) : '1000000';
      const mode = namedText(call, 'mode', 'strict', 2);
      return {
        sql: `gsql_json_keys(${argument(call, 0, JSON_TYPE)}, ${depth}, ${mode})`,
        type: arrayOf(STRING),
      };
    }
    case 'FLOAT64_ARRAY':
      return {
        sql: `gsql_json_float_array(${argument(call, 0, JSON_TYPE)}, ${namedText(call, 'wide_number_mode', 'round', 1)})`,
        type: arrayOf(scalar('FLOAT64')),
      };
    case 'FLOAT64':
      if (call.named.size === 0) return undefined;
      return {
        sql: `gsql_json_float(${argument(call, 0, JSON_TYPE)}, ${namedText(call, 'wide_number_mode', 'round', 1)})`,
        type: scalar('FLOAT64'),
      };
  }
  return undefined;
}

function argument(call: CallArguments, index: number, type: SqlType): string {
  const arg = call.args[index];
  const sql = arg && coerce(arg, type, call.pos);
  if (sql === undefined) throw noSignature(call.name, call.args, call.pos);
  return sql;
}

function namedBool(call: CallArguments, name: string, otherwise: boolean): string {
  const found = call.named.get(name);
  return found === undefined
    ? String(otherwise)
    : requireType(found, scalar('BOOL'), name, call.pos);
}

function namedText(call: CallArguments, name: string, otherwise: string, index: number): string {
  const found = call.named.get(name) ?? call.args[index];
  return found === undefined ? quoteText(otherwise) : requireType(found, STRING, name, call.pos);
}

/** The types of further arguments, for the runtime. */
export function described(
  call: { name: string; pos: number; args: readonly Typed[] },
  args: readonly (Typed | undefined)[],
): string {
  const types = args.map((arg) => {
    if (arg === undefined) throw noSignature(call.name, call.args, call.pos);
    if (holdsBignumeric(arg.type) && arg.type.kind !== 'BIGNUMERIC') {
      throw invalidQuery(
        `${call.name} of ${typeName(arg.type)} is not supported by the local server`,
        call.pos,
      );
    }
    return arg.type;
  });
  return quoteText(JSON.stringify(types));
}

/** The values of further arguments. A BIGNUMERIC is passed as its text, and a NULL with a type. */
export function values(
  call: { name: string; pos: number },
  args: readonly (Typed | undefined)[],
): string {
  return args
    .map((arg) => {
      if (arg === undefined) return 'NULL';
      if (arg.type.kind === 'BIGNUMERIC') return `gsql_big_text(CAST(${arg.sql} AS VARCHAR))`;
      return coerce(arg, arg.type, call.pos) ?? arg.sql;
    })
    .join(', ');
}

function tail(call: CallArguments, args: readonly Typed[]): string {
  return args.length === 0 ? '' : `, ${values(call, args)}`;
}

function holdsBignumeric(type: SqlType): boolean {
  if (type.kind === 'ARRAY') return holdsBignumeric(type.item);
  if (type.kind === 'STRUCT') return type.fields.some((field) => holdsBignumeric(field.type));
  return type.kind === 'BIGNUMERIC';
}

function jsonObject(call: CallArguments): string {
  const { args } = call;
  const [keys] = args;
  if (args.length === 2 && keys?.type.kind === 'ARRAY') {
    return `gsql_json_object_arrays(${described(call, args)}${tail(call, args)})`;
  }
  const bad = args.some((arg, index) => index % 2 === 0 && coerce(arg, STRING) === undefined);
  if (args.length % 2 === 1 || bad) throw noSignature(call.name, args, call.pos);
  return `gsql_json_object(${described(call, args)}${tail(call, args)})`;
}

function edited(call: CallArguments, runtime: string, option: string): string {
  const [, ...pairs] = call.args;
  const bad = pairs.some((arg, index) => index % 2 === 0 && coerce(arg, STRING) === undefined);
  if (pairs.length === 0 || pairs.length % 2 === 1 || bad)
    throw noSignature(call.name, call.args, call.pos);
  return `gsql_${runtime}(${described(call, pairs)}, ${argument(call, 0, JSON_TYPE)}, ${namedBool(call, option, true)}${tail(call, pairs)})`;
}

/** JSON_VALUE, JSON_QUERY and their arrays, over JSON or over its text. */
function readJson(call: CallArguments, reader: 'value' | 'query' | 'values' | 'queries'): Typed {
  const [json, path] = call.args;
  if (json === undefined || call.args.length > 2) throw noSignature(call.name, call.args, call.pos);
  const isJson = json.type.kind === 'JSON';
  const from = isJson ? json.sql : argument(call, 0, STRING);
  const at = path === undefined ? quoteText('$') : argument(call, 1, STRING);
  if (path?.literal?.kind === 'STRING') checkPath(path.literal.text, call.pos);
  const native = isJson && (path === undefined || path.literal?.kind === 'STRING');
  const own = native ? quoteText(duckPath(path?.literal?.text ?? '$')) : at;
  switch (reader) {
    case 'value':
      if (native)
        return { sql: `json_extract_string(json_value(${from}, ${own}), '$')`, type: STRING };
      return { sql: `gsql_json_value(${from}, ${at})`, type: STRING };
    case 'query':
      if (native) return { sql: `json_extract(${from}, ${own})`, type: JSON_TYPE };
      if (isJson)
        return { sql: `CAST(gsql_json_query_json(${from}, ${at}) AS JSON)`, type: JSON_TYPE };
      return { sql: `gsql_json_query(${from}, ${at})`, type: STRING };
    case 'values':
      return {
        sql: `gsql_json_value_array${isJson ? '_json' : ''}(${from}, ${at})`,
        type: arrayOf(STRING),
      };
    case 'queries': {
      const sql = `gsql_json_query_array${isJson ? '_json' : ''}(${from}, ${at})`;
      return isJson
        ? { sql: `CAST(${sql} AS JSON[])`, type: arrayOf(JSON_TYPE) }
        : { sql, type: arrayOf(STRING) };
    }
  }
}

function checkPath(path: string, pos: number): void {
  try {
    parsePath(path);
  } catch (cause) {
    throw invalidQuery((cause as Error).message, pos);
  }
}

/** The path as DuckDB spells it. */
function duckPath(path: string): string {
  const steps = parsePath(path).map((step) =>
    typeof step === 'number' ? `[${step}]` : `."${step.replaceAll('"', '\\"')}"`,
  );
  return `$${steps.join('')}`;
}
