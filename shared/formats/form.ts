import { isJson } from '../json/json-valid.ts';
import { Members } from './members.ts';
import { decodeLossy } from './text.ts';

/** A name and a value, decoded. */
export type Pair = readonly [name: string, value: string];

const encoder = new TextEncoder();

/** In UTF-16 units. Longer text is read faster as bytes. */
const shortText = 128;

/** Text whose escapes are all of ASCII, or whole sequences of two or three bytes of UTF-8: most fields. */
const plainEscapes =
  /^(?:[^%]|%[0-7][\da-f]|%(?:c[2-9a-f]|d[\da-f])%[89ab][\da-f]|%e[1-9a-cef](?:%[89ab][\da-f]){2})*$/i;

/**
 * The fields of an urlencoded form or of a query, one by one, by
 * https://url.spec.whatwg.org/#urlencoded-parsing, except that a declared charset is used. Lazy.
 */
export function* formPairs(form: string, charset?: string): Generator<Pair, void> {
  for (const [name, value] of rawPairs(form)) {
    yield [unescapeField(name, charset), unescapeField(value, charset)];
  }
}

/** The same, not decoded. */
export function* rawPairs(form: string): Generator<Pair, void> {
  for (let start = 0; start < form.length; ) {
    const ampersand = form.indexOf('&', start);
    const end = ampersand === -1 ? form.length : ampersand;
    if (end > start) {
      const pair = form.slice(start, end);
      const equals = pair.indexOf('=');
      yield equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    }
    start = end + 1;
  }
}

export function formMembers(form: string, charset?: string): Members {
  const members = new Members();
  for (const [name, value] of rawPairs(form)) {
    members.add(unescapeField(name, charset), JSON.stringify(unescapeField(value, charset)));
  }
  return members;
}

/** Whether the text looks like a form. JSON, XML and sentences do not. */
export function looksLikeForm(text: string): boolean {
  return /^[^\s=<>{}"]*=/.test(text);
}

/** Bytes that are not UTF-8 are decoded with the charset. */
export function unescapeField(raw: string, charset: string | undefined): string {
  return unescapePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw, charset);
}

export function unescapePercent(text: string, charset: string | undefined): string {
  if (!text.includes('%')) return text;
  // It throws on anything else, and that costs more than reading the bytes.
  if (text.length < shortText && plainEscapes.test(text)) return decodeURIComponent(text);
  return decodeLossy(unescapeBytes(encoder.encode(text)), charset);
}

/** An invalid escape stays as it is. */
function unescapeBytes(bytes: Uint8Array): Uint8Array {
  let to = 0;
  for (let at = 0; at < bytes.length; at++) {
    const high = bytes[at] === 0x25 ? hexDigit(bytes[at + 1]) : -1;
    const low = high < 0 ? -1 : hexDigit(bytes[at + 2]);
    if (low < 0) bytes[to++] = bytes[at] ?? 0;
    else {
      bytes[to++] = (high << 4) | low;
      at += 2;
    }
  }
  return bytes.subarray(0, to);
}

function hexDigit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * The JSON document in the field `payload` of a form (GitHub, Slack's interactions). If it is an object,
 * it gets the other fields that it lacks: nothing that was sent is left out. Undefined if there is no such document, or
 * if the other fields can't be added: then the form is read as any other form.
 */
export function joinPayload(members: Members): string | undefined {
  const [raw, ...more] = members.valuesOf('payload');
  if (raw === undefined || more.length > 0) return undefined;
  const text = (JSON.parse(raw) as string).trim();
  if (!/^[[{]/.test(text) || !isJson(encoder.encode(text))) return undefined;
  if (members.size === 1) return text;
  if (!text.startsWith('{')) return undefined;
  return joinMembers(text, members.without(['payload']));
}

/** A JSON object with the members that it lacks. */
export function joinMembers(object: string, more: Members): string {
  const names = new Set(Object.keys(JSON.parse(object) as object));
  // JSON.parse makes `__proto__` an own property, as any other name.
  const joined = more.without(names).toJson();
  if (joined === '{}') return object;
  const open = object.trimEnd().slice(0, -1);
  return `${open}${names.size > 0 ? ',' : ''}${joined.slice(1)}`;
}
