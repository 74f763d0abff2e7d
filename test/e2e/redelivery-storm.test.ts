import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StreamName, type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';
import { relay } from '../beds/subscriber-process.ts';

const storms = 4;
const streams: StreamName[] = ['plain', 'keyed'];

describe('storms of redelivery over two replicas', { timeout: 180_000 }, () => {
  let bed: SubscriberBed;

  beforeAll(async () => {
    bed = await startSubscriberBed();
    await bed.pubsub.createTopic(relay.topic);
    await bed.pubsub.createSubscription(relay.topic, relay.subscription);
  });

  afterAll(() => bed.stop());

  async function startReplicas() {
    const replicas = [bed.spawn(), bed.spawn()];
    const areReady = () =>
      replicas.every(({ output }) => output.includes('the subscriber is ready'));
    await expect.poll(areReady, { timeout: 60_000 }).toBe(true);
    return async () => {
      const codes = await Promise.all(replicas.map((replica) => replica.kill('SIGTERM')));
      expect(codes).toEqual([0, 0]);
    };
  }

  it('lose nothing; a row is written again only if it was in hand, and with a key never', async () => {
    const accepted = { plain: new Set<string>(), keyed: new Set<string>() };
    const publish = async (count: number) => {
      for (const stream of streams) {
        for (const id of await bed.publish(stream, count)) accepted[stream].add(id);
      }
    };
    const areWritten = async () => {
      for (const stream of streams) {
        await expect
          .poll(async () => (await bed.counts(stream)).size, { timeout: 60_000, interval: 100 })
          .toBe(accepted[stream].size);
      }
    };
    const stop = await startReplicas();
    await publish(200);
    await areWritten();
    // A stop ends with the answers to all acks.
    await stop();
    const settled = new Set(accepted.plain);
    const stopAgain = await startReplicas();
    for (let storm = 0; storm < storms; storm++) {
      await publish(100);
      bed.pubsubFaults.add({ name: storm % 2 === 0 ? 'leases.redeliver' : 'leases.expire' });
    }
    await areWritten();
    await stopAgain();
    const plain = await bed.counts('plain');
    expect([...plain].filter(([id, times]) => times > 1 && settled.has(id))).toEqual([]);
    expect(Math.max(...plain.values())).toBeLessThanOrEqual(1 + storms);
    expect(await bed.countUnique('plain')).toBe(accepted.plain.size);
    expect(new Set((await bed.counts('keyed')).values())).toEqual(new Set([1]));
  });
});
