import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../local/faults/faults.ts';
import {
  type SubscriberBed,
  type SubscriberProcess,
  startSubscriberBed,
} from '../beds/subscriber-bed.ts';
import { relay } from '../beds/subscriber-process.ts';

const stops = 10;
const lastAcks: Fault[] = [
  { name: 'ack.status', code: 'INTERNAL' },
  { name: 'ack.status' },
  { name: 'ack.lost-answer' },
  { name: 'ack.delayed-answer', ms: 300 },
];

/** A subscriber that pulls while the one before it stops: what that one left behind comes here at once. */
async function startNext(bed: SubscriberBed): Promise<SubscriberProcess> {
  const subscriber = bed.spawn();
  await expect
    .poll(() => subscriber.output.includes('the subscriber is ready'), { timeout: 60_000 })
    .toBe(true);
  return subscriber;
}

describe('SIGTERM under load', { timeout: 300_000 }, () => {
  let bed: SubscriberBed;

  beforeAll(async () => {
    bed = await startSubscriberBed();
    await bed.pubsub.createTopic(relay.topic);
    await bed.pubsub.createSubscription(relay.topic, relay.subscription);
  });

  afterAll(() => bed.stop());

  it(`writes nothing twice to an append table in ${stops} stops`, async () => {
    const accepted = new Set<string>();
    let isPublishing = true;
    const publishing = (async () => {
      while (isPublishing) for (const id of await bed.publish('plain', 200)) accepted.add(id);
    })();
    let current = await startNext(bed);
    try {
      for (let stop = 0; stop < stops; stop++) {
        const next = await startNext(bed);
        // The last acks fail at first: those of a subscriber that does not ask for the answer would be lost.
        bed.pubsubFaults.add(...lastAcks);
        expect(await current.kill('SIGTERM')).toBe(0);
        current = next;
      }
    } finally {
      isPublishing = false;
      await publishing;
    }
    await expect
      .poll(async () => (await bed.counts('plain')).size, { timeout: 60_000, interval: 200 })
      .toBe(accepted.size);
    expect(await current.kill('SIGTERM')).toBe(0);
    const twice = [...(await bed.counts('plain'))].filter(([, times]) => times > 1);
    expect({ published: accepted.size > 0, twice }).toEqual({ published: true, twice: [] });
  });
});
