import type { Topic } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { codeOf, freshName, PROJECT, pause } from '../../beds/pubsub-clients.ts';
import { ownServer } from './own-server.ts';

const server = ownServer();

async function publish(topic: Topic, ...texts: string[]) {
  const messages = texts.map((text) => ({ data: Buffer.from(text) }));
  await server.clients.publisher.publish({ topic: topic.name, messages });
}

/** Pulls and acks. */
async function take(subscription: string, count: number): Promise<string[]> {
  const received = await server.clients.pull(subscription, count);
  const ackIds = received.map(({ ackId }) => ackId ?? '');
  await server.clients.subscriber.acknowledge({ subscription, ackIds });
  return received.map(({ message }) => String(message?.data));
}

const isEmpty = (name: string) => server.clients.isEmpty(name);

test('a snapshot brings back what was not acked then, and all after it; also over a restart', async () => {
  const { topic, subscription } = await server.clients.queue();
  await publish(topic, 'acked before');
  await publish(topic, 'half', 'open');
  await take(subscription.name, 2);
  const snapshot = subscription.snapshot(freshName());
  await snapshot.create();
  await publish(topic, 'after');
  expect(await take(subscription.name, 2)).toEqual(['open', 'after']);
  await server.restart();
  const { subscriber } = server.clients;
  const seek = { subscription: subscription.name, snapshot: snapshot.name };
  for (let round = 0; round < 2; round++) {
    await subscriber.seek(seek);
    expect(await take(subscription.name, 2)).toEqual(['open', 'after']);
    expect(await isEmpty(subscription.name)).toBe(true);
  }
});

test('a snapshot serves other subscriptions of its topic, and none of another', async () => {
  const { topic, subscription } = await server.clients.queue();
  await publish(topic, 'kept');
  const snapshot = subscription.snapshot(freshName());
  await snapshot.create();
  await take(subscription.name, 1);
  const [later] = await topic.createSubscription(freshName());
  const { subscriber } = server.clients;
  await subscriber.seek({ subscription: later.name, snapshot: snapshot.name });
  expect(await take(later.name, 1)).toEqual(['kept']);
  const { subscription: other } = await server.clients.queue();
  const call = subscriber.seek({ subscription: other.name, snapshot: snapshot.name });
  expect(await codeOf(call)).toBe(status.FAILED_PRECONDITION);
});

test('snapshots are got, listed, changed and deleted', async () => {
  const { topic, subscription } = await server.clients.queue();
  const { subscriber, publisher } = server.clients;
  const name = `projects/${PROJECT}/snapshots/${freshName()}`;
  const request = { name, subscription: subscription.name };
  await subscriber.createSnapshot({ ...request, labels: { team: 'data' } });
  expect(await codeOf(subscriber.createSnapshot(request))).toBe(status.ALREADY_EXISTS);
  const [got] = await subscriber.getSnapshot({ snapshot: name });
  expect(got).toMatchObject({ name, topic: topic.name, labels: { team: 'data' } });
  const days = (Number(got.expireTime?.seconds) - Date.now() / 1000) / 86_400;
  expect(Math.round(days)).toBe(7);
  const snapshot = { name, labels: { team: 'web' } };
  await subscriber.updateSnapshot({ snapshot, updateMask: { paths: ['labels'] } });
  const [listed] = await subscriber.listSnapshots({ project: `projects/${PROJECT}` });
  expect(listed).toMatchObject([{ name, labels: { team: 'web' } }]);
  const [ofTopic] = await publisher.listTopicSnapshots({ topic: topic.name });
  expect(ofTopic).toEqual([name]);
  await subscriber.deleteSnapshot({ snapshot: name });
  expect(await codeOf(subscriber.getSnapshot({ snapshot: name }))).toBe(status.NOT_FOUND);
});

test('a seek to a time brings back acked messages only where they are retained', async () => {
  const { topic, subscription } = await server.clients.queue();
  const [retaining] = await topic.createSubscription(freshName(), { retainAckedMessages: true });
  await publish(topic, 'one');
  await pause(5);
  // Google's high-level client drops the milliseconds of a Date.
  const now = Date.now();
  const time = { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1_000_000 };
  await publish(topic, 'two');
  for (const { name } of [subscription, retaining]) await take(name, 2);
  await server.restart();
  const { pubsub, subscriber } = server.clients;
  for (const { name } of [subscription, retaining]) {
    await subscriber.seek({ subscription: name, time });
  }
  expect(await isEmpty(subscription.name)).toBe(true);
  expect(await take(retaining.name, 1)).toEqual(['two']);
  expect(await isEmpty(retaining.name)).toBe(true);
  await pubsub.subscription(retaining.name).seek(new Date(0));
  expect(await take(retaining.name, 2)).toEqual(['one', 'two']);
});

test("a topic's retention serves subscriptions that are younger than its messages", async () => {
  const { clients } = server;
  const retention = { messageRetentionDuration: { seconds: 600 } };
  const [topic] = await clients.pubsub.createTopic({ name: freshName(), ...retention });
  await publish(topic, 'early');
  const [subscription] = await topic.createSubscription(freshName());
  expect(await isEmpty(subscription.name)).toBe(true);
  await subscription.seek(new Date(0));
  expect(await take(subscription.name, 1)).toEqual(['early']);
});

test('a seek to the future purges, without harm to the other subscriptions', async () => {
  const { topic, subscription } = await server.clients.queue();
  const [other] = await topic.createSubscription(freshName());
  await publish(topic, 'gone');
  await server.clients.pull(subscription.name, 1);
  await subscription.seek(new Date('3000-01-01'));
  expect(await isEmpty(subscription.name)).toBe(true);
  await publish(topic, 'new');
  expect(await take(subscription.name, 1)).toEqual(['new']);
  expect(await take(other.name, 2)).toEqual(['gone', 'new']);
});

test('an ack of before a seek does not ack what the seek brought back', async () => {
  const { topic, subscription } = await server.clients.queue();
  await publish(topic, 'x');
  const [received] = await server.clients.pull(subscription.name, 1);
  await subscription.seek(new Date(0));
  const ackIds = [received?.ackId ?? ''];
  await server.clients.subscriber.acknowledge({ subscription: subscription.name, ackIds });
  expect(await take(subscription.name, 1)).toEqual(['x']);
});

test('a detached subscription loses its messages and gets no more; the others keep theirs', async () => {
  const { topic, subscription } = await server.clients.queue();
  const [other] = await topic.createSubscription(freshName());
  await publish(topic, 'before');
  await server.clients.publisher.detachSubscription({ subscription: subscription.name });
  await publish(topic, 'after');
  const pull = () =>
    server.clients.subscriber.pull({ subscription: subscription.name, maxMessages: 1 });
  expect(await codeOf(pull())).toBe(status.FAILED_PRECONDITION);
  await server.restart();
  expect(await codeOf(pull())).toBe(status.FAILED_PRECONDITION);
  const [shown] = await server.clients.subscriber.getSubscription({
    subscription: subscription.name,
  });
  expect(shown).toMatchObject({ detached: true, topic: topic.name });
  expect(await take(other.name, 2)).toEqual(['before', 'after']);
});
