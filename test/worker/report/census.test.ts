import { expect, test } from 'vitest';
import { generic } from '../../../shared/sources/generic.ts';
import { Census } from '../../../worker/report/census.ts';
import { openEdge, signed } from '../../beds/workerd/edge.ts';

const filtered = (...names: string[]) => ({ cause: 'event-filter', names }) as const;

test('dropped events are counted by name and published without payloads', async () => {
  const edge = openEdge({ now: () => 1_000_000, reportEveryMs: 1 });
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
  const edge = openEdge({
    streams: { list },
    now: () => 5,
    env: { LIST_KEY: 'key' },
    reportEveryMs: 1,
  });
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
  const edge = openEdge({
    streams: { list },
    now: () => 5,
    env: { LIST_KEY: 'key' },
    reportEveryMs: 1,
  });
  for (const types of [['kept', 'noise'], ['noise', 'kept'], ['noise'], ['kept']]) {
    const body = JSON.stringify(types.map((type) => ({ type })));
    expect((await edge.send('/list/key', { body })).ok).toBe(true);
  }
  const counts = (await edge.census()) as { event?: string; dropped: number }[];
  expect(new Set(counts.map(({ event }) => event))).toEqual(new Set(['noise']));
  expect(counts.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(3);
});

test('accepted, refused and malformed deliveries are not counted', async () => {
  const edge = openEdge({ reportEveryMs: 1 });
  await edge.send('/shop', await signed('{"event_name":"purchase"}'));
  await edge.send('/shop', { body: '{"event_name":"page_view"}' });
  await edge.send('/shop', await signed('nonsense'));
  expect(await edge.census()).toEqual([]);
});

test('counts grow until they are taken', () => {
  const census = new Census();
  census.add('a', filtered('x', 'y', 'x'), 5);
  census.add('a', filtered('x'), 9);
  census.add('b', { cause: 'ignored', names: [undefined] }, 9);
  expect(census.take()).toEqual([
    { stream: 'a', event: 'x', cause: 'event-filter', dropped: 3, firstAt: 5, lastAt: 9 },
    { stream: 'a', event: 'y', cause: 'event-filter', dropped: 1, firstAt: 5, lastAt: 5 },
    { stream: 'b', cause: 'ignored', dropped: 1, firstAt: 9, lastAt: 9 },
  ]);
  expect(census.take()).toEqual([]);
});

test('unlimited names take limited memory, and every event stays in the sum', () => {
  const census = new Census();
  for (let n = 0; n < 10_000; n++) census.add('a', filtered(`name ${n}`), 1);
  census.add('a', filtered('x'.repeat(10_000_000), '\ud800'), 1);
  const counts = census.take();
  expect(counts.length).toBeLessThanOrEqual(201);
  expect(counts.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(10_002);
  expect(counts.find(({ event }) => event === undefined)).toMatchObject({ dropped: 9802 });
});
