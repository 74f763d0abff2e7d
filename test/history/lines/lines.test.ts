import { describe, expect, it } from 'vitest';
import { keptLine, splitLines } from '../../../history/lines/lines.ts';

/** Line numbers and texts, in chunks of any size. */
async function linesOf(text: string, chunkBytes: number, maxBytes?: number) {
  const bytes = Buffer.from(text);
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  };
  const lines: [number, string][] = [];
  for await (const some of splitLines(chunks(), maxBytes)) {
    for (const line of some) {
      lines.push([line.number, line.problem ?? Buffer.from(line.bytes).toString()]);
    }
  }
  return lines;
}

describe.each([1, 2, 3, 7, 1000])('in chunks of %i bytes', (chunkBytes) => {
  it.each<[string, [number, string][]]>([
    ['', []],
    ['a', [[1, 'a']]],
    ['a\n', [[1, 'a']]],
    [
      'a\r\nb\r\n',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      '\n \t\nžluť\n\nb',
      [
        [3, 'žluť'],
        [5, 'b'],
      ],
    ],
    [
      '\uFEFFa\n\uFEFFb',
      [
        [1, 'a'],
        [2, '\uFEFFb'],
      ],
    ],
  ])('%j', async (text, lines) => {
    expect(await linesOf(text, chunkBytes)).toEqual(lines);
  });

  it('a line that is too long is reported and skipped', async () => {
    expect(await linesOf(`ab\n${'x'.repeat(11)}\n${'y'.repeat(10)}`, chunkBytes, 10)).toEqual([
      [1, 'ab'],
      [2, 'the line is too long'],
      [3, 'yyyyyyyyyy'],
    ]);
  });
});

it('a kept line does not keep its chunk in memory', () => {
  const chunk = Buffer.alloc(1_000_000, 'a');
  const { bytes, number } = keptLine({ number: 7, bytes: chunk.subarray(10, 13) });
  expect([number, Buffer.from(bytes).toString()]).toEqual([7, 'aaa']);
  expect(bytes.buffer.byteLength).toBeLessThan(100_000);
});
