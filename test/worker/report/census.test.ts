import { expect, test } from 'vitest';
import { generic } from '../../../shared/sources/generic.ts';
import { Census } from '../../../worker/report/census.ts';
import { logged, openEdge, shop, signed } from '../../beds/workerd/edge.ts';

const decoder = new TextDecoder();

function countsOf(census: Census): unknown[] {
  return census.take().map(({ data }) => JSON.parse(decoder.decode(data)));
}

const filtered = (...names: string[]) => ({ cause: 'event-filter', names }) as const;

test('dropped events are counted by name and published without payloads', async () => {
  const edge = openEdge({ now: () => 1_000_000 });
  for (const body of ['{"event_name":"page_view","email":"jan@example.com"}', '{}']) {
    expect((await edge.send('/shop', await signed(body))).headers.get('tributary-outcome')).toBe(
      'filtered',
    );
  }
  await edge.send('/exports/exports-key', { body: '{"event_name":"other"}' });
  const at = { dropped: 1, firstAt: 1_000_000, lastAt: 1_000_000 };
  expect(await edge.census()).toEqual([
    { stream: 'shop', event: 'page_view', cause: 'event-filter', ...at },
    { stream: 'shop', cause: 'event-filter', ...at },
    { stream: 'exports', event: 'other', cause: 'ignored', ...at },
  ]);
  expect(await edge.tries()).toEqual([]);
});

test('in an array that is relayed, the events that the subscriber will drop are counted', async () => {
  const list = generic({
    table: 'a.b',
    scheme: 'endpoint-key',
    each: '$.events',
    event: '$.type',
    filter: { events: ['kept'] },
  });
  const edge = openEdge({ streams: { list }, now: () => 5, env: { LIST_KEY: 'key' } });
  const body = JSON.stringify({
    events: ['kept', 'noise', 'kept', 'noise', undefined].map((type) => ({ type })),
  });
  await edge.script([{ status: 404 }]);
  expect((await edge.send('/list/key', { body })).status).toBe(503);
  expect((await edge.send('/list/key', { body })).status).toBe(204);
  const at = { stream: 'list', cause: 'event-filter', firstAt: 5, lastAt: 5 };
  expect(await edge.census()).toEqual([
    { event: 'noise', dropped: 2, ...at },
    { dropped: 1, ...at },
  ]);
});

test('a single dropped event of an array is counted too', async () => {
  const list = generic({ table: 'a.b', each: '$', event: '$.type', filter: { events: ['kept'] } });
  const edge = openEdge({ streams: { list }, now: () => 5, env: { LIST_KEY: 'key' } });
  for (const types of [['kept', 'noise'], ['noise', 'kept'], ['noise'], ['kept']]) {
    const body = JSON.stringify(types.map((type) => ({ type })));
    expect((await edge.send('/list/key', { body })).ok).toBe(true);
  }
  const counts = (await edge.census()) as { event?: string; dropped: number }[];
  expect(new Set(counts.map(({ event }) => event))).toEqual(new Set(['noise']));
  expect(counts.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(3);
});

test('accepted, refused and malformed deliveries are not counted', async () => {
  const edge = openEdge();
  await edge.send('/shop', await signed('{"event_name":"purchase"}'));
  await edge.send('/shop', { body: '{"event_name":"page_view"}' });
  await edge.send('/shop', await signed('nonsense'));
  expect(await edge.census()).toEqual([]);
});

test('a census that cannot be published leaves one line in the log', async () => {
  const edge = openEdge({ streams: { shop } });
  await edge.script(Array(200).fill({ status: 404 }));
  const lines = await logged(async () => {
    expect((await edge.send('/shop', await signed('{"event_name":"page_view"}'))).status).toBe(204);
  });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { outcome: 'filtered' },
    { outcome: 'census-lost', cause: 'pubsub-404' },
  ]);
});

test('counts grow until they are taken', () => {
  const census = new Census();
  census.add('a', filtered('x', 'y', 'x'), 5);
  census.add('a', filtered('x'), 9);
  census.add('b', { cause: 'ignored', names: [undefined] }, 9);
  expect(countsOf(census)).toEqual([
    { stream: 'a', event: 'x', cause: 'event-filter', dropped: 3, firstAt: 5, lastAt: 9 },
    { stream: 'a', event: 'y', cause: 'event-filter', dropped: 1, firstAt: 5, lastAt: 5 },
    { stream: 'b', cause: 'ignored', dropped: 1, firstAt: 9, lastAt: 9 },
  ]);
  expect(countsOf(census)).toEqual([]);
});

test('unlimited names take limited memory, and every event stays in the sum', () => {
  const census = new Census();
  for (let n = 0; n < 10_000; n++) census.add('a', filtered(`name ${n}`), 1);
  census.add('a', filtered('x'.repeat(10_000_000), '\ud800'), 1);
  const counts = countsOf(census) as { event?: string; dropped: number }[];
  expect(counts.length).toBeLessThanOrEqual(201);
  expect(counts.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(10_002);
  expect(counts.at(-1)).toMatchObject({ dropped: 9802 });
  expect(counts.at(-1)).not.toHaveProperty('event');
});

test('one request at a time publishes the counts; if it never does, another one may', () => {
  const census = new Census();
  expect(census.isDue(0, 10)).toBe(false);
  census.add('a', filtered('x'), 0);
  expect([census.isDue(0, 10), census.isDue(5, 10), census.isDue(60_010, 10)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(census.isDue(60_011, 10)).toBe(true);
  census.take();
  census.add('a', filtered('x'), 60_012);
  expect(census.isDue(60_012, 10)).toBe(true);
});
