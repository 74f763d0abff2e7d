import { expect, it } from 'vitest';
import { IdTable } from '../../../history/table/id-table.ts';

it('holds a number for each id, and no other', () => {
  const ids = new IdTable();
  for (let n = 1; n <= 20_000; n++) ids.set(`evt_${n}`, n);
  expect(ids.size).toBe(20_000);
  for (let n = 1; n <= 20_000; n++) {
    if (ids.get(`evt_${n}`) !== n) throw new Error(`evt_${n} has ${ids.get(`evt_${n}`)}`);
  }
  for (let n = 20_001; n <= 40_000; n++) {
    if (ids.get(`evt_${n}`) !== 0) throw new Error(`evt_${n} was never set`);
  }
});

it('replaces the number of an id', () => {
  const ids = new IdTable();
  ids.set('a', 1);
  ids.set('a', 0xffff_ffff);
  expect([ids.get('a'), ids.size]).toEqual([0xffff_ffff, 1]);
});

it('finds an id without a bit', () => {
  const ids = new IdTable();
  expect(ids.hasIdWithout(2)).toBe(false);
  ids.set('a', 3);
  ids.set('b', 2);
  expect(ids.hasIdWithout(2)).toBe(false);
  expect(ids.hasIdWithout(1)).toBe(true);
  expect(ids.hasIdWithout(0x8000_0000)).toBe(true);
});

it('is empty after clear', () => {
  const ids = new IdTable();
  ids.set('a', 1);
  ids.clear();
  expect([ids.get('a'), ids.size]).toEqual([0, 0]);
  ids.set('b', 2);
  expect([ids.get('a'), ids.get('b'), ids.size]).toEqual([0, 2, 1]);
});
