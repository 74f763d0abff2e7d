import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSubscriber } from '../../subscriber/main.ts';
import { pullLimits } from '../../subscriber/pull/subscription.ts';
import type { Subscriber } from '../../subscriber/service/modes.ts';
import { type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';
import { relay } from '../beds/subscriber-process.ts';
import { SimulatedClock } from './simulated-clock.ts';

const minute = 60_000;
/** Large bodies close the pull with few messages, whose leases can be extended for an hour in seconds. */
const bodyBytes = 200_000;
const backlog = Math.ceil((2 * pullLimits.bytes) / bodyBytes);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function heapBytes(): Promise<number> {
  // The memory of a buffer is given back after the collection that has found it dead.
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    await turn();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Resolves once the number has not changed for a second. */
async function untilSteady(read: () => number): Promise<void> {
  for (let before = -1; before !== read(); ) {
    before = read();
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

describe('BigQuery is down for an hour', { timeout: 300_000 }, () => {
  let clock: SimulatedClock;
  let bed: SubscriberBed;
  let subscriber: Subscriber;

  beforeAll(async () => {
    clock = SimulatedClock.start();
    bed = await startSubscriberBed();
    Object.assign(process.env, bed.environment);
    subscriber = await startSubscriber(process.env, () => {}, { relay, log: () => {} });
  });

  afterAll(async () => {
    const stopped = subscriber.stop().then(() => bed.stop());
    await clock.advance(minute);
    await stopped;
    clock.stop();
  });

  it('the pull closes, leases go on, nothing goes round; then every row is there, once', async () => {
    const before = await bed.publish('plain', 20);
    await expect.poll(async () => (await bed.counts('plain')).size, { timeout: 20_000 }).toBe(20);

    await bed.stopBigQuery();
    const body = (n: number) => `${n}`.padEnd(bodyBytes, 'x');
    const meanwhile = await bed.publish('plain', backlog, body);
    await untilSteady(() => subscriber.pulled);
    // Long enough for all that would open a stream again, which would bring as much again.
    await clock.advance(35 * minute);
    const { pulled, inFlight } = subscriber;
    expect(inFlight).toBeGreaterThan(100);
    expect(inFlight).toBeLessThan(meanwhile.length);
    const heap = await heapBytes();

    await clock.advance(60 * minute);
    // No lease has ended, and nothing was given back: what is in hand is what was.
    expect([subscriber.pulled, subscriber.inFlight, subscriber.nacked]).toEqual([
      pulled,
      inFlight,
      0,
    ]);
    // Requests to BigQuery that fail come and go, up to 8 MB each.
    expect((await heapBytes()) - heap).toBeLessThan(1.5 * pullLimits.bytes);

    await bed.restartBigQuery();
    // What has to connect again does so before long; then the clock goes with the real one.
    for (let waited = 0; waited < 60 && subscriber.acked === before.length; waited++) {
      await clock.advance(1000);
    }
    const published = [...before, ...meanwhile];
    const written = async () => (await bed.counts('plain')).size;
    await expect.poll(written, { timeout: 60_000, interval: 200 }).toBe(published.length);
    await expect.poll(() => subscriber.inFlight, { timeout: 20_000 }).toBe(0);
    const counts = await bed.counts('plain');
    expect(new Set(counts.keys())).toEqual(new Set(published));
    expect(new Set(counts.values())).toEqual(new Set([1]));
    expect(subscriber.nacked).toBe(0);
    // Nothing has come twice, but for what a stream brought that was dropped unread.
    expect(subscriber.pulled - published.length).toBeLessThan(inFlight);
  });
});
