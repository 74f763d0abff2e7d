import { describe, expect, test } from 'vitest';
import { fromDer, toDer } from '../../../shared/signatures/der.ts';

const r = Array.from({ length: 32 }, (_, at) => 0x11 + at);
const s = Array.from({ length: 32 }, (_, at) => 0x51 + at);
/** Its first bit is set, so that its integer begins with a zero. */
const high = [0xff, ...r.slice(1)];

function integer(digits: number[], length = digits.length): number[] {
  return [0x02, length, ...digits];
}

function sequence(...parts: number[][]): Uint8Array {
  const body = parts.flat();
  return Uint8Array.of(0x30, body.length, ...body);
}

// The kinds of X.690 that Project Wycheproof tries, made anew.
describe('the DER of a P-256 signature', () => {
  test.each([
    ['two integers', sequence(integer(r), integer(s)), [...r, ...s]],
    ['a zero before a set bit', sequence(integer([0, ...high]), integer(s)), [...high, ...s]],
    [
      'short integers',
      sequence(integer([1]), integer([0, 0x80])),
      [...new Array(31).fill(0), 1, ...new Array(31).fill(0), 0x80],
    ],
  ])('is %s', (_, der, raw) => {
    expect([...(fromDer(der) ?? [])]).toEqual(raw);
    expect([...toDer(Uint8Array.from(raw))]).toEqual([...der]);
  });

  test.each<[string, Uint8Array]>([
    ['a negative r', sequence(integer(high), integer(s))],
    ['a negative s', sequence(integer(r), integer(high))],
    ['a zero too many before r', sequence(integer([0, ...r]), integer(s))],
    ['a zero too many before s', sequence(integer(r), integer([0, ...s]))],
    ['zeros in a row', sequence(integer([0, 0, ...high.slice(1)]), integer(s))],
    ['r that is zero', sequence(integer([0]), integer(s))],
    ['s that is zero', sequence(integer(r), integer([0]))],
    ['both zero', sequence(integer([0]), integer([0]))],
    ['an empty r', sequence(integer([]), integer(s))],
    ['an empty s', sequence(integer(r), integer([]))],
    ['33 bytes without a zero', sequence(integer([1, ...r]), integer(s))],
    ['a byte behind', Uint8Array.of(...sequence(integer(r), integer(s)), 0)],
    ['a byte behind, inside', sequence(integer(r), integer(s), [0])],
    ['an integer behind', sequence(integer(r), integer(s), integer([1]))],
    ['one integer', sequence(integer(r))],
    ['a cut end', sequence(integer(r), integer(s)).slice(0, -1)],
    ['a sequence longer than it says', Uint8Array.of(0x30, 67, ...integer(r), ...integer(s))],
    ['a sequence shorter than it says', Uint8Array.of(0x30, 69, ...integer(r), ...integer(s))],
    ['a length in long form', Uint8Array.of(0x30, 0x81, 68, ...integer(r), ...integer(s))],
    ['an indefinite length', Uint8Array.of(0x30, 0x80, ...integer(r), ...integer(s), 0, 0)],
    ['an integer’s length in long form', sequence([0x02, 0x81, 32, ...r], integer(s))],
    ['an integer longer than all', sequence(integer(r), integer(s, 200))],
    ['another tag', Uint8Array.of(0x31, 68, ...integer(r), ...integer(s))],
    ['a bit string for r', sequence([0x03, 32, ...r], integer(s))],
    ['nothing', new Uint8Array(0)],
    ['an empty sequence', Uint8Array.of(0x30, 0)],
    ['no DER at all', Uint8Array.from([...r, ...s])],
  ])('is not %s', (_, der) => {
    expect(fromDer(der)).toBeUndefined();
  });
});
