import { expect, it } from 'vitest';
import { type CsvOptions, csvLines } from '../../../history/import/csv-lines.ts';
import { arrayElements, sequenceTexts } from '../../../history/lines/json-elements.ts';
import type { Line } from '../../../history/lines/lines.ts';

async function* chunksOf(row: string, chunks: number, rowsEach: number) {
  yield Buffer.from('id,event_name\n');
  for (let n = 0; n < chunks; n++) yield Buffer.from(row.repeat(rowsEach));
}

async function* cut(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function bodiesOf(text: string, options: CsvOptions = {}) {
  const told: unknown[] = [];
  for await (const lines of csvLines(cut(text, 7), options)) {
    for (const { bytes, problem } of lines) told.push(problem ?? Buffer.from(bytes).toString());
  }
  return told;
}

it.each([
  ['have too many cells', 'a,purchase,\n'],
  ['have too few cells', 'a\n'],
])('yields rows in batches, also if all of them %s', async (_, row) => {
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

it('reports bad rows in order, with the line where they begin', async () => {
  const text = 'id,event_name\na,"two\nlines"\nb\nc,purchase\n';
  const told: [number, boolean, string][] = [];
  for await (const lines of csvLines(cut(text, 1000))) {
    for (const { number, problem, original, bytes } of lines) {
      told.push([number, problem === undefined, Buffer.from(original ?? bytes).toString()]);
    }
  }
  expect(told).toEqual([
    [2, true, 'a,"two\nlines"'],
    [4, false, 'b'],
    [5, true, 'c,purchase'],
  ]);
});

it('makes the bodies that a sender would deliver', async () => {
  expect(await bodiesOf('id, note ,,2\na,,,x\nb,"",y,"1"\n')).toEqual([
    '{"id":"a","note":null,"2":"x"}',
    '{"id":"b","note":"","column_3":"y","2":"1"}',
  ]);
  expect(await bodiesOf('id,v,V\na,1,2\n')).toEqual(['{"id":"a","v":"1","V_1":"2"}']);
  expect(await bodiesOf('__proto__,id\n1,a\n')).toEqual(['{"__proto__":"1","id":"a"}']);
  const rename = new Map([['Event Id', 'id']]);
  expect(await bodiesOf('Event Id;x\na;1\n', { rename })).toEqual(['{"id":"a","x":"1"}']);
  expect(await bodiesOf('id,x y\na,1 &\nb,\n', { asForm: true })).toEqual([
    'id=a&x+y=1+%26',
    'id=b',
  ]);
});

it('keeps an object or array for a JSON column, and makes anything else a string', async () => {
  const jsonMembers = new Set(['props']);
  const text = 'id,props,other\n1,"{""n"":1.0}",{}\n2,[],\n3,{x,y\n4,"{""n""",\n5,12,\n';
  expect(await bodiesOf(text, { jsonMembers })).toEqual([
    '{"id":"1","props":{"n":1.0},"other":"{}"}',
    '{"id":"2","props":[],"other":null}',
    '{"id":"3","props":"{x","other":"y"}',
    '{"id":"4","props":"{\\"n\\"","other":null}',
    '{"id":"5","props":"12","other":null}',
  ]);
});

async function elements(
  read: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Line[]>,
  text: string,
) {
  const told: [number, string, string?][][] = [];
  for (const size of [1, 3, 1000]) {
    const found: [number, string, string?][] = [];
    for await (const lines of read(cut(text, size))) {
      for (const { number, bytes, problem } of lines) {
        found.push([number, Buffer.from(bytes).toString(), ...(problem ? [problem] : [])] as never);
      }
    }
    told.push(found);
  }
  expect(told[0]).toEqual(told[2]);
  expect(told[1]).toEqual(told[2]);
  return told[2];
}

it.each<[string, string, unknown[]]>([
  ['an empty array', ' [ ] ', []],
  ['one element', '[{"a":1}]', [[1, '{"a":1}']]],
  [
    'several lines',
    '[\n {"a":[1,2]},\n {"b":"],\\""}\n]\n',
    [
      [2, '{"a":[1,2]}'],
      [3, '{"b":"],\\""}'],
    ],
  ],
  [
    'not closed',
    '[1,\n{"b":',
    [
      [1, '1'],
      [2, '{"b":', 'the array is not closed'],
    ],
  ],
  [
    'not closed, and nothing behind the comma',
    '[1,',
    [
      [1, '1'],
      [1, '', 'the array is not closed'],
    ],
  ],
  [
    'text behind it',
    '[1]\nmore',
    [
      [1, '1'],
      [2, 'more', 'there is text behind the array'],
    ],
  ],
])('elements of an array: %s', async (_, text, expected) => {
  expect(await elements(arrayElements, text)).toEqual(expected);
});

it('texts of a sequence', async () => {
  expect(await elements(sequenceTexts, '\u001e{"a":1}\n\u001e{"b":\n2}\n\u001e\n')).toEqual([
    [1, '{"a":1}'],
    [2, '{"b":\n2}'],
  ]);
});
