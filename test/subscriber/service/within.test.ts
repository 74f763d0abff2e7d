import { describe, expect, it } from 'vitest';
import { within } from '../../../subscriber/service/within.ts';

describe('within', () => {
  it('gives what the work gives', async () => {
    expect(await within(60_000, Promise.resolve(7))).toBe(7);
    await expect(within(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('gives up work that never ends', async () => {
    await expect(within(1, new Promise(() => {}))).rejects.toThrow('no answer');
  });
});
