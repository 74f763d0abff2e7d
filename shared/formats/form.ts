import { Members } from './members.ts';
import { decodeLossy } from './text.ts';

/** A name and a value, decoded. */
export type Pair = readonly [name: string, value: string];

const encoder = new TextEncoder();

/** In UTF-16 units: what is longer is read quicker as bytes. */
const shortText = 128;

/** Text whose escapes are all of ASCII, or whole sequences of two or three bytes of UTF-8: most fields. */
const plainEscapes =
  /^(?:[^%]|%[0-7][\da-f]|%(?:c[2-9a-f]|d[\da-f])%[89ab][\da-f]|%e[1-9a-cef](?:%[89ab][\da-f]){2})*$/i;

/**
 * The fields of an urlencoded form or of a query, one by one: as https://url.spec.whatwg.org/#urlencoded-parsing
 * has it, but for a charset that was declared. Reads no further than it is asked to.
 */
export function* formPairs(form: string, charset?: string): Generator<Pair, void> {
  for (const [name, value] of rawPairs(form)) {
    yield [unescapeField(name, charset), unescapeField(value, charset)];
  }
}

/** The same as they are written. */
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

/** Is it written as a form? JSON, XML and sentences are not. */
export function looksLikeForm(text: string): boolean {
  return /^[^\s=<>{}"]*=/.test(text);
}

/** Bytes that are not UTF-8 are read in the charset. */
export function unescapeField(raw: string, charset: string | undefined): string {
  return unescapePercent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw, charset);
}

export function unescapePercent(text: string, charset: string | undefined): string {
  if (!text.includes('%')) return text;
  // Anything else would make it throw, which costs more than to read the bytes.
  if (text.length < shortText && plainEscapes.test(text)) return decodeURIComponent(text);
  return decodeLossy(unescapeBytes(encoder.encode(text)), charset);
}

/** An escape that is none stays as it is. */
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
