import { expect, test } from 'vitest';
import { backoffMs } from '../../../../subscriber/bigquery/append/backoff.ts';

test('the wait doubles up to a cap, and is a random part of that', () => {
  const longest = (tries: number) => backoffMs('transient', tries, () => 1);
  expect([0, 1, 2, 3].map(longest)).toStrictEqual([100, 200, 400, 800]);
  expect(longest(1000)).toBe(20_000);
  expect(backoffMs('transient', 1000, () => 0)).toBe(0);
  expect(backoffMs('transient', 3, () => 0.5)).toBe(400);
});

test('throttling waits longer than a passing failure', () => {
  for (const tries of [0, 5, 50]) {
    const wait = (reaction: 'throttled' | 'transient') => backoffMs(reaction, tries, () => 1);
    expect(wait('throttled')).toBeGreaterThan(wait('transient'));
  }
});

test('what must go on soon after an outage has a lower cap', () => {
  expect(backoffMs('transient', 1000, () => 1, 2000)).toBe(2000);
  expect(backoffMs('transient', 0, () => 1, 2000)).toBe(100);
});
