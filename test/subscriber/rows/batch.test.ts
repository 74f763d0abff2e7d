import { describe, expect, it } from 'vitest';
import { placeRow } from '../../../subscriber/rows/batch.ts';

const limits = { rows: 3, bytes: 100, lingerMs: 50 };

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
    expect(placeRow(batch, bytes, limits)).toEqual({ closesBefore, closesAfter });
  });
});
