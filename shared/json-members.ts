import { readJsonText } from './json-body.ts';
import { skipSpace, skipString, skipValue } from './json-scan.ts';

/** The members of a JSON object: name → the raw text of its value, byte for byte as it was sent. */
export type JsonMembers = ReadonlyMap<string, string>;

export type JsonReading =
  /** `text` is the whole object. */
  | { ok: true; members: JsonMembers; text: string }
  | { ok: false; problem: 'empty' | 'not UTF-8' | 'not JSON' | 'not a JSON object' };

/**
 * Reads the top level of a JSON object without touching its values: numbers beyond 2^53, key order
 * and duplicate keys inside a value stay as sent. Of duplicate keys at the top level the first one
 * counts, as everywhere in the relay (json-path.ts says why).
 *
 * @param known the body as JSON, where it has been read before
 */
export function readJsonMembers(body: Uint8Array, known?: string): JsonReading {
  const reading = known === undefined ? readJsonText(body) : ({ ok: true, text: known } as const);
  if (!reading.ok) return reading;
  if (!isObject(reading.text)) return { ok: false, problem: 'not a JSON object' };
  const { text } = reading;
  return { ok: true, members: sliceMembers(text), text };
}

/** Of text that is JSON. */
export function isObject(text: string): boolean {
  return text[skipSpace(text, 0)] === '{';
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
 * stays so). Undefined for an object or an array, and for a string that is none of JSON's.
 */
export function scalarText(raw: string): string | undefined {
  if (raw.startsWith('"')) return parseString(raw);
  return raw.startsWith('{') || raw.startsWith('[') ? undefined : raw;
}

/** What was cut out of the beginning of a large body has not been through JSON.parse yet. */
function parseString(raw: string): string | undefined {
  try {
    return JSON.parse(raw) as string;
  } catch {
    return undefined;
  }
}
