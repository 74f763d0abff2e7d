import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';
import { relay } from '../beds/subscriber-process.ts';

const runs = 20;

async function ready(subscriber: { output: string }): Promise<void> {
  await expect
    .poll(() => subscriber.output.includes('the subscriber is ready'), { timeout: 30_000 })
    .toBe(true);
}

describe('SIGKILL', { timeout: 300_000 }, () => {
  let bed: SubscriberBed;

  beforeAll(async () => {
    bed = await startSubscriberBed();
    await bed.pubsub.createTopic(relay.topic);
    await bed.pubsub.createSubscription(relay.topic, relay.subscription);
  });

  afterAll(() => bed.stop());

  it(`at random points of ${runs} runs loses nothing, and doubles nothing that has a key`, async () => {
    const accepted = { plain: new Set<string>(), keyed: new Set<string>() };
    const publish = async (stream: 'plain' | 'keyed') => {
      for (const id of await bed.publish(stream, 300)) accepted[stream].add(id);
    };
    for (let run = 0; run < runs; run++) {
      const subscriber = bed.spawn();
      await Promise.all([publish('plain'), publish('keyed')]);
      await ready(subscriber);
      // From before the first message to after the last ack.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      await subscriber.kill('SIGKILL');
      // What was leased comes again now, not when the lease is over.
      bed.pubsubFaults.add({ name: 'leases.expire' });
    }
    const last = bed.spawn();
    // Everything may be written already; a signal in the middle of its start would end it at once.
    await ready(last);
    for (const stream of ['plain', 'keyed'] as const) {
      await expect
        .poll(async () => (await bed.counts(stream)).size, { timeout: 60_000, interval: 200 })
        .toBe(accepted[stream].size);
      const counts = await bed.counts(stream);
      expect(new Set(counts.keys())).toEqual(accepted[stream]);
      if (stream === 'keyed') expect(new Set(counts.values())).toEqual(new Set([1]));
    }
    expect(await last.kill('SIGTERM')).toBe(0);
    expect(await bed.countUnique('plain')).toBe(accepted.plain.size);
  });
});
