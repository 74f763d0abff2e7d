import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type Behaviours, type Clients, codeOf, freshName } from '../../../beds/pubsub-clients.ts';
import { publish, take } from './take.ts';

/** A subscription with a filter gets `matching` of these attributes, and nothing else. */
function filtered(filter: string, messages: Record<string, string>[], matching: number[]) {
  return async (clients: Clients) => {
    const { topic } = await clients.queue();
    const [{ name }] = await topic.createSubscription(freshName(), { filter });
    await clients.publisher.publish({
      topic: topic.name,
      messages: messages.map((attributes, n) => ({ data: Buffer.from(`${n}`), attributes })),
    });
    expect(await take(clients, name, matching.length)).toEqual(matching.map(String));
    expect(await clients.isEmpty(name)).toBe(true);
  };
}

async function orderedQueue(clients: Clients) {
  const { topic } = await clients.queue();
  const [{ name }] = await topic.createSubscription(freshName(), { enableMessageOrdering: true });
  const messages = ['a1', 'a2', 'b1', 'a3', 'b2'].map((text) => ({
    data: Buffer.from(text),
    orderingKey: text.charAt(0),
  }));
  await clients.publisher.publish({ topic: topic.name, messages });
  return name;
}

const nack = (clients: Clients, subscription: string, ackId: string) =>
  clients.subscriber.modifyAckDeadline({ subscription, ackIds: [ackId], ackDeadlineSeconds: 0 });

const filters = 'https://cloud.google.com/pubsub/docs/subscription-message-filter';

