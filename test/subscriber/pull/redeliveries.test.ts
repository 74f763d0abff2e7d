import { describe, expect, it } from 'vitest';
import { RecentIds } from '../../../subscriber/pull/redeliveries.ts';

describe('RecentIds', () => {
  it('remembers at least its capacity, and forgets the oldest first', () => {
    const ids = new RecentIds(100);
    for (let n = 0; n < 1000; n++) {
      ids.add(`id-${n}`);
      for (let back = 0; back < Math.min(n + 1, 100); back++) {
        expect(ids.has(`id-${n - back}`)).toBe(true);
      }
    }
    expect(ids.has('id-0')).toBe(false);
    expect(ids.has('id-799')).toBe(false);
  });

  it('does not know what was never added', () => {
    expect(new RecentIds(1).has('id')).toBe(false);
  });
});
