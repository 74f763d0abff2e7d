// What is stored, and when it is deleted: tested below the API, where the test controls time and disk.

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
import { until } from '../../../beds/pubsub-clients.ts';

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

/** Receives everything. */
class TestConsumer implements Consumer {
  readonly leaseMs = 600_000;
  readonly capacity = { messages: 10_000, bytes: 1e9 };
  readonly received: Delivery[] = [];
  deliver(deliveries: readonly Delivery[]): void {
    this.received.push(...deliveries);
  }
  released(): void {}
  end(): void {}
  fail(): void {}
}

const messages = (count: number) =>
  Array.from({ length: count }, (_, index) => Buffer.from([index]));

/** The rows of a table after a restart. */
function rowsAfterClose(table: string): number {
  broker.close();
  const database = new DatabaseSync(join(directory, 'pubsub.sqlite'));
  const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
  database.close();
  broker = new Broker(new Store(directory));
  return Number(row?.['rows']);
}

test('a segment is deleted when every subscription has acked all of it', async () => {
  const { topic, first, second } = queue();
  await broker.publish(topic, messages(5));
  const consumers = [new TestConsumer(), new TestConsumer()] as const;
  first.attach(consumers[0]);
  second.attach(consumers[1]);
  await until(() => consumers.every(({ received }) => received.length === 5));
  const [ofFirst, ofSecond] = consumers.map(({ received }) => received.map(({ ackId }) => ackId));
  await first.acknowledge(ofFirst ?? []);
  await second.acknowledge((ofSecond ?? []).slice(0, 3));
  expect(rowsAfterClose('payloads')).toBe(1);
  await broker.subscription(second.name).acknowledge((ofSecond ?? []).slice(3));
  expect(rowsAfterClose('payloads')).toBe(0);
  expect(rowsAfterClose('segments')).toBe(0);
  expect(rowsAfterClose('progress')).toBe(0);
});

test('a message without a subscription is not stored', async () => {
  const topic = broker.createTopic('projects/p/topics/one', { labels: {} });
  expect(await broker.publish(topic, messages(3))).toHaveLength(3);
  expect(rowsAfterClose('payloads')).toBe(0);
});

test('unacked messages of a deleted subscription are deleted', async () => {
  const { topic, first, second } = queue();
  await broker.publish(topic, messages(5));
  broker.deleteSubscription(first);
  expect(rowsAfterClose('payloads')).toBe(1);
  broker.deleteSubscription(broker.subscription(second.name));
  expect(rowsAfterClose('payloads')).toBe(0);
});

test('a message is deleted at the end of its retention', async () => {
  const { topic, first, second } = queue();
  await broker.publish(topic, messages(5));
  first.expire(Date.now() + 6 * DAY_MS);
  second.expire(Date.now() + 8 * DAY_MS);
  await broker.publish(topic, messages(2));
  const consumers = [new TestConsumer(), new TestConsumer()] as const;
  first.attach(consumers[0]);
  second.attach(consumers[1]);
  await until(() => consumers[0].received.length === 7 && consumers[1].received.length === 2);
  first.expire(Date.now() + 8 * DAY_MS);
  second.expire(Date.now() + 8 * DAY_MS);
  expect(rowsAfterClose('payloads')).toBe(0);
});

test('a large publish is split into segments and delivered complete and in order', async () => {
  const { topic, first } = queue();
  const large = Array.from({ length: 7 }, (_, index) => Buffer.alloc(400_000, index));
  const ids = await broker.publish(topic, [...large, ...messages(2500)]);
  const consumer = new TestConsumer();
  first.attach(consumer);
  await until(() => consumer.received.length === 2507);
  expect(consumer.received.map(({ key }) => String(key))).toEqual(ids);
  expect(consumer.received.slice(0, 7).map(({ payload }) => payload[0])).toEqual([
    0, 1, 2, 3, 4, 5, 6,
  ]);
});
