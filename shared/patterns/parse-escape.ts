import { complement, digits, lastCodePoint, type Range, spaces, wordChars } from './char-set.ts';
import { type Assertion, Refused } from './syntax.ts';

/** What stands after a backslash; `end` is the index after it. */
export type Escape =
  | { char: number; end: number }
  | { named: readonly Range[]; end: number }
  | { assertion: Assertion; end: number };

const named: Readonly<Record<string, readonly Range[]>> = {
  d: digits,
  D: complement(digits),
  s: spaces,
  S: complement(spaces),
  w: wordChars,
  W: complement(wordChars),
};

const assertions: Readonly<Record<string, Assertion>> = {
  A: 'text-start',
  b: 'word-edge',
  B: 'no-word-edge',
  z: 'text-end',
};

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/**
 * @param at the index after the backslash
 * @throws Refused
 */
export function parseEscape(text: string, at: number): Escape {
  const char = text[at];
  if (char === undefined) throw new Refused(at - 1, 'nothing stands after this backslash');
  const end = at + 1;
  const ranges = named[char];
  if (ranges) return { named: ranges, end };
  const assertion = assertions[char];
  if (assertion) return { assertion, end };
  const control = controls[char];
  if (control !== undefined) return { char: control, end };
  if (char === 'x') return parseHex(text, at);
  if (/[1-9]/.test(char)) {
    throw new Refused(at - 1, 'a backreference cannot be matched in linear time');
  }
  if (!/[!-/:-@[-`{-~]/.test(char)) {
    throw new Refused(at - 1, `no such escape: \\${char} (characters by number are \\x{1F40E})`);
  }
  return { char: char.charCodeAt(0), end };
}

/** `\x7f` or `\x{1F40E}` */
function parseHex(text: string, at: number): Escape {
  const hex = /^x(?:([\da-f]{2})|\{([\da-f]{1,6})\})/i.exec(text.slice(at, at + 9));
  const char = Number.parseInt(hex?.[1] ?? hex?.[2] ?? '', 16);
  if (!hex || char > lastCodePoint) {
    throw new Refused(at - 1, 'a character by number is \\x7f or \\x{1F40E}');
  }
  return { char, end: at + hex[0].length };
}
