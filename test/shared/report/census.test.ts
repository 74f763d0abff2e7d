import { expect, test } from 'vitest';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import { censusTable, readCount, writeCount } from '../../../shared/report/census.ts';

const count = {
  stream: 'shop',
  event: 'page_view',
  cause: 'event-filter',
  dropped: 3,
  firstAt: Date.parse('2026-11-21T08:00:00.000Z'),
  lastAt: Date.parse('2026-11-21T08:00:09.000Z'),
};
const encoder = new TextEncoder();

test('a count becomes a row', () => {
  expect(readCount('id-1', writeCount(count))).toEqual({
    stream: 'shop',
    event_name: 'page_view',
    cause: 'event-filter',
    dropped: 3n,
    first_at: '2026-11-21T08:00:00.000Z',
    last_at: '2026-11-21T08:00:09.000Z',
    census_id: 'id-1',
  });
  const { event: _, ...unnamed } = count;
  expect(readCount('id-1', writeCount(unnamed))).toMatchObject({ event_name: null });
});

test.each([
  'nonsense',
  'null',
  '[]',
  '{}',
  JSON.stringify({ ...count, dropped: '3' }),
  JSON.stringify({ ...count, dropped: 1.5 }),
  JSON.stringify({ ...count, lastAt: 8.64e15 + 1 }),
  JSON.stringify({ ...count, stream: 1 }),
])('%s is no count', (body) => {
  expect(readCount('id-1', encoder.encode(body))).toBeUndefined();
});

test('the table stands beside the dead letters', () => {
  const relay = defineRelay({ project: 'my-project', deadLetters: 'ops.dead', streams: {} });
  expect(censusTable(relay)).toBe('ops.census');
});
