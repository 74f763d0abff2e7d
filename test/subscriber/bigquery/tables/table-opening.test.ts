import { describe, expect, it } from 'vitest';
import { within } from '../../../../subscriber/bigquery/tables/table-opening.ts';

describe('within', () => {
  it('resolves or rejects as the work does', async () => {
    expect(await within(60_000, Promise.resolve(7))).toBe(7);
    await expect(within(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('rejects when the work never ends', async () => {
    await expect(within(1, new Promise(() => {}))).rejects.toThrow('no answer');
  });
});
