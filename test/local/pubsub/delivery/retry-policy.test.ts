import { expect, test } from 'vitest';
import { backoffMs } from '../../../../local/pubsub/delivery/retry-policy.ts';

test('the backoff doubles with each attempt, from the minimum to the maximum', () => {
  const policy = { minimumMs: 1000, maximumMs: 600_000 };
  const backoffs = Array.from({ length: 12 }, (_, index) => backoffMs(policy, index + 1) / 1000);
  expect(backoffs).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
  expect(backoffMs(policy, 5000)).toBe(600_000);
  expect(backoffMs({ minimumMs: 0, maximumMs: 0 }, 20)).toBe(0);
});
