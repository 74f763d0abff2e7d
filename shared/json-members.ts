/** The members of a JSON object: name → the raw text of its value, byte for byte as it was sent. */
export type JsonMembers = ReadonlyMap<string, string>;

export type JsonReading =
  | { ok: true; members: JsonMembers }
  | { ok: false; problem: 'empty' | 'not UTF-8' | 'not JSON' | 'not a JSON object' };

// fatal: a body that is not UTF-8 must not arrive with U+FFFD in the place of what was sent.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Reads the top level of a JSON object without touching its values: numbers beyond 2^53, key order
 * and duplicate keys inside a value stay as sent. Of duplicate keys at the top level the last one
 * counts, as in JSON.parse (RFC 8259, section 4, leaves it open): the edge and the subscriber both
 * read with this function, so they can't see different events in one body.
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
    members.set(key, text.slice(start, end));
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}

function skipString(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  for (;;) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}

/** Iterative: a value nested 100,000 deep must not overflow the stack. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  do {
    const char = text[at];
    if (char === '"') at = skipString(text, at);
    else if (char === '{' || char === '[') {
      depth++;
      at++;
    } else if (char === '}' || char === ']') {
      depth--;
      at++;
    } else if (depth > 0) at++;
    else while (at < text.length && !/[\s,}\]]/.test(text.charAt(at))) at++;
  } while (depth > 0);
  return at;
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
