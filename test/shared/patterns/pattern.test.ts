import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../../shared/patterns/pattern.ts';
import { randomFrom, randomPattern, randomText } from './random-patterns.ts';

function compiled(pattern: string): (text: string) => boolean {
  const reading = compilePattern(pattern);
  if (!reading.ok) throw new Error(`${pattern}: ${reading.reason}`);
  return reading.test;
}

function matches(pattern: string, text: string): boolean {
  return compiled(pattern)(text);
}

function refusalOf(pattern: string): { at: number; reason: string } {
  const reading = compilePattern(pattern);
  if (reading.ok) throw new Error(`${pattern} was taken`);
  return { at: reading.at, reason: reading.reason };
}

/** Every character up to U+1FFFF, surrogates left out. */
const chars = Array.from({ length: 0x2_0000 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code));

const hasCase = (char: string) => char.toLowerCase() !== char || char.toUpperCase() !== char;
const cased = chars.filter(hasCase);
/** In texts of a thousand. */
const uncased = Array.from({ length: Math.ceil(chars.length / 1000) }, (_, at) =>
  chars
    .slice(at * 1000, (at + 1) * 1000)
    .filter((char) => !hasCase(char))
    .join(''),
);

describe('a pattern', () => {
  it.each([
    ['purchase', 'my_purchase_2', true],
    ['purchase', 'Purchase', false],
    ['^(purchase|add_to_cart)$', 'purchase', true],
    ['^(purchase|add_to_cart)$', 'purchase\n', false],
    ['^(purchase|add_to_cart)$', 'repurchase', false],
    ['', '', true],
    ['(?i)straße', 'STRAßE', true],
    ['(?i)strasse', 'STRASSE', true],
    ['(?i)^[^k]$', '\u212a', false],
    ['(?i)i', 'ı', false],
    ['a(?i)b|c', 'aB', true],
    ['(a(?i)b)c', 'abC', false],
    ['(?i)a(?-i)b', 'Ab', true],
    ['(?i)a(?-i)b', 'AB', false],
    ['a.c', 'a\nc', false],
    ['(?s)a.c', 'a\nc', true],
    ['(?m)^b$', 'a\nb\nc', true],
    ['\\Ab\\z', 'a\nb', false],
    ['^.$', '🐎', true],
    ['^.$', '\ud800', true],
    ['^[🐎-🐒]$', '🐏', true],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['[\\]\\-\\\\]', '\\', true],
    ['\\x41\\x{42}\\t', 'AB\t', true],
    ['a{,2}', 'a{,2}', true],
    ['x{2', 'x{2', true],
    ['(?P<name>a)(?<other>b)', 'ab', true],
    ['\\bbuy\\b', 'to buy now', true],
    ['\\bbuy\\b', 'buyer', false],
    ['(|a)*(b*)*', '', true],
    ['\\s', '\v', false],
  ])('%s on %j: %s', (pattern, text, answer) => {
    expect(matches(pattern, text)).toBe(answer);
  });

  it.each([
    ['(a)\\1', 3, 'backreference'],
    ['a(?=b)', 1, 'look-around'],
    ['(?<!a)b', 0, 'look-around'],
    ['(?>a)', 0, 'no such group'],
    ['(?x)a', 0, 'no such group'],
    ['(a', 0, 'never closed'],
    ['a)b', 1, 'closes no group'],
    ['[a', 0, 'never closed'],
    ['x[', 1, 'never closed'],
    ['x[a-', 1, 'never closed'],
    ['[z-a]', 2, 'ends before'],
    ['[[:alpha:]]', 1, ':alpha:'],
    ['[\\b]', 1, 'no character'],
    ['\\p{L}', 0, 'no such escape'],
    ['\\u0041', 0, 'no such escape'],
    ['\\Qa\\E', 0, 'no such escape'],
    ['\\x{110000}', 0, 'by number'],
    ['ab\\', 2, 'after this backslash'],
    ['*a', 0, 'to repeat'],
    ['a|+', 2, 'to repeat'],
    ['a**', 2, 'without a group'],
    ['a+{2}', 2, 'without a group'],
    ['a{3,2}', 1, 'at least'],
    ['a{1001}', 1, '1000 times'],
    ['a{99}{99}', 5, 'without a group'],
    ['(?:a{100}){100}', 10, 'too large'],
    ['(?:(?:(?:(?:){1000}){1000}){1000}){1000}', 10, 'too large'],
    ['a'.repeat(1025), 1024, '1024 characters'],
  ])('%s is refused at %i: %s', (pattern, at, reason) => {
    const refusal = refusalOf(pattern);
    expect(refusal.reason).toContain(reason);
    if (!reason.includes('too large')) expect(refusal.at).toBe(at);
  });

  it('nested as deep as its length allows neither overflows nor is misread', () => {
    expect(matches(`${'('.repeat(500)}a${')'.repeat(500)}`, 'a')).toBe(true);
    expect(refusalOf('('.repeat(1024)).at).toBe(1023);
  });

  it('folds every character as RE2 does', { timeout: 60_000 }, () => {
    const differing: string[] = [];
    for (const char of 'kKſßẞσςıİdžµ') {
      const ours = compiled(`(?i)^${char}$`);
      const theirs = RE2JS.compile(`(?i)^${char}$`);
      for (const text of cased) {
        if (ours(text) !== theirs.test(text)) differing.push(`${char} ${text}`);
      }
      // All the others at once, for no case of any of them is another character.
      const oursNone = compiled(`(?i)^[^${char}]*$`);
      const theirsNone = RE2JS.compile(`(?i)^[^${char}]*$`);
      for (const text of uncased) {
        const others = text.replaceAll(char, '');
        if (!oursNone(others) || !theirsNone.test(others)) differing.push(`${char} ${text[0]}…`);
      }
    }
    expect(differing).toEqual([]);
  });

  it('answers at once where a backtracking engine hangs', () => {
    const evil = [
      '^(a+)+$',
      '^(a|a)*$',
      '^(a?){40}a{40}$',
      '(.*a){20}$',
      '^(([a-z])+.)+[A-Z]([a-z])+$',
    ];
    for (const pattern of evil) expect(matches(pattern, `${'a'.repeat(5000)}!`)).toBe(false);
    expect(matches('^(a+)+$', 'a'.repeat(5000))).toBe(true);
  });
});

