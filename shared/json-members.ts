import { skipSpace, skipString, skipValue } from './json-scan.ts';

/** The members of a JSON object: name → the raw text of its value, byte for byte as it was sent. */
export type JsonMembers = ReadonlyMap<string, string>;

export type JsonReading =
  | { ok: true; members: JsonMembers }
  | { ok: false; problem: 'empty' | 'not UTF-8' | 'not JSON' | 'not a JSON object' };

// fatal: a body that is not UTF-8 must not arrive with U+FFFD in the place of what was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Reads the top level of a JSON object without touching its values: numbers beyond 2^53, key order
 * and duplicate keys inside a value stay as sent. Of duplicate keys at the top level the first one
 * counts, as everywhere in the relay (json-path.ts says why).
 */
export function readJsonMembers(body: Uint8Array): JsonReading {
  if (body.byteLength === 0) return { ok: false, problem: 'empty' };
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(body);
  } catch {
    return { ok: false, problem: 'not UTF-8' };
  }
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, problem: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, problem: 'not a JSON object' };
  }
  return { ok: true, members: sliceMembers(text) };
}

/** Slices a text that JSON.parse has already accepted as an object; so no branch here can fail. */
function sliceMembers(text: string): JsonMembers {
  const members = new Map<string, string>();
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] === '"') {
    const keyEnd = skipString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd)) as string;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    if (!members.has(key)) members.set(key, text.slice(start, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** Is it absent, or null? Both mean that the sender gave no value. */
export function isAbsent(raw: string | undefined): raw is undefined | 'null' {
  return raw === undefined || raw === 'null';
}

/**
 * The text of a raw scalar: what a string says, or a number or boolean exactly as sent (`9007199254740993`
 * stays so). Undefined for an object or an array.
 */
export function scalarText(raw: string): string | undefined {
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw.startsWith('{') || raw.startsWith('[') ? undefined : raw;
}
