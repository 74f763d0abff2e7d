import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Relay } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { generic } from '../../shared/sources/generic.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import type { Subscriber } from '../../subscriber/service/modes.ts';
import { select } from '../beds/relay-process.ts';
import { type SubscriberBed, startSubscriberBed } from '../beds/subscriber-bed.ts';

type Columns = NonNullable<Parameters<typeof generic>[0]['columns']>;

const columns: Columns = {
  delivery_id: { type: 'STRING', from: 'delivery:id' },
  received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
};
const withNote: Columns = { ...columns, note: { type: 'STRING', from: 'body:$.note' } };

/** A table without a key and one with, of the test's own. */
const relayOf = (test: string, own: Columns) =>
  defineRelay({
    project: 'test-project',
    streams: {
      [`events_${test}`]: generic({ table: `shop.events_${test}`, columns: own }),
      [`orders_${test}`]: generic({
        table: `shop.orders_${test}`,
        columns: own,
        key: ['delivery_id'],
      }),
    },
  });

const body = () => '{"note":"x"}';

describe('tables that change while rows flow', { timeout: 120_000 }, () => {
  let bed: SubscriberBed;
  let subscribers: Subscriber[] = [];
  const accepted = new Map<string, Set<string>>();

  beforeAll(async () => {
    bed = await startSubscriberBed();
    Object.assign(process.env, bed.environment);
  });

  afterEach(async () => {
    await Promise.all(subscribers.map((subscriber) => subscriber.stop()));
    bed.bigqueryFaults.clear();
    subscribers = [];
    accepted.clear();
  });

  afterAll(() => bed.stop());

  async function start(relay: Relay): Promise<Subscriber> {
    const subscriber = await startSubscriber(process.env, () => {}, { relay, log: () => {} });
    subscribers.push(subscriber);
    return subscriber;
  }

  async function publish(relay: Relay, count: number): Promise<void> {
    for (const stream of relay.streams.keys()) {
      const ids = accepted.get(stream) ?? new Set();
      accepted.set(stream, ids);
      for (const id of await bed.publish(stream, count, body)) ids.add(id);
    }
  }

  async function everyRowIsThere(): Promise<void> {
    for (const [stream, ids] of accepted) {
      const counts = () => bed.counts(stream, 'delivery_id');
      await expect
        .poll(async () => (await counts()).size, { timeout: 60_000, interval: 100 })
        .toBe(ids.size);
      const times = await counts();
      expect(new Set(times.keys())).toEqual(ids);
      if (stream.startsWith('orders')) expect(new Set(times.values())).toEqual(new Set([1]));
      else expect(await bed.countUnique(stream)).toBe(ids.size);
    }
  }

  it.each(['NOT_FOUND', 'PERMISSION_DENIED'] as const)(
    'a table that was just made answers %s for a while',
    async (code) => {
      bed.bigqueryFaults.add({ name: 'append.new-table', code, ms: 8000 });
      const relay = relayOf(code.toLowerCase(), columns);
      await start(relay);
      await publish(relay, 200);
      await everyRowIsThere();
      expect(bed.bigqueryFaults.list()[0]?.struck).toBeGreaterThan(0);
      expect(await bed.deadLetters('note')).toEqual([]);
    },
  );

  it('a new column comes with a new replica, while the service’s view of the schema lags', async () => {
    const relay = relayOf('growing', columns);
    const old = await start(relay);
    let isOver = false;
    const flow = (async () => {
      while (!isOver) await publish(relay, 50);
    })();
    await expect.poll(() => old.rowsWritten, { timeout: 30_000 }).toBeGreaterThan(500);

    // The new replica's first appends name a column that the service has not heard of.
    bed.bigqueryFaults.add({ name: 'append.extra-fields', times: 4 });
    const fresh = await start(relayOf('growing', withNote));
    const [oldBefore, freshBefore] = [old.rowsWritten, fresh.rowsWritten];
    await expect
      .poll(() => fresh.rowsWritten, { timeout: 30_000 })
      .toBeGreaterThan(freshBefore + 500);
    // The old one writes on, by its own columns, into the wider table.
    await expect.poll(() => old.rowsWritten, { timeout: 30_000 }).toBeGreaterThan(oldBefore);
    isOver = true;
    await flow;
    await everyRowIsThere();
    expect(bed.bigqueryFaults.list()[0]?.struck).toBe(4);

    await old.stop();
    const before = await notes();
    await publish(relay, 100);
    await everyRowIsThere();
    expect(await notes()).toBe(before + 200);
    expect(await bed.deadLetters('note')).toEqual([]);
  });

  async function notes(): Promise<number> {
    const tables = [...accepted.keys()].map((name) => `SELECT note FROM shop.${name}`);
    const query = tables.join(' UNION ALL ');
    const counted = `SELECT COUNT(*) AS n FROM (${query}) WHERE note = 'x'`;
    const [row] = await select<{ n: number }>(bed.bigquery, counted);
    return row?.n ?? 0;
  }
});