describe('a pattern of more states than are remembered', () => {
  it('answers as RE2 does all the same', () => {
    // 2^12 sets of states: which of the last twelve characters was an a?
    const pattern = 'a[ab]{11}$';
    const ours = compiled(pattern);
    const theirs = RE2JS.compile(pattern);
    const random = randomFrom(1);
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: 60 }, () => (random() < 0.5 ? 'a' : 'b')).join('');
      expect(ours(text)).toBe(theirs.test(text));
    }
  });
});

describe('on random patterns and texts', () => {
  const cases = Array.from({ length: 3000 }, (_, seed) => {
    const random = randomFrom(seed);
    return {
      pattern: randomPattern(random),
      texts: Array.from({ length: 8 }, () => randomText(random)),
    };
  });

  it('answers as RE2 does', () => {
    const differing: string[] = [];
    for (const { pattern, texts } of cases) {
      const theirs = RE2JS.compile(pattern);
      for (const text of texts) {
        if (matches(pattern, text) !== theirs.test(text))
          differing.push(JSON.stringify([pattern, text]));
      }
    }
    expect(differing).toEqual([]);
  });

  it('answers as the native engine does, where the two languages agree', () => {
    const differing: string[] = [];
    for (const { pattern, texts } of cases) {
      // ECMAScript repeats no assertion, and folds \w and \b otherwise when it ignores case.
      if (/\(\?i:|(\\[bB]|[$^](?![\]\\a]))[*+?{]/.test(pattern)) continue;
      const theirs = new RegExp(pattern.replaceAll('\\x{', '\\u{'), 'u');
      for (const text of texts) {
        if (matches(pattern, text) !== theirs.test(text))
          differing.push(JSON.stringify([pattern, text]));
      }
    }
    expect(differing).toEqual([]);
  });
});
