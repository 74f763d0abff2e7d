import { expect, it } from 'vitest';
import { drained, type Work } from '../../../subscriber/pull/drain.ts';

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

/** Work of which each look sees the next state; the last one stays. Independent of how long a look takes. */
function seen(states: Pick<Work, 'taken' | 'acked' | 'inHand'>[]) {
  let looks = 0;
  const state = () => states[Math.min(looks, states.length - 1)] ?? states[0];
  const work: Work = {
    // Read first at each look.
    get taken() {
      looks++;
      return state()?.taken ?? 0;
    },
    get acked() {
      return state()?.acked ?? 0;
    },
    get inHand() {
      return state()?.inHand ?? 0;
    },
    givenBack: 0,
  };
  return { work, looks: () => looks };
}

const manyLooks = 12;
const upTo = Array.from({ length: manyLooks }, (_, n) => n);

it('is not empty while messages keep coming, though all that came is acked', async () => {
  const { work, looks } = seen(upTo.map((n) => ({ taken: n, acked: n, inHand: 0 })));
  const options = { quietMs: 60, restMs: 60, patienceMs: 60_000, signal };
  expect(await drained(work, options)).toBe('empty');
  expect(looks()).toBeGreaterThanOrEqual(manyLooks);
});

it('is not empty while something is in hand, however long nothing comes', async () => {
  const inHand = upTo.map(() => ({ taken: 5, acked: 4, inHand: 1 }));
  const { work, looks } = seen([...inHand, { taken: 5, acked: 5, inHand: 0 }]);
  const options = { quietMs: 60, restMs: 60, patienceMs: 60_000, signal };
  expect(await drained(work, options)).toBe('empty');
  expect(looks()).toBeGreaterThanOrEqual(manyLooks);
});

it('is not stuck while something gets acked, though it is never idle', async () => {
  const busy = upTo.map((n) => ({ taken: 100, acked: n, inHand: 1 }));
  const { work } = seen([...busy, { taken: 100, acked: 100, inHand: 0 }]);
  const options = { quietMs: 60, restMs: 60, patienceMs: 150, signal };
  expect(await drained(work, options)).toBe('empty');
});

it('is not stuck while there is nothing to do', async () => {
  const work = { taken: 5, acked: 5, givenBack: 0, inHand: 0 };
  const options = { quietMs: 500, restMs: 60, patienceMs: 150, signal };
  expect(await drained(work, options)).toBe('empty');
});

it('is stuck when what is in hand is never acked', async () => {
  const work = { taken: 5, acked: 4, givenBack: 0, inHand: 1 };
  const options = { quietMs: 60, restMs: 60, patienceMs: 150, signal };
  expect(await drained(work, options)).toBe('stuck');
});