/** What a subscription's own settings do. */
export const policies: Behaviours = {
  'a filter by the value of an attribute': filtered(
    'attributes.kind = "a"',
    [{ kind: 'a' }, { kind: 'b' }, {}, { kind: 'A' }],
    [0],
  ),
  'a filter by an attribute that is there': filtered('attributes:kind', [{}, { kind: '' }], [1]),
  'a filter by a prefix': filtered(
    'hasPrefix(attributes.kind, "or")',
    [{ kind: 'order' }, { kind: 'for' }],
    [0],
  ),
  'a filter with NOT, AND, OR and parentheses': filtered(
    'attributes:a AND NOT (attributes.b = "1" OR attributes.b = "2")',
    [{ a: '', b: '1' }, { a: '', b: '3' }, { b: '3' }, { a: '' }],
    [1, 3],
  ),
  'a filter by a value that differs takes messages without the attribute': filtered(
    'attributes.kind != "a"',
    [{ kind: 'a' }, {}, { kind: 'b' }],
    [1, 2],
  ),

  'a filter with AND and OR side by side, or of the data, is refused': async (clients) => {
    const { topic } = await clients.queue();
    for (const filter of ['attributes:a AND attributes:b OR attributes:c', 'data = "x"', '(']) {
      const made = topic.createSubscription(freshName(), { filter });
      expect(await codeOf(made), `${filter} ${filters}`).toBe(status.INVALID_ARGUMENT);
    }
  },

  'a filter is not changed': async (clients) => {
    const { topic } = await clients.queue();
    const [{ name }] = await topic.createSubscription(freshName(), { filter: 'attributes:a' });
    const call = clients.subscriber.updateSubscription({
      subscription: { name, filter: 'attributes:b' },
      updateMask: { paths: ['filter'] },
    });
    expect(await codeOf(call)).toBe(status.INVALID_ARGUMENT);
  },

  // https://cloud.google.com/pubsub/docs/ordering
  'messages of an ordering key come in the order of their publish': async (clients) => {
    const name = await orderedQueue(clients);
    const order: Record<string, string[]> = { a: [], b: [] };
    for (let left = 5; left > 0; ) {
      const received = await clients.pull(name, 1);
      left -= received.length;
      for (const { message } of received) {
        order[message?.orderingKey ?? '']?.push(String(message?.data));
      }
      const ackIds = received.map(({ ackId }) => ackId ?? '');
      await clients.subscriber.acknowledge({ subscription: name, ackIds });
    }
    expect(order).toEqual({ a: ['a1', 'a2', 'a3'], b: ['b1', 'b2'] });
  },

  'after a nack the later messages of the key come again too': async (clients) => {
    const name = await orderedQueue(clients);
    const seen: string[] = [];
    let first = await clients.pull(name, 1);
    while (first[0]?.message?.orderingKey !== 'a') {
      const ackIds = [first[0]?.ackId ?? ''];
      await clients.subscriber.acknowledge({ subscription: name, ackIds });
      first = await clients.pull(name, 1);
    }
    await nack(clients, name, first[0]?.ackId ?? '');
    while (!seen.includes('a3')) {
      const received = await clients.pull(name, 1);
      for (const { message, ackId } of received) {
        if (message?.orderingKey === 'a') seen.push(String(message.data));
        await clients.subscriber.acknowledge({ subscription: name, ackIds: [ackId ?? ''] });
      }
    }
    expect(seen).toEqual(['a1', 'a2', 'a3']);
  },

  // https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic
  'a message that is nacked too often goes to the dead-letter topic, and says where from': async (
    clients,
  ) => {
    const [letters, { topic }] = [await clients.queue(), await clients.queue()];
    const deadLetterPolicy = { deadLetterTopic: letters.topic.name, maxDeliveryAttempts: 5 };
    const [{ name }] = await topic.createSubscription(freshName(), { deadLetterPolicy });
    await publish(clients, topic, 'bad');
    for (let attempt = 1; attempt <= 5; attempt++) {
      const [received] = await clients.pull(name, 1);
      expect(received?.deliveryAttempt).toBe(attempt);
      await nack(clients, name, received?.ackId ?? '');
    }
    const [letter] = await clients.pull(letters.subscription.name, 1);
    expect(String(letter?.message?.data)).toBe('bad');
    expect(letter?.message?.attributes).toMatchObject({
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: name.split('/').at(-1),
    });
    expect(await clients.isEmpty(name)).toBe(true);
  },

  'a dead-letter policy has 5 to 100 attempts': async (clients) => {
    const { topic } = await clients.queue();
    for (const maxDeliveryAttempts of [4, 101]) {
      const deadLetterPolicy = { deadLetterTopic: topic.name, maxDeliveryAttempts };
      const made = topic.createSubscription(freshName(), { deadLetterPolicy });
      expect(await codeOf(made)).toBe(status.INVALID_ARGUMENT);
    }
  },

  // https://cloud.google.com/pubsub/docs/exactly-once-delivery
  'with exactly-once delivery an ack id that was nacked is refused, by name': async (clients) => {
    const { topic } = await clients.queue();
    const [{ name }] = await topic.createSubscription(freshName(), {
      enableExactlyOnceDelivery: true,
    });
    await publish(clients, topic, 'x');
    const [received] = await clients.pull(name, 1);
    const ackId = received?.ackId ?? '';
    await nack(clients, name, ackId);
    const late = clients.subscriber.acknowledge({ subscription: name, ackIds: [ackId] });
    const error = await late.then(
      () => undefined,
      (cause: { errorInfoMetadata?: object }) => cause,
    );
    expect(error?.errorInfoMetadata).toEqual({ [ackId]: 'PERMANENT_FAILURE_INVALID_ACK_ID' });
    expect(await take(clients, name, 1)).toEqual(['x']);
  },

  'the settings of a subscription are shown as they were given': async (clients) => {
    const { topic } = await clients.queue();
    const settings = {
      ackDeadlineSeconds: 33,
      enableMessageOrdering: true,
      enableExactlyOnceDelivery: true,
      filter: 'attributes:a',
      labels: { team: 'data' },
      retainAckedMessages: true,
    };
    const [{ name }] = await topic.createSubscription(freshName(), settings);
    const [shown] = await clients.subscriber.getSubscription({ subscription: name });
    expect(shown).toMatchObject({ ...settings, state: 'ACTIVE', topic: topic.name });
  },

  // https://cloud.google.com/pubsub/docs/push
  'a push endpoint is set, shown and taken away again': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const { name } = subscription;
    const pushEndpoint = 'https://example.com/push';
    const pushConfig = { pushEndpoint, attributes: { 'x-goog-version': 'v1' } };
    await clients.subscriber.modifyPushConfig({ subscription: name, pushConfig });
    const [pushed] = await clients.subscriber.getSubscription({ subscription: name });
    expect(pushed.pushConfig?.pushEndpoint).toBe(pushEndpoint);
    await expect(
      clients.subscriber.pull({ subscription: name, maxMessages: 1, returnImmediately: true }),
    ).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    await clients.subscriber.modifyPushConfig({ subscription: name, pushConfig: {} });
    await publish(clients, topic, 'pulled');
    expect(await take(clients, name, 1)).toEqual(['pulled']);
  },

  // https://cloud.google.com/pubsub/docs/access-control
  'a policy is kept with its etag, and permissions are tested': async ({ pubsub }) => {
    const [topic] = await pubsub.createTopic(freshName());
    const [before] = await topic.iam.getPolicy();
    expect(before.bindings ?? []).toEqual([]);
    const bindings = [{ role: 'roles/pubsub.viewer', members: ['allAuthenticatedUsers'] }];
    await topic.iam.setPolicy({ bindings });
    const [after] = await topic.iam.getPolicy();
    expect(after.bindings).toMatchObject(bindings);
    const permissions = ['pubsub.topics.get', 'pubsub.topics.publish'];
    const [held] = await topic.iam.testPermissions(permissions);
    expect(held).toEqual({ 'pubsub.topics.get': true, 'pubsub.topics.publish': true });
  },
};
