import { describe, expect, it } from 'vitest';
import { Batches, placeRow } from '../../../subscriber/rows/batches.ts';

const item = (name: string, bytes = 1) => ({ name, bytes: new Uint8Array(bytes) });
const names = (items: readonly { name: string }[] | undefined) => items?.map(({ name }) => name);

function batches(...items: string[]) {
  const rows = new Batches<ReturnType<typeof item>>({ rows: 2, bytes: 100, lingerMs: 0 });
  for (const name of items) rows.add(item(name));
  return rows;
}

describe('Batches', () => {
  it('gives full batches in order, and the open one only when it is due', () => {
    const rows = batches('a', 'b', 'c', 'd', 'e');
    expect(rows.oldest?.name).toBe('a');
    expect(names(rows.take(false))).toEqual(['a', 'b']);
    expect(names(rows.take(false))).toEqual(['c', 'd']);
    expect(rows.take(false)).toBeUndefined();
    expect(rows.oldest?.name).toBe('e');
    expect(names(rows.take(true))).toEqual(['e']);
    expect(rows.take(true)).toBeUndefined();
    expect(rows.oldest).toBeUndefined();
  });

  it('says when a batch has become full, by rows or by bytes', () => {
    const rows = batches();
    expect(rows.add(item('a', 60))).toBe(false);
    expect(rows.add(item('b', 60))).toBe(true);
    expect(rows.openRows).toBe(1);
    expect(rows.add(item('c', 1))).toBe(true);
    expect(rows.openRows).toBe(0);
  });

  it('gives everything out at once, in order, and begins anew', () => {
    const rows = batches('a', 'b', 'c');
    expect(names(rows.takeAll())).toEqual(['a', 'b', 'c']);
    expect(rows.takeAll()).toEqual([]);
    rows.add(item('d'));
    expect(rows.oldest?.name).toBe('d');
    expect(names(rows.take(true))).toEqual(['d']);
  });
});

const placeLimits = { rows: 3, bytes: 100, lingerMs: 50 };

describe('placeRow', () => {
  it.each([
    ['the first of many', { rows: 0, bytes: 0 }, 10, false, false],
    ['one that fits', { rows: 1, bytes: 10 }, 89, false, false],
    ['one that fills the bytes to the last', { rows: 1, bytes: 10 }, 90, false, true],
    ['one that would carry it over its bytes', { rows: 1, bytes: 10 }, 91, true, false],
    ['the last that the rows allow', { rows: 2, bytes: 10 }, 1, false, true],
    ['one that is larger than any batch, alone', { rows: 0, bytes: 0 }, 500, false, true],
    ['one that is larger than any batch, after others', { rows: 1, bytes: 10 }, 500, true, true],
  ])('%s', (_, batch, bytes, closesBefore, closesAfter) => {
    expect(placeRow(batch, bytes, placeLimits)).toEqual({ closesBefore, closesAfter });
  });
});
