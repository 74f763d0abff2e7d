import { expect, it } from 'vitest';
import { runPaced } from '../../../cli/deliveries/paced.ts';

/** A clock that jumps to the end of each pause. */
function jumpingClock() {
  let time = 1000;
  return {
    now: () => time,
    sleep: async (ms: number) => {
      time += ms;
    },
  };
}

it('begins each at its time, however long the others take', async () => {
  const clock = jumpingClock();
  const begun: number[] = [];
  await runPaced(
    5,
    async () => {
      begun.push(clock.now() - 1000);
    },
    { perSecond: 4, atOnce: 1, clock },
  );
  expect(begun).toEqual([0, 250, 500, 750, 1000]);
});

it('catches up after a slow one', async () => {
  const clock = jumpingClock();
  const begun: number[] = [];
  await runPaced(
    4,
    async (n) => {
      begun.push(clock.now() - 1000);
      if (n === 0) await clock.sleep(600);
    },
    { perSecond: 4, atOnce: 1, clock },
  );
  expect(begun).toEqual([0, 600, 600, 750]);
});

it('runs as many at once as it may, without a rate', async () => {
  const ends = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  const done = runPaced(
    10,
    async () => {
      most = Math.max(most, ++running);
      if (running === 3) ends.resolve();
      await ends.promise;
      running--;
    },
    { atOnce: 3 },
  );
  await done;
  expect(most).toBe(3);
});

it('begins no other after a failure, and throws it', async () => {
  let begun = 0;
  const failing = async () => {
    begun++;
    throw new Error('no answer');
  };
  await expect(runPaced(10, failing, { atOnce: 1 })).rejects.toThrow('no answer');
  expect(begun).toBe(1);
});
