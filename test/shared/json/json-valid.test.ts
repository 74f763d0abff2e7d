import { describe, expect, it } from 'vitest';
import { isJson } from '../../../shared/json/json-valid.ts';

const isText = (text: string) => isJson(new TextEncoder().encode(text));

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const texts = [
  '',
  ' ',
  '0',
  '-0',
  '-',
  '01',
  '1.',
  '.5',
  '1e5',
  '1E+5',
  '1e',
  '1.5e-3 ',
  '+1',
  'NaN',
  'Infinity',
  'true',
  'truee',
  'nul',
  '"',
  '""',
  '"a\\"b"',
  '"\\u00e9"',
  '"\\u00g9"',
  '"\\x"',
  '"\\',
  '"a\nb"',
  '"\u007f"',
  '"\ud800"',
  '{}',
  '{ }',
  '[]',
  '[ ]',
  '[1,2]',
  '[1,]',
  '[,1]',
  '[1 2]',
  '[[],[[]]]',
  '[}',
  '{]',
  '{"a":1}',
  '{"a":1,}',
  '{"a" : [ { } , "x" ] , "b" : null }',
  '{"a"}',
  '{"a":}',
  '{a:1}',
  "{'a':1}",
  '{"a":1}{',
  '{"a":1}}',
  '{"a":1} \r\n\t',
  '\u00a0{}',
  '\ufeff{}',
  '{}\u0000',
  '{}\u0020\u0001',
  '[1]/',
  '/* */1',
  '[tru,e]',
  '1 2',
];

describe('isJson', () => {
  it.each(texts)('%j: as JSON.parse', (text) => {
    expect(isText(text)).toBe(parses(text));
  });

  it('agrees with JSON.parse on whatever a few changes make of a text', () => {
    const original =
      '{"id":"e\\u00e9\\n1","n":[-1.5e+3,0,true,null,{"x":{}}],"s":" \\"q\\\\ ","e":[],"f":false}';
    const spare = '{}[]",:\\ue0-1.5truefalsn \n\u0001';
    let state = 7;
    const random = (below: number) => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
      return ((state ^ (state >>> 13)) >>> 0) % below;
    };
    let taken = 0;
    for (let round = 0; round < 20_000; round++) {
      let text = original;
      for (let change = random(3); change >= 0; change--) {
        const at = random(text.length);
        const piece = random(2) === 0 ? '' : (spare[random(spare.length)] ?? '');
        text = text.slice(0, at) + piece + text.slice(at + random(2));
      }
      if (isText(text) !== parses(text)) expect.fail(`they differ about ${JSON.stringify(text)}`);
      if (parses(text)) taken++;
    }
    // Both kinds were among them.
    expect(taken).toBeGreaterThan(1000);
    expect(taken).toBeLessThan(19_000);
  });

  it('takes any depth', () => {
    const depth = 100_000;
    expect(isText('['.repeat(depth) + ']'.repeat(depth))).toBe(true);
    expect(isText(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)).toBe(true);
    expect(isText('['.repeat(depth) + ']'.repeat(depth - 1))).toBe(false);
  });
});
