import { describe, expect, it } from 'vitest';
import {
  isAbsent,
  knownText,
  memberReader,
  scalarText,
} from '../../../shared/json/json-members.ts';
import { findValues } from '../../../shared/json/json-path.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

/** All members of an object, or those that are named. */
function members(text: string, names?: string[]): Record<string, string | undefined> {
  const wanted = names ?? Object.keys(JSON.parse(text.replace('\ufeff', '')));
  const reading = memberReader(wanted)(bytes(text));
  if (!reading.ok) throw new Error(reading.problem);
  return reading.members;
}

const readAny = memberReader(['a', 'b']);

describe('a reader of members', () => {
  it.each([
    ['{}', {}],
    [' { } ', {}],
    ['{"a":1}', { a: '1' }],
    ['{"a" : 1 , "b":[ 1, 2 ] }', { a: '1', b: '[ 1, 2 ]' }],
    ['{"a":"}\\"]","b":{"c":"{["}}', { a: '"}\\"]"', b: '{"c":"{["}' }],
    ['{"a":"\\\\","b":null}', { a: '"\\\\"', b: 'null' }],
    ['{"a":"\\\\\\"","b":true}', { a: '"\\\\\\""', b: 'true' }],
    ['{"n":12345678901234567890.000}', { n: '12345678901234567890.000' }],
    ['{"n":-0,"e":1E400}', { n: '-0', e: '1E400' }],
    ['{"\\u0061":1}', { a: '1' }],
    ['{"__proto__":1,"constructor":2}', { ['__proto__']: '1', constructor: '2' }],
    [
      '{"é":1,"\\u4e2d":"\\ud83d\\ude42","🐎":"🐎"}',
      { é: '1', 中: '"\\ud83d\\ude42"', '🐎': '"🐎"' },
    ],
    ['{"":1}', { '': '1' }],
    ['\r\n\t{"a"\n:\t[\r\n]\n}\n', { a: '[\r\n]' }],
  ])('slices %s', (text, expected) => {
    expect(members(text)).toEqual(expected);
  });

  it('keeps what is inside a value as it was sent', () => {
    const value = '{"b":1,"a":9007199254740993,"a":1.10,"s":"\\ud800\\u0000"}';
    expect(members(`{"v":${value}}`)).toEqual({ v: value });
  });

  it('lets the first of duplicate keys count', () => {
    expect(members('{"a":1,"\\u0061":2}')).toEqual({ a: '1' });
  });

  it('finds what is wanted, and nothing else', () => {
    const text = '{"x":{"a":1},"a":{"b":2},"aa":3,"Ã©":4,"b\\n":5}';
    expect(members(text, ['a', 'b', 'é', 'b\n', 'constructor'])).toEqual({
      a: '{"b":2}',
      b: undefined,
      é: undefined,
      'b\n': '5',
      constructor: undefined,
    });
  });

  it('drops a byte order mark before the text', () => {
    expect(members('\ufeff{"a":1}')).toEqual({ a: '1' });
  });

  it.each([
    ['', 'empty'],
    [' ', 'not JSON'],
    ['{"a":1', 'not JSON'],
    ['{"a":1}x', 'not JSON'],
    ["{'a':1}", 'not JSON'],
    ['{"a":NaN}', 'not JSON'],
    ['[{"a":1}]', 'not a JSON object'],
    ['"a"', 'not a JSON object'],
    ['\ufeffnull', 'not a JSON object'],
    ['{"a":1,}', 'not JSON'],
    ['{,"a":1}', 'not JSON'],
    ['{"a":1 "b":2}', 'not JSON'],
    ['{"a":1,"b"}', 'not JSON'],
    ['{"a":[1,"b":2}', 'not JSON'],
    ['7', 'not a JSON object'],
  ])('refuses %j: %s', (text, problem) => {
    expect(readAny(bytes(text))).toEqual({ ok: false, problem });
  });

  it('reads as JSON.parse and a search do, whatever a few changes make of a text', () => {
    const random = mulberry32(11);
    const original = '{"a" : "é\\u0041\\"" , "b":[{"a":-1.5e3},null,"🐎"],"a":{},"c":true}';
    const spare = '{}[]",:\\ue0-1.truefalsn\n\u0001é';
    let objects = 0;
    for (let round = 0; round < 20_000; round++) {
      let text = original;
      for (let change = Math.floor(random() * 3); change > 0; change--) {
        const at = Math.floor(random() * text.length);
        const piece = random() < 0.5 ? '' : (spare[Math.floor(random() * spare.length)] ?? '');
        text = text.slice(0, at) + piece + text.slice(at + Math.floor(random() * 2));
      }
      // A character may have been cut in two.
      text = text.toWellFormed();
      const expected = slowly(text);
      if (expected) objects++;
      const reading = readAny(bytes(text));
      const found = reading.ok ? [reading.members.a, reading.members.b] : undefined;
      if (String(found) !== String(expected)) expect.fail(`${JSON.stringify(text)}: ${found}`);
    }
    // Both kinds were among them.
    expect(objects).toBeGreaterThan(1000);
    expect(objects).toBeLessThan(19_000);
  });

  it.each([[[0xff]], [[0x7b, 0x22, 0xc3, 0x22, 0x7d]], [[0xed, 0xa0, 0x80]]])(
    'refuses bytes that are not UTF-8: %j',
    (raw) => {
      expect(readAny(Uint8Array.from(raw))).toEqual({ ok: false, problem: 'not UTF-8' });
    },
  );

  it('walks a value that is nested 100,000 deep', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(members(`{"a":${deep},"b":1}`, ['a', 'b'])).toEqual({ a: deep, b: '1' });
  });

  it('agrees with JSON.parse on every member, whatever the text', () => {
    const random = mulberry32(7);
    for (let round = 0; round < 2000; round++) {
      const object = randomObject(random);
      const text = JSON.stringify(object, null, Math.floor(random() * 3));
      const found = Object.entries(members(text));
      const parsed = found.map(([name, raw]) => [name, JSON.parse(String(raw))]);
      expect(Object.fromEntries(parsed)).toEqual(JSON.parse(text));
    }
  });
});

