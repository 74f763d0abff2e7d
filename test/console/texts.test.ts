import { describe, expect, it } from 'vitest';
import { Feed } from '../../console/live/feed.ts';
import { isMarked, jsonLines } from '../../console/page/parts/json-lines.ts';
import { highlight } from '../../console/page/query/highlight.ts';
import { toCurl } from '../../console/readers/curl.ts';
import { describeExports } from '../../console/readers/exports.ts';
import { readableBody } from '../../console/readers/letter-body.ts';
import { marksOf } from '../../console/readers/marks.ts';
import { cutRows } from '../../console/readers/rows.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { generic } from '../../shared/sources/generic.ts';
import { noMetrics } from '../../subscriber/service/metrics.ts';

describe('jsonLines', () => {
  it('indents a document and keeps every digit', () => {
    const text = '{"a":9007199254740993.10,"b":[1,{"c":"x\\"y"}],"d":{},"e":[]}';
    const lines = jsonLines(text);
    expect(
      lines.map(
        ({ depth, name, value, hasComma }) =>
          `${' '.repeat(depth)}${name ?? ''}${value}${hasComma ? ',' : ''}`,
      ),
    ).toEqual([
      '{',
      ' "a"9007199254740993.10,',
      ' "b"[',
      '  1,',
      '  {',
      '   "c""x\\"y"',
      '  }',
      ' ],',
      ' "d"{},',
      ' "e"[]',
      '}',
    ]);
    expect(lines.find(({ value }) => value.includes('x'))?.path).toEqual(['b', 1, 'c']);
  });

  it('reads a megabyte', () => {
    const text = JSON.stringify({
      all: Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'x'.repeat(20) })),
    });
    expect(text.length).toBeGreaterThan(800_000);
    expect(jsonLines(text).length).toBe(80_004);
  });

  it('a mark with null is any index', () => {
    expect(isMarked(['items', 3, 'price'], [['items', null, 'price']])).toBe(true);
    expect(isMarked(['items', 3], [['items', null, 'price']])).toBe(false);
  });
});

it('marks the place that a column is read from', () => {
  const relay = defineRelay({
    project: 'test-project',
    streams: {
      stock: generic({
        table: 'shop.stock',
        each: '$.items',
        columns: {
          price: { type: 'NUMERIC', from: '$.cost.amount' },
          shop: { type: 'STRING', from: 'body:$.shop' },
        },
      }),
    },
  });
  expect(marksOf(relay, 'stock', 'price')).toEqual([['items', null, 'cost', 'amount']]);
  expect(marksOf(relay, 'stock', 'shop')).toEqual([['shop']]);
  expect(marksOf(relay, 'gone', 'price')).toEqual([['price']]);
  expect(marksOf(relay, 'stock', null)).toEqual([]);
});

it('highlight changes no character', () => {
  const sql = "SELECT 'it''s', \"x\", `a.b` -- note\nFROM t /* open";
  expect(
    highlight(sql)
      .map(([text]) => text)
      .join(''),
  ).toBe(sql);
  expect(highlight('SELECT')).toEqual([['SELECT', 'word']]);
});

describe('readableBody', () => {
  const attributes = { stream: 's', delivery_id: 'd', received_at: '2026-01-01T00:00:00Z' };

  it('tells JSON, text and bytes', () => {
    expect(readableBody(Buffer.from('{"a":1}'), attributes, false)).toMatchObject({
      bodyKind: 'json',
      isCut: false,
    });
    expect(readableBody(Buffer.from('a=1'), attributes, false)).toMatchObject({
      bodyKind: 'text',
      body: 'a=1',
    });
    const binary = readableBody(Buffer.from([0xff, 0x41]), attributes, false);
    expect(binary).toMatchObject({ bodyKind: 'binary', isCut: false });
    expect(binary.body).toContain('ff 41');
  });

  it('cuts a long one until all of it is asked for', () => {
    const data = Buffer.from('é'.repeat(100_000));
    expect(readableBody(data, attributes, false)).toMatchObject({ isCut: true });
    expect(readableBody(data, attributes, true)).toMatchObject({
      isCut: false,
      body: data.toString(),
    });
  });
});

it('cutRows cuts long cells and says which', () => {
  const fields = [{ name: 'a', type: 'STRING' }];
  const rows = [{ f: [{ v: 'x'.repeat(5000) }] }, { f: [{ v: null }] }];
  const shown = cutRows({ fields, rows });
  expect(shown.cut).toEqual([[0, 0]]);
  expect(shown.rows).toEqual([['x'.repeat(2000)], [null]]);
});

it('toCurl quotes for a shell', () => {
  const curl = toCurl({
    url: 'http://x/y',
    contentType: 'text/plain',
    headers: { 'x-a': "it's" },
    body: "a'b",
  });
  expect(curl).toContain(`-H 'x-a: it'\\''s'`);
  expect(curl).toContain(`--data-binary 'a'\\''b'`);
});

describe('Feed', () => {
  const attributes = {
    stream: 's',
    delivery_id: 'd1',
    received_at: '2026-01-01T00:00:00Z',
    event_name: 'e',
  };

  it('keeps deliveries only while somebody looks', () => {
    const feed = new Feed();
    const metrics = feed.listen(noMetrics);
    metrics.written(attributes, 5);
    expect(feed.deliveries).toEqual([]);
    const end = feed.watch();
    metrics.written(attributes, 5);
    metrics.deadLetter(attributes, { isInPart: true, hasColumn: true });
    metrics.appended(0, 3);
    expect(feed.deliveries).toMatchObject([
      { n: 1, kind: 'written', stream: 's', event: 'e', receivedAt: 5 },
      { n: 2, kind: 'written in part', receivedAt: Date.parse('2026-01-01T00:00:00Z') },
    ]);
    expect(feed.batches).toEqual([3]);
    end();
    end();
    expect([feed.isWatched, feed.deliveries, feed.batches]).toEqual([false, [], []]);
    expect(feed.deadLetters).toBe(1);
  });

  it('keeps a bounded number', () => {
    const feed = new Feed();
    const metrics = feed.listen(noMetrics);
    feed.watch();
    for (let n = 0; n < 5000; n++) metrics.written(attributes, n);
    expect(feed.deliveries.length).toBeLessThan(1100);
    expect(feed.deliveries.at(-1)?.n).toBe(5000);
  });
});

it('describeExports tells how far each file is', () => {
  const at = 1;
  const fields = { export: '/x.zip', table: 'a.b', stream: 'exp' };
  const said = (message: string, more: object, severity = 'INFO') => ({
    at,
    severity,
    message,
    fields: { ...fields, ...more },
  });
  const [info] = describeExports([
    said('export under way', { doing: 'downloading', bytes: 10, of: 100, rows: 0 }),
    said('export under way', { doing: 'loading', file: 'a.csv', bytes: 5, of: 5, rows: 0 }),
    said('export file loaded', {
      file: 'a.csv',
      rows: 7,
      loaded: 1,
      files: 2,
      job: 'tributary-export-1',
    }),
    {
      at,
      severity: 'WARNING',
      message: 'export not loaded, trying again',
      fields: { stream: 'exp', reason: 'busy' },
    },
  ]);
  expect(info).toMatchObject({
    state: 'waiting',
    message: 'busy',
    files: [{ file: 'a.csv', state: 'loaded', rows: 7, job: 'tributary-export-1' }],
  });
});
