import { expect, it } from 'vitest';
import { Retry } from '../../subscriber/retry.ts';

const random = () => 0;

it('counts the first try, too', async () => {
  const retry = new Retry({ maxTries: 3, random });
  expect(await retry.next('transient')).toBe(true);
  expect(await retry.next('transient')).toBe(true);
  expect(await retry.next('transient')).toBe(false);
});

it('has no limit without one in the policy', async () => {
  const retry = new Retry({ random });
  for (let tries = 0; tries < 100; tries++) expect(await retry.next('throttled')).toBe(true);
});

it('does not begin a wait that would exceed the limit', async () => {
  const policy = { maxElapsedMs: 10_000, maxSetupElapsedMs: 50, random };
  const waits: number[] = [];
  const onWait = (waitMs: number) => waits.push(waitMs);
  expect(await new Retry(policy).next('transient', { afterMs: 10_001, onWait })).toBe(false);
  expect(await new Retry(policy).next('setup', { afterMs: 51, onWait })).toBe(false);
  expect(await new Retry(policy).next('transient', { afterMs: 51, onWait })).toBe(true);
  expect(waits).toEqual([51]);
});

it('waits longer after each failure', async () => {
  const waits: number[] = [];
  const retry = new Retry({ maxTries: 4, random: () => 0.01 });
  while (await retry.next('transient', { onWait: (waitMs) => waits.push(waitMs) }));
  expect(waits).toEqual([1, 2, 4]);
});

it('throws the reason of the signal, before and during a wait', async () => {
  const stop = new AbortController();
  const retry = new Retry({}, stop.signal);
  const waiting = retry.next('transient', { afterMs: 60_000 });
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  await expect(retry.next('transient')).rejects.toThrow('stopped');
});
