const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const LOWER_CASE = 0x20;
const E = 0x65;

/** Sticky, so that nothing is cut out of the text. */
const word = /true|false|null/y;
const escaped = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;

/**
 * Whether JSON.parse would take the text. No value is built: that would cost more than all else that is
 * done with an event. Iterative: a value nested 100,000 deep must not overflow the stack.
 */
export function isJson(text: string): boolean {
  /** The brackets that are open, by what closes them. */
  const closers: number[] = [];
  let at = skipSpace(text, 0);
  for (;;) {
    const char = text.charCodeAt(at);
    if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      const closer = char === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) !== closer) {
        closers.push(closer);
        if (closer === CLOSE_OBJECT) at = skipKey(text, at);
        if (at === -1) return false;
        continue;
      }
      at++;
    } else {
      at = char === QUOTE ? skipString(text, at) : skipScalar(text, at, char);
      if (at === -1) return false;
    }
    at = skipSpace(text, at);
    // A value has ended; so may what holds it.
    while (closers.length > 0 && text.charCodeAt(at) === closers[closers.length - 1]) {
      closers.pop();
      at = skipSpace(text, at + 1);
    }
    if (closers.length === 0) return at === text.length;
    if (text.charCodeAt(at) !== COMMA) return false;
    at = skipSpace(text, at + 1);
    if (closers[closers.length - 1] === CLOSE_OBJECT) at = skipKey(text, at);
    if (at === -1) return false;
  }
}

/** The index of the value behind the key and its colon; -1 where no key stands. */
function skipKey(text: string, at: number): number {
  if (text.charCodeAt(at) !== QUOTE) return -1;
  const end = skipString(text, at);
  if (end === -1) return -1;
  const colon = skipSpace(text, end);
  return text.charCodeAt(colon) === COLON ? skipSpace(text, colon + 1) : -1;
}

/** The index behind the string; -1 where it has no end, or holds what must be escaped. */
function skipString(text: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) return at + 1;
    if (char === BACKSLASH) {
      const end = skip(escaped, text, at + 1);
      if (end === -1) return -1;
      at = end - 1;
    } else if (!(char >= 0x20)) return -1;
  }
}

/** The index behind the number, true, false or null; -1 where none stands. */
function skipScalar(text: string, at: number, first: number): number {
  if (first !== MINUS && !isDigit(first)) return skip(word, text, at);
  const start = first === MINUS ? at + 1 : at;
  let end = text.charCodeAt(start) === ZERO ? start + 1 : skipDigits(text, start);
  if (text.charCodeAt(end) === POINT) end = skipDigits(text, end + 1);
  if ((text.charCodeAt(end) | LOWER_CASE) === E) {
    const sign = text.charCodeAt(end + 1);
    end = skipDigits(text, sign === PLUS || sign === MINUS ? end + 2 : end + 1);
  }
  return end;
}

/** -1 where no digit stands; and from there on, since no digit stands before a text. */
function skipDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at++;
  return at > from ? at : -1;
}

function isDigit(char: number): boolean {
  return char >= ZERO && char <= ZERO + 9;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const char = text.charCodeAt(at);
    if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return at;
    at++;
  }
}

/** The index behind what matches there; -1 where nothing does. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}
