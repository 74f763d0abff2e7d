import { describe, expect, it } from 'vitest';
import { RowBatches } from '../../../subscriber/rows/row-batches.ts';

const item = (name: string, bytes = 1) => ({ name, bytes: new Uint8Array(bytes) });
const names = (items: readonly { name: string }[] | undefined) => items?.map(({ name }) => name);

function batches(...items: string[]) {
  const rows = new RowBatches<ReturnType<typeof item>>({ rows: 2, bytes: 100, lingerMs: 0 });
  for (const name of items) rows.add(item(name));
  return rows;
}

describe('RowBatches', () => {
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
