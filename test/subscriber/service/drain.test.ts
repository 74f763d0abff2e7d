import { expect, it } from 'vitest';
import { drained, type MessageCounts } from '../../../subscriber/service/drain.ts';

const { signal } = new AbortController();

it('a subscription is empty when no message came for a while, and none is in flight', async () => {
  const work = { pulled: 5, acked: 5, nacked: 0, inFlight: 0 };
  const options = { idleMs: 60, maxBackoffMs: 60_000, stuckAfterMs: 60_000, signal };
  expect(await drained(work, options)).toBe('empty');
});

it('a nacked message is delayed by Pub/Sub: until it comes again, the subscription is not empty', async () => {
  const work = { pulled: 5, acked: 4, nacked: 0, inFlight: 1 };
  const options = { idleMs: 60, maxBackoffMs: 1000, stuckAfterMs: 60_000, signal };
  let end: string | undefined;
  const ended = drained(work, options).then((how) => {
    end = how;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  Object.assign(work, { nacked: 1, inFlight: 0 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(end).toBeUndefined();
  await ended;
  expect(end).toBe('empty');
});

it('a table whose messages are nacked again and again is stuck', async () => {
  const work = { pulled: 5, acked: 4, nacked: 0, inFlight: 0 };
  const circle = setInterval(() => work.nacked++, 20);
  const options = { idleMs: 60, maxBackoffMs: 200, stuckAfterMs: 400, signal };
  expect(await drained(work, options)).toBe('stuck');
  clearInterval(circle);
});

it('ends when the signal is given', async () => {
  const work = { pulled: 5, acked: 4, nacked: 0, inFlight: 1 };
  const options = {
    idleMs: 60,
    maxBackoffMs: 60,
    stuckAfterMs: 60_000,
    signal: AbortSignal.timeout(100),
  };
  expect(await drained(work, options)).toBe('stopped');
});

/** Work of which each look sees the next state; the last one stays. Independent of how long a look takes. */
function seen(states: Pick<MessageCounts, 'pulled' | 'acked' | 'inFlight'>[]) {
  let looks = 0;
  const state = () => states[Math.min(looks, states.length - 1)] ?? states[0];
  const work: MessageCounts = {
    // Read first at each look.
    get pulled() {
      looks++;
      return state()?.pulled ?? 0;
    },
    get acked() {
      return state()?.acked ?? 0;
    },
    get inFlight() {
      return state()?.inFlight ?? 0;
    },
    nacked: 0,
  };
  return { work, looks: () => looks };
}

const manyLooks = 12;
const upTo = Array.from({ length: manyLooks }, (_, n) => n);

it('is not empty while messages keep coming, although all of them are acked', async () => {
  const { work, looks } = seen(upTo.map((n) => ({ pulled: n, acked: n, inFlight: 0 })));
  const options = { idleMs: 60, maxBackoffMs: 60, stuckAfterMs: 60_000, signal };
  expect(await drained(work, options)).toBe('empty');
  expect(looks()).toBeGreaterThanOrEqual(manyLooks);
});

it('is not empty while a message is in flight, however long no other comes', async () => {
  const inFlight = upTo.map(() => ({ pulled: 5, acked: 4, inFlight: 1 }));
  const { work, looks } = seen([...inFlight, { pulled: 5, acked: 5, inFlight: 0 }]);
  const options = { idleMs: 60, maxBackoffMs: 60, stuckAfterMs: 60_000, signal };
  expect(await drained(work, options)).toBe('empty');
  expect(looks()).toBeGreaterThanOrEqual(manyLooks);
});

it('is not stuck while messages are acked, although it is never idle', async () => {
  const busy = upTo.map((n) => ({ pulled: 100, acked: n, inFlight: 1 }));
  const { work } = seen([...busy, { pulled: 100, acked: 100, inFlight: 0 }]);
  const options = { idleMs: 60, maxBackoffMs: 60, stuckAfterMs: 150, signal };
  expect(await drained(work, options)).toBe('empty');
});

it('is not stuck while there is nothing to do', async () => {
  const work = { pulled: 5, acked: 5, nacked: 0, inFlight: 0 };
  const options = { idleMs: 500, maxBackoffMs: 60, stuckAfterMs: 150, signal };
  expect(await drained(work, options)).toBe('empty');
});

it('is stuck when a message in flight is never acked', async () => {
  const work = { pulled: 5, acked: 4, nacked: 0, inFlight: 1 };
  const options = { idleMs: 60, maxBackoffMs: 60, stuckAfterMs: 150, signal };
  expect(await drained(work, options)).toBe('stuck');
});
