import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineRelay } from '../../shared/config.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { type Subscriber, startSubscriber } from '../../subscriber/main.ts';
import { pullLimits } from '../../subscriber/subscription.ts';
import { SubscriberBed } from './subscriber-bed.ts';

const frozen = ['frozen_1', 'frozen_2', 'frozen_3', 'frozen_4'];
const stream = (name: string) => [name, segmentstream({ table: `shop.${name}` })] as const;

const relay = defineRelay({
  project: 'test-project',
  streams: Object.fromEntries([...frozen, 'sound'].map(stream)),
});

/** With what the others have published, more than the pull may have out of any three of them. */
const eachFrozen = 4000;

describe('several tables in trouble at once', { timeout: 180_000 }, () => {
  let bed: SubscriberBed;
  let subscriber: Subscriber;

  beforeAll(async () => {
    bed = await SubscriberBed.start();
    Object.assign(process.env, bed.environment);
    const settings = { relay, log: () => {}, appendTimeoutMs: 2000 };
    subscriber = await startSubscriber(process.env, () => {}, settings);
  });

  afterAll(async () => {
    await subscriber.stop();
    await bed.stop();
  });

  it('do not delay the one that is sound, and each has its rows once it is back', async () => {
    bed.bigqueryFaults.add({ name: 'append.frozen', on: '/tables/frozen', times: 'always' });
    const published = new Map<string, string[]>();
    for (const name of frozen) published.set(name, await bed.publish(name, eachFrozen));
    // All of these stand behind more of the frozen tables' rows than may be out at once.
    published.set('sound', await bed.publish('sound', 100));
    const written = async (name: string) => (await bed.counts(name)).size;
    await expect.poll(() => written('sound'), { timeout: 60_000, interval: 100 }).toBe(100);
    for (let round = 1; round <= 5; round++) {
      published.get('sound')?.push(...(await bed.publish('sound', 10)));
      await expect
        .poll(() => written('sound'), { timeout: 20_000, interval: 50 })
        .toBe(100 + 10 * round);
    }
    for (const name of frozen) expect(await written(name)).toBe(0);
    expect(subscriber.inHand).toBeLessThanOrEqual(pullLimits.messages * 1.1);

    bed.bigqueryFaults.clear();
    for (const [name, ids] of published) {
      await expect.poll(() => written(name), { timeout: 120_000, interval: 200 }).toBe(ids.length);
      const counts = await bed.counts(name);
      expect(new Set(counts.keys())).toEqual(new Set(ids));
      // What was given back although it was sent is recognised when it comes again.
      expect(new Set(counts.values())).toEqual(new Set([1]));
    }
    await expect.poll(() => subscriber.inHand, { timeout: 60_000 }).toBe(0);
    expect(subscriber.rowsWritten).toBe(150 + frozen.length * eachFrozen);
  });
});
