import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../local/faults/faults.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import type { Subscriber } from '../../subscriber/service/modes.ts';
import { type StreamName, type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';
import { relay } from '../beds/subscriber-process.ts';

// Whatever goes wrong between the subscriber and Google's services: what was accepted is what is in the
// tables, by id. A table with a key holds each once; one without a key may hold some twice, and its view
// each once.

describe('faults of BigQuery and Pub/Sub', { timeout: 120_000 }, () => {
  let bed: SubscriberBed;
  let subscriber: Subscriber;
  const accepted: Record<StreamName, Set<string>> = { plain: new Set(), keyed: new Set() };

  beforeAll(async () => {
    bed = await startSubscriberBed();
    Object.assign(process.env, bed.environment);
    const settings = { relay, log: () => {}, appendTimeoutMs: 1500 };
    subscriber = await startSubscriber(process.env, () => {}, settings);
  });

  afterAll(async () => {
    await subscriber.stop();
    await bed.stop();
  });

  async function send(count: number, body?: (n: number) => string): Promise<void> {
    for (const stream of ['plain', 'keyed'] as const) {
      for (const id of await bed.publish(stream, count, body)) accepted[stream].add(id);
    }
  }

  async function everyRowIsThere(): Promise<void> {
    for (const stream of ['plain', 'keyed'] as const) {
      await expect
        .poll(async () => (await bed.counts(stream)).size, { timeout: 60_000, interval: 100 })
        .toBe(accepted[stream].size);
      const counts = await bed.counts(stream);
      expect(new Set(counts.keys())).toEqual(accepted[stream]);
      if (stream === 'keyed') expect(new Set(counts.values())).toEqual(new Set([1]));
    }
    const unique = await bed.countUnique('plain');
    expect(unique).toBe(accepted.plain.size);
    await expect.poll(() => subscriber.inFlight, { timeout: 60_000 }).toBe(0);
  }

  it.each<[string, Fault[]]>([
    ['the answer to an append is lost', [{ name: 'append.lost-ack', times: 3 }]],
    ['an answer comes late', [{ name: 'append.delayed-ack', ms: 700 }]],
    ['an answer comes later than the time for it', [{ name: 'append.delayed-ack', ms: 4000 }]],
    ['the stream ends with OK', [{ name: 'append.stream-end', times: 2 }]],
    ['… after the rows were stored', [{ name: 'append.stream-end', stored: true, times: 2 }]],
    ['the stream ends with ABORTED', [{ name: 'append.status', code: 'ABORTED', times: 2 }]],
    ['the stream ends with UNAVAILABLE', [{ name: 'append.status', times: 3 }]],
    [
      'BigQuery throttles, in an answer',
      [{ name: 'append.status', code: 'RESOURCE_EXHAUSTED', inBand: true, times: 2 }],
    ],
    ['INTERNAL', [{ name: 'append.status', code: 'INTERNAL', times: 2 }]],
    [
      'INTERNAL, and the rows were stored',
      [{ name: 'append.status', code: 'INTERNAL', stored: true }],
    ],
    ['the peer freezes', [{ name: 'append.frozen', times: 2 }]],
    ['the peer freezes after it stored', [{ name: 'append.frozen', stored: true }]],
    ['an idle connection is closed', [{ name: 'append.idle-close', ms: 50 }]],
    ['every connection is reset', [{ name: 'streams.reset', code: 'UNAVAILABLE' }]],
    ['a table is not found', [{ name: 'append.status', code: 'NOT_FOUND', times: 3 }]],
    ['a table is denied', [{ name: 'append.status', code: 'PERMISSION_DENIED', times: 3 }]],
    ['the schema changes with appends in flight', [{ name: 'append.updated-schema', times: 3 }]],
    ['the schema lags', [{ name: 'append.extra-fields', times: 3 }]],
  ])('BigQuery: %s', async (_, faults) => {
    for (const fault of faults) bed.bigqueryFaults.add(fault);
    for (let burst = 0; burst < 4; burst++) {
      await send(100);
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    await everyRowIsThere();
    expect(bed.bigqueryFaults.list().every(({ struck }) => struck > 0)).toBe(true);
    bed.bigqueryFaults.clear();
  });

  it.each<[string, boolean]>([
    ['with their indexes', true],
    ['and none is named', false],
  ])('BigQuery refuses rows, %s: they are dead letters, the others rows', async (name, named) => {
    const mark = `refused-${named}`;
    // Not those of the dead letters, which have the same body.
    const on = '/datasets/shop/';
    bed.bigqueryFaults.add({ name: 'append.bad-row', on, contains: mark, named });
    const bad = new Set<string>();
    for (const stream of ['plain', 'keyed'] as const) {
      const ids = await bed.publish(stream, 200, (n) =>
        n % 50 === 7 ? `{"id":"${mark}"}` : '{"id":"good"}',
      );
      for (const [n, id] of ids.entries()) (n % 50 === 7 ? bad : accepted[stream]).add(id);
    }
    await everyRowIsThere();
    const dead = await bed.deadLetters(mark);
    expect({ name, dead: new Set(dead) }).toEqual({ name, dead: bad });
    bed.bigqueryFaults.clear();
  });

  it.each<[string, Fault[], Fault[]]>([
    ['delivers batches twice', [{ name: 'deliver.twice', times: 4 }], []],
    ['delivers out of order', [{ name: 'deliver.out-of-order', times: 4 }], []],
    ['delivers all again, at once', [], [{ name: 'leases.redeliver' }]],
    ['lets every lease expire', [], [{ name: 'leases.expire' }]],
    ['resets the streams', [], [{ name: 'streams.reset', code: 'UNAVAILABLE' }]],
    ['loses acks', [{ name: 'ack.lost', times: 2 }], [{ name: 'leases.expire' }]],
    ['loses the answers to acks', [{ name: 'ack.lost-answer', times: 2 }], []],
    ['fails acks', [{ name: 'ack.status', times: 2 }], []],
  ])('Pub/Sub %s', async (_, before, meanwhile) => {
    for (const fault of before) bed.pubsubFaults.add(fault);
    for (let burst = 0; burst < 4; burst++) {
      await send(200);
      for (const fault of meanwhile) bed.pubsubFaults.add(fault);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await everyRowIsThere();
    expect(bed.pubsubFaults.list().every(({ struck }) => struck > 0)).toBe(true);
    bed.pubsubFaults.clear();
  });
});