describe('scalarText', () => {
  it.each([
    ['"a\\u0041"', 'aA'],
    ['9007199254740993', '9007199254740993'],
    ['1.10', '1.10'],
    ['true', 'true'],
    ['{}', undefined],
    ['[1]', undefined],
  ])('%s → %s', (raw, text) => {
    expect(scalarText(raw)).toBe(text);
    expect(knownText(raw)).toBe(text);
  });

  it.each(['"a\nb"', '"a', '"\\x"'])('is undefined of what is no string of JSON: %j', (raw) => {
    expect(scalarText(raw)).toBeUndefined();
  });
});

describe('isAbsent', () => {
  it('is so of a missing member and of null', () => {
    expect([undefined, 'null', '"null"', '0', '""'].map(isAbsent)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

/** The slow way: JSON.parse, and a search for each member; undefined where the text is no object. */
function slowly(text: string): (string | undefined)[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return ['a', 'b'].map((name) => findValues(text, [name])?.[0]);
  } catch {
    return undefined;
  }
}

/** A small seeded generator: the same objects in every run. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const alphabet = ['a', '"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', 'é', '🐎', '\ud800'];

function randomObject(random: () => number, depth = 0): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let count = Math.floor(random() * 5); count > 0; count--) {
    object[randomText(random)] = randomValue(random, depth);
  }
  return object;
}

function randomValue(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth < 3 ? 6 : 4));
  if (kind === 0) return randomText(random);
  if (kind === 1) return Math.round(random() * 1e6) / 100;
  if (kind === 2) return random() < 0.5;
  if (kind === 3) return null;
  if (kind === 4) return randomObject(random, depth + 1);
  return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth + 1));
}

function randomText(random: () => number): string {
  const length = Math.floor(random() * 6);
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
}
