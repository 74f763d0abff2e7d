// What is kept, and when it goes: below the API, where time and disk can be seen.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Broker } from '../../../../local/pubsub/broker.ts';
import type { Consumer } from '../../../../local/pubsub/delivery/subscription.ts';
import { parseSubscriptionSettings } from '../../../../local/pubsub/settings.ts';
import { Store } from '../../../../local/pubsub/storage/store.ts';
import type { Delivery } from '../../../../local/pubsub/transport/encode-deliveries.ts';
import { until } from '../../../beds/pubsub-endpoint.ts';

const DAY_MS = 86_400_000;
const settings = parseSubscriptionSettings({});

let directory: string;
let broker: Broker;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pubsub-'));
  broker = new Broker(new Store(directory));
});

afterEach(async () => {
  broker.close();
  await rm(directory, { recursive: true });
});

function queue() {
  const topic = broker.createTopic('projects/p/topics/one', { labels: {} });
  const [first, second] = ['first', 'second'].map((id) =>
    broker.createSubscription(`projects/p/subscriptions/${id}`, topic, settings),
  );
  if (!first || !second) throw new Error('no subscriptions');
  return { topic, first, second };
}

/** Takes whatever comes. */
class Taker implements Consumer {
  readonly leaseMs = 600_000;
  readonly room = { messages: 10_000, bytes: 1e9 };
  readonly taken: Delivery[] = [];
  deliver(deliveries: readonly Delivery[]): void {
    this.taken.push(...deliveries);
  }
  released(): void {}
  fail(): void {}
}

const messages = (count: number) =>
  Array.from({ length: count }, (_, index) => Buffer.from([index]));

/** What a process that opens the file next finds. */
function rowsAfterClose(table: string): number {
  broker.close();
  const database = new DatabaseSync(join(directory, 'pubsub.sqlite'));
  const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
  database.close();
  broker = new Broker(new Store(directory));
  return Number(row?.['rows']);
}

test('a segment goes when every subscription has acked all of it, not before', async () => {
  const { topic, first, second } = queue();
  await broker.publish(topic, messages(5));
  const takers = [new Taker(), new Taker()] as const;
  first.attach(takers[0]);
  second.attach(takers[1]);
  await until(() => takers.every(({ taken }) => taken.length === 5));
  const [ofFirst, ofSecond] = takers.map(({ taken }) => taken.map(({ ackId }) => ackId));
  await first.acknowledge(ofFirst ?? []);
  await second.acknowledge((ofSecond ?? []).slice(0, 3));
  expect(rowsAfterClose('payloads')).toBe(1);
  await broker.subscription(second.name).acknowledge((ofSecond ?? []).slice(3));
  expect(rowsAfterClose('payloads')).toBe(0);
  expect(rowsAfterClose('segments')).toBe(0);
  expect(rowsAfterClose('progress')).toBe(0);
});

test('a message without a subscription is not kept', async () => {
  const topic = broker.createTopic('projects/p/topics/one', { labels: {} });
  expect(await broker.publish(topic, messages(3))).toHaveLength(3);
  expect(rowsAfterClose('payloads')).toBe(0);
});

test('a deleted subscription no longer holds what it had not acked', async () => {
  const { topic, first, second } = queue();
  await broker.publish(topic, messages(5));
  broker.deleteSubscription(first);
  expect(rowsAfterClose('payloads')).toBe(1);
  broker.deleteSubscription(broker.subscription(second.name));
  expect(rowsAfterClose('payloads')).toBe(0);
});

test('a message outlives its retention by nothing', async () => {
  const { topic, first, second } = queue();
  await broker.publish(topic, messages(5));
  first.expire(Date.now() + 6 * DAY_MS);
  second.expire(Date.now() + 8 * DAY_MS);
  await broker.publish(topic, messages(2));
  const takers = [new Taker(), new Taker()] as const;
  first.attach(takers[0]);
  second.attach(takers[1]);
  await until(() => takers[0].taken.length === 7 && takers[1].taken.length === 2);
  first.expire(Date.now() + 8 * DAY_MS);
  second.expire(Date.now() + 8 * DAY_MS);
  expect(rowsAfterClose('payloads')).toBe(0);
});

test('a publish is cut into segments, and comes out whole and in order', async () => {
  const { topic, first } = queue();
  const large = Array.from({ length: 7 }, (_, index) => Buffer.alloc(400_000, index));
  const ids = await broker.publish(topic, [...large, ...messages(2500)]);
  const taker = new Taker();
  first.attach(taker);
  await until(() => taker.taken.length === 2507);
  expect(taker.taken.map(({ key }) => String(key))).toEqual(ids);
  expect(taker.taken.slice(0, 7).map(({ payload }) => payload[0])).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
