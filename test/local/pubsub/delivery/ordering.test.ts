import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { codeOf, freshName } from '../../../beds/pubsub-clients.ts';
import { ownServer } from '../own-server.ts';

const server = ownServer();

interface Received {
  readonly text: string;
  readonly ackId: string;
}

async function pull(subscription: string, maxMessages = 100): Promise<Received[]> {
  const request = { subscription, maxMessages, returnImmediately: true };
  const [{ receivedMessages }] = await server.clients.subscriber.pull(request);
  return (receivedMessages ?? []).map(({ message, ackId }) => ({
    text: String(message?.data),
    ackId: ackId ?? '',
  }));
}

const textsOf = (received: readonly Received[]) => received.map(({ text }) => text);
const idsOf = (received: readonly Received[]) => received.map(({ ackId }) => ackId);

async function orderedQueue(options: object = {}) {
  const [topic] = await server.clients.pubsub.createTopic(freshName());
  const [{ name }] = await topic.createSubscription(freshName(), {
    enableMessageOrdering: true,
    ...options,
  });
  const publish = (...texts: string[]) =>
    server.clients.publisher.publish({
      topic: topic.name,
      messages: texts.map((text) => ({ data: Buffer.from(text), orderingKey: text[0] ?? '' })),
    });
  return { topic, name, publish };
}

test('messages of an ordering key wait for those before them; other keys do not', async () => {
  const { name, publish } = await orderedQueue();
  await publish('a1', 'a2', 'b1');
  expect(textsOf(await pull(name, 1))).toEqual(['a1']);
  const next = await pull(name);
  expect(textsOf(next)).toEqual(['b1']);
});

test('a batch holds several messages of a key, in order', async () => {
  const { name, publish } = await orderedQueue();
  await publish('a1', 'b1', 'a2');
  await publish('a3');
  const first = await pull(name);
  expect(textsOf(first)).toEqual(['a1', 'b1', 'a2', 'a3']);
  await publish('a4', 'b2');
  expect(await pull(name)).toEqual([]);
  const { subscriber } = server.clients;
  await subscriber.acknowledge({ subscription: name, ackIds: idsOf(first).slice(0, 3) });
  const second = await pull(name);
  expect(textsOf(second)).toEqual(['b2']);
  await subscriber.acknowledge({
    subscription: name,
    ackIds: idsOf([...first.slice(3), ...second]),
  });
  expect(textsOf(await pull(name))).toEqual(['a4']);
});

test('a nack brings back the message and those of its key after it, in order', async () => {
  const { name, publish } = await orderedQueue();
  await publish('a1', 'a2', 'a3', 'b1');
  const first = await pull(name);
  const { subscriber } = server.clients;
  const [a1, a2] = first;
  await subscriber.acknowledge({ subscription: name, ackIds: [a1?.ackId ?? ''] });
  const nack = { subscription: name, ackIds: [a2?.ackId ?? ''], ackDeadlineSeconds: 0 };
  await subscriber.modifyAckDeadline(nack);
  expect(textsOf(await pull(name))).toEqual(['a2', 'a3']);
});

test('ordering goes on after a restart', async () => {
  const { name, publish } = await orderedQueue();
  await publish('a1', 'a2');
  await publish('a3');
  await pull(name, 1);
  await server.restart();
  expect(textsOf(await pull(name))).toEqual(['a1', 'a2', 'a3']);
});

test('after its attempts a message goes to the dead-letter topic, with its source', async () => {
  const { clients } = server;
  const [dead] = await clients.pubsub.createTopic(freshName());
  const [graves] = await dead.createSubscription(freshName());
  const deadLetterPolicy = { deadLetterTopic: dead.name, maxDeliveryAttempts: 5 };
  const { name, publish } = await orderedQueue({ deadLetterPolicy });
  await publish('a1', 'a2');
  for (let attempt = 1; attempt <= 5; attempt++) {
    const [received] = await clients.pull(name, 1);
    expect(received?.deliveryAttempt).toBe(attempt);
    const ackIds = [received?.ackId ?? ''];
    await clients.subscriber.modifyAckDeadline({
      subscription: name,
      ackIds,
      ackDeadlineSeconds: 0,
    });
  }
  const [grave] = await clients.pull(graves.name, 1);
  expect(String(grave?.message?.data)).toBe('a1');
  expect(grave?.message?.attributes).toMatchObject({
    CloudPubSubDeadLetterSourceDeliveryCount: '5',
    CloudPubSubDeadLetterSourceSubscription: name.split('/').at(-1),
  });
  const [next] = await clients.pull(name, 1);
  expect(String(next?.message?.data)).toBe('a2');
});

test('a dead-letter policy has 5 to 100 attempts', async () => {
  const [topic] = await server.clients.pubsub.createTopic(freshName());
  for (const maxDeliveryAttempts of [4, 101]) {
    const deadLetterPolicy = { deadLetterTopic: topic.name, maxDeliveryAttempts };
    const call = topic.createSubscription(freshName(), { deadLetterPolicy });
    expect(await codeOf(call)).toBe(status.INVALID_ARGUMENT);
  }
});

test('exactly-once delivery refuses ended ack ids, with details, and takes the others', async () => {
  const { clients } = server;
  const { name, publish } = await orderedQueue({ enableExactlyOnceDelivery: true });
  await publish('a1', 'b1');
  const [a1, b1] = await pull(name);
  const { subscriber } = clients;
  const nack = { subscription: name, ackIds: [a1?.ackId ?? ''], ackDeadlineSeconds: 0 };
  await subscriber.modifyAckDeadline(nack);
  const both = { subscription: name, ackIds: [a1?.ackId ?? '', b1?.ackId ?? ''] };
  const refused = await subscriber.acknowledge(both).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: status.INVALID_ARGUMENT,
    reason: 'EXACTLY_ONCE_ACKID_FAILURE',
    domain: 'pubsub.googleapis.com',
    errorInfoMetadata: { [a1?.ackId ?? '']: 'PERMANENT_FAILURE_INVALID_ACK_ID' },
  });
  const again = await pull(name);
  expect(textsOf(again)).toEqual(['a1']);
  await subscriber.acknowledge({ subscription: name, ackIds: idsOf(again) });
  expect(await pull(name)).toEqual([]);
  const rest = await clients.rest('POST', `/subscriptions/${name.split('/').at(-1)}:acknowledge`, {
    ackIds: idsOf(again),
  });
  expect(rest).toMatchObject({
    status: 400,
    json: { error: { details: [{ reason: 'EXACTLY_ONCE_ACKID_FAILURE' }] } },
  });
});
