import { createContext, Script } from 'node:vm';
import type { DuckDBValue } from '@duckdb/node-api';
import { defineVariadic, type RuntimeFunction } from './define.ts';
import { encodeJson } from './json/json-encode.ts';
import { jsonText } from './json/json-text.ts';
import { typesOf } from './values/type-descriptor.ts';

/** A function that calls the body of CREATE FUNCTION … LANGUAGE js with the JSON text of its arguments. */
type Compiled = (args: string) => string | undefined;

const compiled = new Map<string, Compiled>();
const TIMEOUT_MS = 10_000;

/** The id of a JavaScript function, which is the text that makes it. */
export function compileJavaScript(parameters: readonly string[], body: string): string {
  const id = JSON.stringify([parameters, body]);
  if (!compiled.has(id)) compiled.set(id, compile(parameters, body));
  return id;
}

/** Only text crosses the border: the function's own world has no object of the server. */
function compile(parameters: readonly string[], body: string): Compiled {
  const context = createContext(Object.create(null) as object, {
    codeGeneration: { strings: false, wasm: false },
  });
  const dates =
    'function d(v, t) { return v !== null && (t === "DATE" || t === "TIMESTAMP" || t === "DATETIME") ? new Date(t === "TIMESTAMP" ? v : v + (v.length > 10 ? "Z" : "T00:00:00Z")) : v; }';
  const source = `"use strict"; ${dates} const f = function(${parameters.join(', ')}) {\n${body}\n};
    const [t, a] = JSON.parse(input); const r = f(...a.map((v, i) => d(v, t[i])));
    output = r === undefined || r === null ? "null" : JSON.stringify(r);`;
  let script: Script;
  try {
    script = new Script(`(function() { let output; ${source}; return output; })()`);
  } catch (cause) {
    throw new Error(`SyntaxError in a JavaScript function: ${(cause as Error).message}`, { cause });
  }
  return (input) => {
    (context as { input?: string }).input = input;
    return script.runInContext(context, { timeout: TIMEOUT_MS }) as string | undefined;
  };
}

function call(
  id: string,
  descriptor: string | null,
  values: readonly DuckDBValue[],
): string | null {
  const run = compiled.get(id);
  if (run === undefined) throw new Error('The JavaScript function is not known');
  const types = typesOf(descriptor);
  const args = values.map((value, index) =>
    jsonText(encodeJson(types[index] ?? { kind: 'NULL' }, value, true), false),
  );
  const kinds = JSON.stringify(types.map(({ kind }) => kind));
  let output: string | undefined;
  try {
    output = run(`[${kinds},[${args.join(',')}]]`);
  } catch (cause) {
    throw new Error(`JavaScript function: ${(cause as Error).message}`, { cause });
  }
  if (output === undefined || output === 'null') return null;
  const parsed: unknown = JSON.parse(output);
  // Text stays as it is; everything else is JSON.
  return typeof parsed === 'string' ? parsed : output;
}

export const javaScriptFunctions: RuntimeFunction[] = [
  defineVariadic('js', ['string', 'string'], 'string', ([id, types], values) =>
    id === null ? null : call(id, types, values),
  ),
];
