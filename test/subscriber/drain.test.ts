import { expect, it } from 'vitest';
import { drained } from '../../subscriber/drain.ts';

const { signal } = new AbortController();

it('a subscription is empty when nothing came for a while, and nothing is in hand', async () => {
  const work = { taken: 5, acked: 5, givenBack: 0, inHand: 0 };
  const options = { quietMs: 60, restMs: 60_000, patienceMs: 60_000, signal };
  expect(await drained(work, options)).toBe('empty');
});

it('what was given back rests in Pub/Sub: without it, the subscription is not empty', async () => {
  const work = { taken: 5, acked: 4, givenBack: 0, inHand: 1 };
  const options = { quietMs: 60, restMs: 1000, patienceMs: 60_000, signal };
  let end: string | undefined;
  const ended = drained(work, options).then((how) => {
    end = how;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  Object.assign(work, { givenBack: 1, inHand: 0 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(end).toBeUndefined();
  await ended;
  expect(end).toBe('empty');
});

it('a table that gives all back, time and again, is told as stuck', async () => {
  const work = { taken: 5, acked: 4, givenBack: 0, inHand: 0 };
  const circle = setInterval(() => work.givenBack++, 20);
  const options = { quietMs: 60, restMs: 200, patienceMs: 400, signal };
  expect(await drained(work, options)).toBe('stuck');
  clearInterval(circle);
});

it('ends when it is told to', async () => {
  const work = { taken: 5, acked: 4, givenBack: 0, inHand: 1 };
  const options = { quietMs: 60, restMs: 60, patienceMs: 60_000, signal: AbortSignal.timeout(100) };
  expect(await drained(work, options)).toBe('stopped');
});
