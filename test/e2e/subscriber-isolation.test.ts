import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../local/faults/faults.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import { pullLimits } from '../../subscriber/pull/subscription.ts';
import type { Subscriber } from '../../subscriber/service/modes.ts';
import { type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';

const troubled = ['troubled_1', 'troubled_2', 'troubled_3', 'troubled_4'];
const stream = (name: string) => [name, segmentstream({ table: `shop.${name}` })] as const;

const relay = defineRelay({
  project: 'test-project',
  streams: Object.fromEntries([...troubled, 'sound'].map(stream)),
});

const soundRounds = [100, 10, 10, 10, 10, 10];

/** Any three of them have more to write than the pull may have out. */
const eachTroubled = 4000;

describe('several tables in trouble at once', { timeout: 240_000 }, () => {
  let bed: SubscriberBed;
  let subscriber: Subscriber;
  const published = new Map<string, Set<string>>();

  beforeAll(async () => {
    bed = await startSubscriberBed();
    Object.assign(process.env, bed.environment);
    const settings = { relay, log: () => {}, appendTimeoutMs: 2000 };
    subscriber = await startSubscriber(process.env, () => {}, settings);
    for (const name of [...troubled, 'sound']) published.set(name, new Set());
  });

  afterAll(async () => {
    await subscriber.stop();
    await bed.stop();
  });

  async function publish(name: string, count: number): Promise<void> {
    for (const id of await bed.publish(name, count)) published.get(name)?.add(id);
  }

  async function everyRowIsThere(name: string): Promise<void> {
    const ids = published.get(name) ?? new Set();
    await expect
      .poll(async () => (await bed.counts(name)).size, { timeout: 120_000, interval: 100 })
      .toBe(ids.size);
    expect(new Set((await bed.counts(name)).keys())).toEqual(ids);
  }

  async function everyRowIsThereOnce(name: string): Promise<void> {
    await everyRowIsThere(name);
    expect(new Set((await bed.counts(name)).values())).toEqual(new Set([1]));
  }

  async function soundRowsFlow(): Promise<void> {
    // All of these stand behind more of the others' rows than may be out at once.
    for (const count of soundRounds) {
      await publish('sound', count);
      await everyRowIsThereOnce('sound');
    }
  }

  it.each<[string, Fault]>([
    ['frozen', { name: 'append.frozen' }],
    ['refused', { name: 'append.status', code: 'PERMISSION_DENIED' }],
    ['unavailable', { name: 'append.status', code: 'UNAVAILABLE' }],
  ])('%s: they delay no other, and have their rows once they are back', async (_, fault) => {
    const writtenBefore = subscriber.rowsWritten;
    bed.bigqueryFaults.add({ ...fault, on: '/tables/troubled', times: 'always' });
    for (const name of troubled) await publish(name, eachTroubled);
    await soundRowsFlow();
    expect(subscriber.rowsWritten).toBe(writtenBefore + 150);
    expect(subscriber.inFlight).toBeLessThanOrEqual(pullLimits.messages * 1.1);
    bed.bigqueryFaults.clear();
    // What was given back although it was sent is recognised when it comes again.
    for (const name of troubled) await everyRowIsThereOnce(name);
    await expect.poll(() => subscriber.inFlight, { timeout: 60_000 }).toBe(0);
    expect(subscriber.rowsWritten).toBe(writtenBefore + 150 + troubled.length * eachTroubled);
  });

  it('slow: they delay no other', async () => {
    // Of several appends on a connection each is answered in time once it is the first: none is sent again.
    const fault = { name: 'append.delayed-ack', ms: 800 } as const;
    bed.bigqueryFaults.add({ ...fault, on: '/tables/troubled', times: 'always' });
    for (const name of troubled) await publish(name, eachTroubled);
    const inFlight: number[] = [];
    for (const count of soundRounds) {
      // They are slow, and not stuck: what came first is written by and by.
      for (const name of troubled) await publish(name, 10);
      await publish('sound', count);
      await everyRowIsThereOnce('sound');
      inFlight.push(subscriber.inFlight);
    }
    expect(Math.max(...inFlight)).toBeGreaterThan(0);
    bed.bigqueryFaults.clear();
    for (const name of troubled) await everyRowIsThereOnce(name);
    await expect.poll(() => subscriber.inFlight, { timeout: 60_000 }).toBe(0);
  });
});
