import { expect, test } from 'vitest';
import { restMs } from '../../../../local/pubsub/delivery/retry-policy.ts';

test('a rest doubles with each return, from the minimum up to the maximum', () => {
  const policy = { minimumMs: 1000, maximumMs: 600_000 };
  const rests = Array.from({ length: 12 }, (_, index) => restMs(policy, index + 1) / 1000);
  expect(rests).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
  expect(restMs(policy, 5000)).toBe(600_000);
  expect(restMs({ minimumMs: 0, maximumMs: 0 }, 20)).toBe(0);
});
