import { charsetOf } from '../formats/media-type.ts';
import { decodeUnmarked } from '../formats/text.ts';
import { skipSpace } from './json-scan.ts';
import { colonEnd, isJson, spaceEnd, stringEnd, textStart, valueEnd } from './json-valid.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Members of a JSON object: the raw text of each value, byte for byte as it was sent. */
export type JsonMembers<Name extends string> = { readonly [name in Name]: string | undefined };

export type JsonReading<Name extends string> =
  /** `text` is the whole object. `others` has its other members, as raw text, if the reader gathers them. */
  | { ok: true; members: JsonMembers<Name>; text: string; others: readonly string[] }
  /** `empty`, `not JSON`, `not a JSON object`, or which text it is not. */
  | { ok: false; problem: string };

// fatal: a body that is not UTF-8 must not arrive with U+FFFD instead of what was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const notJson = { ok: false, problem: 'not JSON' } as const;
const noOthers: readonly string[] = [];

/** A member's name, and its bytes in a key without escapes. */
interface Wanted<Name extends string> {
  name: Name;
  bytes: Uint8Array;
}

/**
 * Makes a reader for members of a body that is a JSON object. It does not touch their values: numbers beyond 2^53, key
 * order and duplicate keys inside a value stay as sent. Of duplicate keys at the top level the first one counts, as
 * everywhere in the relay (json-path.ts says why).
 *
 * One pass over the bytes checks all of them and finds the members. It is the largest cost of an event.
 *
 * @param gathersOthers also gives the members of other names, `"name":value` each
 */
export function memberReader<Name extends string>(
  names: readonly Name[],
  gathersOthers = false,
): (body: Uint8Array, contentType?: string) => JsonReading<Name> {
  const wanted = names.map((name) => ({ name, bytes: encoder.encode(name) }));
  const none = Object.fromEntries(names.map((name) => [name, undefined])) as JsonMembers<Name>;
  return (sent, contentType) => {
    if (sent.length === 0) return { ok: false, problem: 'empty' };
    const start = textStart(sent);
    let body = start === 0 ? sent : sent.subarray(start);
    let text = decode(body);
    if (text === undefined) {
      // JSON is UTF-8. Only other bytes are read in the charset that was declared.
      const decoding = decodeUnmarked(sent, charsetOf(contentType));
      if (!decoding.ok) return decoding;
      text = decoding.text;
      body = encoder.encode(text);
    }
    const open = spaceEnd(body, 0);
    if (body[open] !== OPEN) {
      return isJson(body.subarray(open)) ? { ok: false, problem: 'not a JSON object' } : notJson;
    }
    const members = { ...none };
    const others: string[] | undefined = gathersOthers ? [] : undefined;
    const end = fillMembers(body, text, open, wanted, members, others);
    const isWhole = end !== -1 && spaceEnd(body, end) === body.length;
    return isWhole ? { ok: true, members, text, others: others ?? noOthers } : notJson;
  };
}

/** The index after the object whose bracket is at `open`; -1 if it is not JSON. */
function fillMembers<Name extends string>(
  body: Uint8Array,
  text: string,
  open: number,
  wanted: readonly Wanted<Name>[],
  members: { [name in Name]: string | undefined },
  others: string[] | undefined,
): number {
  let at = spaceEnd(body, open + 1);
  if (body[at] === CLOSE) return at + 1;
  for (;;) {
    const keyEnd = body[at] === QUOTE ? stringEnd(body, at) : -1;
    const start = keyEnd === -1 ? -1 : colonEnd(body, keyEnd);
    const end = start === -1 ? -1 : valueEnd(body, start);
    if (end === -1) return -1;
    const name = nameOf(body, at, keyEnd, wanted);
    if (name !== undefined) members[name] ??= slice(body, text, start, end);
    else others?.push(slice(body, text, at, end));
    at = spaceEnd(body, end);
    if (body[at] === CLOSE) return at + 1;
    if (body[at] !== COMMA) return -1;
    at = spaceEnd(body, at + 1);
  }
}

function decode(body: Uint8Array): string | undefined {
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

/** In ASCII, indexes of bytes and of text are the same. Otherwise the text is shorter than the bytes. */
function slice(body: Uint8Array, text: string, start: number, end: number): string {
  const isAscii = text.length === body.length;
  return isAscii ? text.slice(start, end) : utf8.decode(body.subarray(start, end));
}

/** The name that a key has. Its quotes stand at `quote` and before `end`. */
function nameOf<Name extends string>(
  body: Uint8Array,
  quote: number,
  end: number,
  wanted: readonly Wanted<Name>[],
): Name | undefined {
  // Not for…of: its iterators were a fifth of the garbage of mapping an event.
  for (let index = 0; index < wanted.length; index++) {
    const candidate = wanted[index];
    if (candidate && isKey(body, quote + 1, end - 1, candidate.bytes)) return candidate.name;
  }
  const raw = body.subarray(quote, end);
  if (!raw.includes(BACKSLASH)) return undefined;
  const key = JSON.parse(utf8.decode(raw)) as string;
  return wanted.find(({ name }) => name === key)?.name;
}

function isKey(body: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) if (body[start + at] !== name[at]) return false;
  return true;
}

/** For text that is JSON. */
export function isObject(text: string): boolean {
  return text[skipSpace(text, 0)] === '{';
}

/** Whether it is absent or null. Both mean that the sender gave no value. */
export function isAbsent(raw: string | undefined): raw is undefined | 'null' {
  return raw === undefined || raw === 'null';
}

/**
 * The text of a raw scalar: the value of a string, or a number or boolean exactly as sent (`9007199254740993` stays so).
 * Undefined for an object or an array, and for a string that is not valid JSON: the beginning of a large body has not
 * been checked.
 */
export function scalarText(raw: string): string | undefined {
  try {
    return raw.startsWith('"') ? (JSON.parse(raw) as string) : knownText(raw);
  } catch {
    return undefined;
  }
}

/** The same for a raw value that is known to be JSON. */
export function knownText(raw: string): string | undefined {
  if (raw.startsWith('"')) {
    return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
  }
  return raw.startsWith('{') || raw.startsWith('[') ? undefined : raw;
}
