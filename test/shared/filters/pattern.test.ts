import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { nativePattern } from '../../../shared/filters/pattern.ts';
import { patternProblem } from '../../../shared/filters/pattern-check.ts';
import { randomFrom, randomPattern, randomText } from './random-patterns.ts';

const nameLength = 256;
const fieldLength = 4096;

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
    ['(?i)café-é', 'CAFÉ-É', true],
    ['(?i)^\\S+[\\Sa]$', 'AB', true],
    ['(?is)^A.B$', 'a\nb', true],
    ['a.c', 'a\nc', false],
    ['a.c', 'a\rc', true],
    ['a.c', 'a\u2028c', true],
    ['(?s)a.c', 'a\nc', true],
    ['[.]', 'a', false],
    ['^.$', '🐎', true],
    ['^.$', '\ud800', true],
    ['^[🐎-🐒]$', '🐏', true],
    ['[a-]', '-', true],
    ['[\\]\\-\\\\]', '\\', true],
    ['\\x41B\\t', 'AB\t', true],
    ['a\\{,2\\}', 'a{,2}', true],
    ['(?<first>a)(?<second>b)', 'ab', true],
    ['\\bbuy\\b', 'to buy now', true],
    ['\\bbuy\\b', 'buyer', false],
    ['(|a)*(b*)*', '', true],
    ['\\s', '\v', false],
    ['\\s', '\u00a0', false],
    ['[\\s]', ' ', true],
    ['^[\\S]$', '\u00a0', true],
    ['^[^\\S]$', 'a', false],
    ['^\\S$', '🐎', true],
  ])('%s on %j: %s', (pattern, text, matches) => {
    expect(patternProblem(pattern, nameLength)).toBeUndefined();
    expect(nativePattern(pattern).test(text)).toBe(matches);
  });

  it.each([
    ['(a)\\1', 3, 'backreference'],
    ['a(?=b)', 1, 'look-around'],
    ['(?<!a)b', 0, 'look-around'],
    ['(?>a)', 0, 'no such group'],
    ['(?x)a', 0, 'flags'],
    ['(?m)^a', 0, 'flags'],
    ['a(?i)b', 1, 'flags'],
    ['(?i:a)b', 0, 'flags'],
    ['(?P<name>a)', 0, '(?<name>…)'],
    ['(?<n>a)(?<n>b)', 0, 'Duplicate'],
    ['(a', 2, 'ends before'],
    ['a)b', 1, 'write \\)'],
    ['[a', 0, 'never closed'],
    ['x[', 1, 'never closed'],
    ['x[a-', 1, 'never closed'],
    ['[z-a]', 1, 'ends before'],
    ['[\\d-z]', 5, 'from one character'],
    ['[[:alpha:]]', 0, 'POSIX'],
    ['[]a]', 0, 'write \\]'],
    ['[^]', 0, 'at least one'],
    ['[\\b]', 1, 'the character itself'],
    ['\\p{L}', 0, 'write the characters'],
    ['[\\p{L}]', 1, 'write the characters'],
    ['\\u0041', 0, 'the character itself'],
    ['[A-\\u{42}]', 3, 'the character itself'],
    ['\\x{1F40E}', 0, 'the character itself'],
    ['\\Qa\\E', 0, 'a backslash before each'],
    ['a\\z', 1, 'write ^'],
    ['\\y', 1, 'no escape \\y'],
    ['ab\\', 3, 'ends before'],
    ['*a', 0, 'write \\*'],
    ['a|+', 2, 'write \\+'],
    ['a{,2}', 1, 'write \\{'],
    ['a**', 1, 'in a group'],
    ['a+{2}', 1, 'in a group'],
    ['a{3,2}', 1, 'at least'],
    ['a{1001}', 1, '1000 times'],
    ['(?:a{100}){100}', 4, '1000 times'],
    ['((((a*b)*c)*d)*e)*', 5, 'nested 4 deep'],
    ['(?i)a[a-ſ]', 6, 'cases'],
    ['(?i)\u212a', 4, 'cases'],
    ['(?i)[À-ž]', 5, 'cases'],
    ['(?i)a🐎*', 5, 'cases'],
    ['a'.repeat(1025), 1024, '1024 characters'],
  ])('%s is refused at %i: %s', (pattern, at, reason) => {
    expect(patternProblem(pattern, nameLength)).toEqual({
      at,
      reason: expect.stringContaining(reason),
    });
  });

  it('may be nested as deep as its length allows', () => {
    const pattern = `${'('.repeat(500)}a${')'.repeat(500)}`;
    expect(patternProblem(pattern, nameLength)).toBeUndefined();
    expect(nativePattern(pattern).test('a')).toBe(true);
    expect(patternProblem('('.repeat(1024), nameLength)?.at).toBe(1024);
  });
});

