// Delivery as an application sees it: the official client with its own streams, leases and acks,
// and the unary calls.

import {
  type Message,
  type Subscription,
  SubscriptionCloseBehaviors,
  type Topic,
} from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type Behaviours, codeOf, freshName, pause, until } from '../../../beds/pubsub-clients.ts';

function publish(topic: Topic, texts: readonly string[]): Promise<string[]> {
  return Promise.all(texts.map((text) => topic.publishMessage({ data: Buffer.from(text) })));
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `message ${index}`);

/** Opens the subscription and collects what comes; `handle` acks or not. */
function collect(subscription: Subscription, handle: (message: Message) => void): string[] {
  const texts: string[] = [];
  subscription.on('error', (error) => texts.push(`error: ${error.message}`));
  subscription.on('message', (message: Message) => {
    texts.push(String(message.data));
    handle(message);
  });
  return texts;
}

export const delivery: Behaviours = {
  'every message is delivered once, and not again after its ack': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const sent = numbers(3000);
    await publish(topic, sent.slice(0, 1500));
    const texts = collect(subscription, (message) => message.ack());
    await publish(topic, sent.slice(1500));
    await until(() => texts.length >= sent.length);
    await subscription.close();
    expect([...texts].sort()).toEqual([...sent].sort());

    const again = clients.pubsub.subscription(subscription.name);
    const later = collect(again, (message) => message.ack());
    await publish(topic, ['last']);
    await until(() => later.length > 0);
    await again.close();
    expect(later).toEqual(['last']);
  },

  'messages in flight when the client closes are delivered again at once': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const held: Message[] = [];
    const texts = collect(subscription, (message) => held.push(message));
    await publish(topic, numbers(10));
    await until(() => texts.length === 10);
    for (const message of held.splice(0, 4)) message.ack();
    const unacked = held.map((message) => String(message.data));
    await subscription.close();

    const again = clients.pubsub.subscription(subscription.name);
    const later = collect(again, (message) => message.ack());
    await until(() => later.length >= 6);
    await again.close();
    expect([...later].sort()).toEqual([...unacked].sort());
  },

  'a client that waits for processing leaves no message unacked': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const closeOptions = { behavior: SubscriptionCloseBehaviors.WaitForProcessing };
    const waiting = clients.pubsub.subscription(subscription.name, { closeOptions });
    const texts = collect(waiting, (message) => setTimeout(() => message.ack(), 200));
    await publish(topic, numbers(20));
    await until(() => texts.length === 20);
    await waiting.close();
    expect(await clients.isEmpty(subscription.name)).toBe(true);
  },

  'a nacked message is delivered again at once': async (clients) => {
    const { topic, subscription } = await clients.queue();
    let nacks = 3;
    const texts = collect(subscription, (message) =>
      nacks-- > 0 ? message.nack() : message.ack(),
    );
    await publish(topic, ['again']);
    await until(() => texts.length === 4);
    await subscription.close();
    expect(texts).toEqual(Array(4).fill('again'));
    expect(await clients.isEmpty(subscription.name)).toBe(true);
  },

  'a nacked message waits for the backoff of its retry policy, and others are delivered first':
    async (clients) => {
      const { topic } = await clients.queue();
      const retryPolicy = { minimumBackoff: { seconds: 3 } };
      const [{ name }] = await topic.createSubscription(freshName(), { retryPolicy });
      await publish(topic, ['nacked']);
      const [nacked] = await clients.pull(name, 1);
      const giveBack = { subscription: name, ackIds: [nacked?.ackId ?? ''], ackDeadlineSeconds: 0 };
      await clients.subscriber.modifyAckDeadline(giveBack);
      await publish(topic, ['other']);
      const texts = (await clients.pull(name, 2)).map(({ message }) => String(message?.data));
      expect(texts).toEqual(['other', 'nacked']);
    },

  'a message whose lease has expired waits for the backoff too': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const retryPolicy = { minimumBackoff: { seconds: 600 } };
    const [resting] = await topic.createSubscription(freshName(), { retryPolicy });
    await publish(topic, ['x']);
    for (const { name } of [resting, subscription]) {
      const [received] = await clients.pull(name, 1);
      const ackIds = [received?.ackId ?? ''];
      const lease = { subscription: name, ackIds, ackDeadlineSeconds: 1 };
      await clients.subscriber.modifyAckDeadline(lease);
    }
    // The lease that began later has expired by then.
    await clients.pull(subscription.name, 1);
    expect(await clients.isEmpty(resting.name)).toBe(true);
  },

  'no more messages are outstanding than the client allows': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const flowControl = { maxMessages: 5, allowExcessMessages: false };
    const streamingOptions = { maxStreams: 1 };
    const limited = clients.pubsub.subscription(subscription.name, {
      flowControl,
      streamingOptions,
    });
    let outstanding = 0;
    let most = 0;
    const texts = collect(limited, (message) => {
      most = Math.max(most, ++outstanding);
      setTimeout(() => {
        outstanding--;
        message.ack();
      }, 10);
    });
    await publish(topic, numbers(40));
    await until(() => texts.length >= 40);
    await limited.close();
    expect([...texts].sort()).toEqual(numbers(40).sort());
    expect(most).toBe(5);
  },

  'a delivery attempt is counted only under a dead-letter policy': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(topic, ['x']);
    const [received] = await clients.pull(subscription.name, 1);
    expect(received?.deliveryAttempt).toBe(0);
  },

  'a message is delivered again after its lease expires, but not while it is extended': async (
    clients,
  ) => {
    const { topic, subscription } = await clients.queue();
    const name = subscription.name;
    await publish(topic, numbers(2));
    const [short, long] = await clients.pull(name, 2);
    const modify = (received: typeof short, ackDeadlineSeconds: number) =>
      clients.subscriber.modifyAckDeadline({
        ...{ subscription: name, ackIds: [received?.ackId ?? ''], ackDeadlineSeconds },
      });
    await modify(long, 600);
    await modify(short, 1);
    expect(await clients.isEmpty(name)).toBe(true);
    const [again] = await clients.pull(name, 1);
    expect(again?.message?.messageId).toBe(short?.message?.messageId);
    expect(again?.ackId).not.toBe(short?.ackId);
    expect(await clients.isEmpty(name)).toBe(true);
    await modify(long, 0);
    const [given] = await clients.pull(name, 1);
    expect(given?.message?.messageId).toBe(long?.message?.messageId);
  },

  'an old ack id cannot nack a newer lease': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const name = subscription.name;
    await publish(topic, ['x']);
    const [first] = await clients.pull(name, 1);
    const giveBack = { subscription: name, ackIds: [first?.ackId ?? ''], ackDeadlineSeconds: 0 };
    await clients.subscriber.modifyAckDeadline(giveBack);
    await clients.pull(name, 1);
    await clients.subscriber.modifyAckDeadline(giveBack);
    expect(await clients.isEmpty(name)).toBe(true);
  },

  'acking twice is not an error': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(topic, ['x']);
    const [received] = await clients.pull(subscription.name, 1);
    const request = { subscription: subscription.name, ackIds: [received?.ackId ?? ''] };
    await clients.subscriber.acknowledge(request);
    expect(await codeOf(clients.subscriber.acknowledge(request))).toBe(null);
  },

  'bad acks and deadlines are invalid arguments': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(topic, ['x']);
    const [received] = await clients.pull(subscription.name, 1);
    const ackIds = [received?.ackId ?? ''];
    const name = { subscription: subscription.name };
    const calls = [
      clients.subscriber.acknowledge({ ...name, ackIds: ['no such id'] }),
      clients.subscriber.acknowledge({ ...name, ackIds: [] }),
      clients.subscriber.modifyAckDeadline({ ...name, ackIds, ackDeadlineSeconds: 601 }),
      clients.subscriber.modifyAckDeadline({ ...name, ackIds, ackDeadlineSeconds: -1 }),
      clients.subscriber.pull({ ...name, maxMessages: 0 }),
    ];
    const codes = await Promise.all(calls.map(codeOf));
    expect(codes).toEqual(calls.map(() => status.INVALID_ARGUMENT));
  },

  'a pull waits for a message, and returns at most the requested number': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const request = { subscription: subscription.name, maxMessages: 2 };
    const waiting = clients.subscriber.pull(request);
    await pause(100);
    await publish(topic, ['first']);
    const [{ receivedMessages }] = await waiting;
    expect(receivedMessages?.map(({ message }) => String(message?.data))).toEqual(['first']);
    await publish(topic, numbers(5));
    const [five] = await clients.subscriber.pull(request);
    expect(five.receivedMessages?.length).toBeLessThanOrEqual(2);
  },

  'a backlog larger than the prefetch limit is delivered completely': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const size = 64 * 1024;
    const messages = Array.from({ length: 100 }, (_, index) => ({
      data: Buffer.alloc(size, index),
    }));
    for (let round = 0; round < 3; round++) {
      await clients.publisher.publish({ topic: topic.name, messages });
    }
    const counts = new Map<number, number>();
    const again = clients.pubsub.subscription(subscription.name);
    const texts = collect(again, (message) => {
      expect(message.data).toHaveLength(size);
      const first = message.data[0] ?? -1;
      counts.set(first, (counts.get(first) ?? 0) + 1);
      message.ack();
    });
    await until(() => texts.length >= 300);
    await again.close();
    expect([...counts.values()]).toEqual(Array(100).fill(3));
  },
};
