import { expect, it } from 'vitest';
import { csvLines } from '../../../subscriber/backfill/csv-lines.ts';

async function* chunksOf(row: string, chunks: number, rowsEach: number) {
  yield Buffer.from('id,event_name\n');
  for (let n = 0; n < chunks; n++) yield Buffer.from(row.repeat(rowsEach));
}

it.each([
  ['have too many fields', 'a,purchase,\n'],
  ['have too few fields', 'a\n'],
])('holds some rows at once, though all of them %s', async (_, row) => {
  let count = 0;
  let most = 0;
  for await (const lines of csvLines(chunksOf(row, 200, 100))) {
    for (const { problem } of lines) expect(problem).toBeTypeOf('string');
    count += lines.length;
    most = Math.max(most, lines.length);
  }
  expect(count).toBe(20_000);
  expect(most).toBeLessThanOrEqual(500);
});

it('keeps bad rows in their place', async () => {
  const text = 'id,event_name\na,purchase\nb\nc,purchase\n';
  const chunks = async function* () {
    yield Buffer.from(text);
  };
  const numbers: [number, boolean][] = [];
  for await (const lines of csvLines(chunks())) {
    for (const { number, problem } of lines) numbers.push([number, problem === undefined]);
  }
  expect(numbers).toEqual([
    [2, true],
    [3, false],
    [4, true],
  ]);
});
