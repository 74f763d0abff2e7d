import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type Behaviours, type Clients, codeOf } from '../../../beds/pubsub-clients.ts';

interface Message {
  readonly data?: Buffer;
  readonly attributes?: Record<string, string>;
  readonly orderingKey?: string;
}

const MESSAGE = { data: Buffer.from('x') };

/** The code that rejects a publish of these messages; null if they are accepted. */
async function publishCode(clients: Clients, messages: readonly Message[]) {
  const { topic } = await clients.queue();
  const request = { topic: topic.name, messages: [...messages] };
  return codeOf(clients.publisher.publish(request));
}

function attributes(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, 'value']));
}

const refused = (messages: readonly Message[]) => async (clients: Clients) =>
  expect(await publishCode(clients, messages)).toBe(status.INVALID_ARGUMENT);
const taken = (messages: readonly Message[]) => async (clients: Clients) =>
  expect(await publishCode(clients, messages)).toBe(null);

export const publishing: Behaviours = {
  'a message is delivered as it was sent': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const data = Buffer.from(Array.from({ length: 512 }, (_, index) => index & 255));
    const sent = {
      data,
      attributes: { plain: 'a', 'ключ ✓': 'žluťoučký 🐎 \n\t', empty: '', long: 'é'.repeat(512) },
    };
    const id = await topic.publishMessage(sent);
    const [received] = await clients.pull(subscription.name, 1);
    const message = received?.message;
    expect(Buffer.from(message?.data as Uint8Array).equals(data)).toBe(true);
    expect(message?.attributes).toEqual(sent.attributes);
    expect(message?.messageId).toBe(id);
    const age = Date.now() / 1000 - Number(message?.publishTime?.seconds);
    expect(Math.abs(age)).toBeLessThan(60);
  },

  'a message may have attributes and no data': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await topic.publishMessage({ attributes: { only: 'this' } });
    const [received] = await clients.pull(subscription.name, 1);
    expect(received?.message?.data).toHaveLength(0);
    expect(received?.message?.attributes).toEqual({ only: 'this' });
  },

  'ids are unique, and in the order of the messages': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    const messages = texts.map((text) => ({ data: Buffer.from(text) }));
    const [{ messageIds }] = await clients.publisher.publish({ topic: topic.name, messages });
    expect(new Set(messageIds).size).toBe(1000);
    const received = await clients.pull(subscription.name, 1000);
    const textOf = new Map(
      received.map(({ message }) => [message?.messageId, String(message?.data)]),
    );
    expect(messageIds?.map((id) => textOf.get(id))).toEqual(texts);
  },

  'every subscription of the topic gets the message, later ones do not': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const [second] = await topic.createSubscription(`${subscription.name}-second`);
    await topic.publishMessage(MESSAGE);
    const [later] = await topic.createSubscription(`${subscription.name}-later`);
    const [first] = await clients.pull(subscription.name, 1);
    await clients.subscriber.acknowledge({
      subscription: subscription.name,
      ackIds: [first?.ackId ?? ''],
    });
    expect(await clients.pull(second.name, 1)).toHaveLength(1);
    expect(await clients.isEmpty(later.name)).toBe(true);
  },

  'an ordering key is delivered with the message': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const messages = [{ ...MESSAGE, orderingKey: 'order 66' }];
    await clients.publisher.publish({ topic: topic.name, messages });
    const [received] = await clients.pull(subscription.name, 1);
    expect(received?.message?.orderingKey).toBe('order 66');
  },

  'a request without messages is refused': refused([]),
  'a message without data and attributes is refused': refused([MESSAGE, {}]),
  '1,000 messages are taken': taken(Array(1000).fill(MESSAGE)),
  '1,001 messages are refused': refused(Array(1001).fill(MESSAGE)),
  '10 MB are accepted': taken([{ data: Buffer.alloc(10_000_000, 1) }]),
  'more than 10 MiB are refused': refused([{ data: Buffer.alloc(10 * 1024 * 1024, 1) }]),
  '100 attributes are taken': taken([{ attributes: attributes(100) }]),
  '101 attributes are refused': refused([{ attributes: attributes(101) }]),
  'an attribute key of 256 bytes is accepted': taken([{ attributes: { ['é'.repeat(128)]: 'v' } }]),
  'an attribute key of 257 bytes is refused': refused([
    { attributes: { [`x${'é'.repeat(128)}`]: 'v' } },
  ]),
  'an attribute value of 1,024 bytes is accepted': taken([{ attributes: { k: 'é'.repeat(512) } }]),
  'an attribute value of 1,025 bytes is refused': refused([
    { attributes: { k: `x${'é'.repeat(512)}` } },
  ]),
  'an attribute key that starts with goog is refused': refused([{ attributes: { googler: 'v' } }]),
  'the trace attributes of the client libraries are accepted': taken([
    { attributes: { googclient_traceparent: '00-0-0-00' } },
  ]),
};