describe('a pattern that could be slow', () => {
  it.each([
    ['^(a+)+$', 1],
    ['^(a|a)*$', 1],
    ['^(a?){40}a{40}$', 1],
    ['(.*a){20}$', 0],
    ['^(([a-z])+.)+[A-Z]([a-z])+$', 1],
    ['(x+x+)+y', 0],
    ['x.*a.*b', 1],
    ['(?i)^(?:k|K)*$', 4 + 1],
    ['(?s)^(.|\\n)*$', 4 + 1],
    ['^(.|\\r)*$', 1],
    ['^(\\S|\\v)*$', 1],
  ])(
    '%s is refused where it repeats',
    (pattern, at) => {
      expect(patternProblem(pattern, nameLength)).toEqual({
        at,
        reason: expect.stringContaining('too many ways'),
      });
    },
    30_000,
  );

  it.each([
    'purchase$',
    'order.*paid',
    '^[a-z_]+(\\.[a-z_]+)*$',
    '\\s+$',
    '.*foo.*',
    '^(?:order|orders)_.*(?:paid|payment)$',
    '^(order|invoice|charge|customer|payment)\\.(created|updated|deleted|paid|failed)$',
    `^(${Array.from({ length: 40 }, (_, at) => `subscription_event_${at}`).join('|')})$`,
    `${Array.from({ length: 30 }, (_, at) => `event_${at}`).join('|')}`,
    '^\\w+\\s*=\\s*\\w+$',
    'https?://[^/]+/.*\\.html',
  ])(
    '%s is not',
    (pattern) => {
      expect(patternProblem(pattern, nameLength)).toBeUndefined();
      expect(patternProblem(pattern, fieldLength)).toBeUndefined();
    },
    30_000,
  );
});

describe('RE2 gives the same answers', () => {
  it('on random patterns and texts', () => {
    const differing: string[] = [];
    let compared = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const random = randomFrom(seed);
      const pattern = ['', '', '(?i)', '(?s)'][seed % 4] + randomPattern(random);
      const ours = compiles(pattern);
      if (!ours) continue;
      compared++;
      const theirs = RE2JS.compile(pattern);
      for (let round = 0; round < 8; round++) {
        const text = randomText(random);
        if (ours.test(text) !== theirs.test(text)) differing.push(JSON.stringify([pattern, text]));
      }
    }
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(1000);
  });

  it('in either case of every character', { timeout: 60_000 }, () => {
    const cased = Array.from({ length: 0x2_0000 }, (_, code) => code)
      .filter((code) => code < 0xd800 || code > 0xdfff)
      .map((code) => String.fromCodePoint(code))
      .filter((char) => char.toLowerCase() !== char || char.toUpperCase() !== char);
    const differing: string[] = [];
    for (const char of 'kSßéσж') {
      expect(patternProblem(`(?i)^${char}$`, nameLength)).toBeUndefined();
      const ours = nativePattern(`(?i)^${char}$`);
      const theirs = RE2JS.compile(`(?i)^${char}$`);
      for (const text of cased) {
        if (ours.test(text) !== theirs.test(text)) differing.push(`${char} ${text}`);
      }
    }
    expect(differing).toEqual([]);
  });
});

function compiles(pattern: string): RegExp | undefined {
  try {
    return nativePattern(pattern);
  } catch {
    return undefined;
  }
}
