const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;

const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_CASE = 0x20;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_U = 0x75;

const encoder = new TextEncoder();
const words = ['true', 'false', 'null'].map((word) => encoder.encode(word));
const escapable = encoder.encode('"\\/bfnrt');

/**
 * Whether JSON.parse would accept these bytes as UTF-8 text. Neither values nor text are built: that would cost more than
 * everything else that is done with an event.
 */
export function isJson(bytes: Uint8Array): boolean {
  const end = valueEnd(bytes, spaceEnd(bytes, 0));
  return end !== -1 && spaceEnd(bytes, end) === bytes.length;
}

/** The index after the byte order marks; 0 if there is none. Some clients add a second one. */
export function textStart(bytes: Uint8Array): number {
  let at = 0;
  while (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
  return at;
}

/** The index after the value that begins at `start`; -1 if there is none. */
export function valueEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === OPEN_OBJECT || first === OPEN_ARRAY) return nestedEnd(bytes, start);
  return first === QUOTE ? stringEnd(bytes, start) : scalarEnd(bytes, start);
}

/** Iterative: a value nested 100,000 deep must not overflow the stack. */
function nestedEnd(bytes: Uint8Array, start: number): number {
  /** The closing bracket of the innermost open one. The stack has the closing brackets of those around it. */
  let closer = 0;
  const outer: number[] = [];
  let at = start;
  for (;;) {
    const first = bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      outer.push(closer);
      // In ASCII a closing bracket is two after its opening one.
      closer = first + 2;
      at = spaceEnd(bytes, at + 1);
      if (bytes[at] !== closer) {
        if (closer === CLOSE_OBJECT) at = keyEnd(bytes, at);
        if (at === -1) return -1;
        continue;
      }
    } else {
      at = first === QUOTE ? stringEnd(bytes, at) : scalarEnd(bytes, at);
      if (at === -1) return -1;
      at = spaceEnd(bytes, at);
    }
    // A value has ended, and perhaps the value around it.
    while (bytes[at] === closer) {
      closer = outer.pop() ?? 0;
      if (closer === 0) return at + 1;
      at = spaceEnd(bytes, at + 1);
    }
    if (bytes[at] !== COMMA) return -1;
    at = spaceEnd(bytes, at + 1);
    if (closer === CLOSE_OBJECT) at = keyEnd(bytes, at);
    if (at === -1) return -1;
  }
}

/** The index of the value after a key and its colon; -1 if there is no key. */
function keyEnd(bytes: Uint8Array, at: number): number {
  const end = bytes[at] === QUOTE ? stringEnd(bytes, at) : -1;
  return end === -1 ? -1 : colonEnd(bytes, end);
}

/** The index of the value after the colon; -1 if there is none. */
export function colonEnd(bytes: Uint8Array, from: number): number {
  const at = spaceEnd(bytes, from);
  return bytes[at] === COLON ? spaceEnd(bytes, at + 1) : -1;
}

/** The index after the string; -1 if it has no end, or has a character that must be escaped. */
export function stringEnd(bytes: Uint8Array, quote: number): number {
  for (let at = quote + 1; ; at++) {
    const byte = bytes[at] ?? 0;
    // Most letters are above all characters that matter here.
    if (byte > BACKSLASH) continue;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) {
      const end = escapeEnd(bytes, at);
      if (end === -1) return -1;
      at = end - 1;
    } else if (byte < SPACE) return -1;
  }
}

function escapeEnd(bytes: Uint8Array, backslash: number): number {
  const kind = bytes[backslash + 1] ?? 0;
  if (kind !== LOWER_U) return escapable.includes(kind) ? backslash + 2 : -1;
  const end = backslash + 6;
  for (let at = backslash + 2; at < end; at++) if (!isHexDigit(bytes[at] ?? 0)) return -1;
  return end;
}

/** The index after the number, true, false or null; -1 if there is none. */
function scalarEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first !== MINUS && !isDigit(first)) return wordEnd(bytes, at);
  const start = first === MINUS ? at + 1 : at;
  let end = bytes[start] === ZERO ? start + 1 : digitsEnd(bytes, start);
  if (bytes[end] === POINT) end = digitsEnd(bytes, end + 1);
  if (((bytes[end] ?? 0) | LOWER_CASE) === LOWER_E) {
    const sign = bytes[end + 1];
    end = digitsEnd(bytes, sign === PLUS || sign === MINUS ? end + 2 : end + 1);
  }
  return end;
}

/** The index after the digits; -1 if there is none, also for `from` -1. */
function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(bytes[at] ?? 0)) at++;
  return at > from ? at : -1;
}

function wordEnd(bytes: Uint8Array, at: number): number {
  const word = words.find((letters) => letters[0] === bytes[at]);
  return word?.every((letter, index) => bytes[at + index] === letter) ? at + word.length : -1;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isHexDigit(byte: number): boolean {
  const letter = byte | LOWER_CASE;
  return isDigit(byte) || (letter >= LOWER_A && letter <= LOWER_F);
}

/** The index of the first byte that is not a space. */
export function spaceEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; ; at++) {
    const byte = bytes[at] ?? 0;
    // Usually there is none.
    if (byte > SPACE) return at;
    if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return at;
  }
}
