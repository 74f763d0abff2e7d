import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type Behaviours, codeOf, freshName, PROJECT } from '../../../beds/pubsub-clients.ts';

const DAY = 86_400;
const topicName = (id = freshName()) => `projects/${PROJECT}/topics/${id}`;
const subscriptionName = (id = freshName()) => `projects/${PROJECT}/subscriptions/${id}`;

export const administration: Behaviours = {
  'a topic is created, got, listed and deleted': async ({ publisher }) => {
    const name = topicName();
    const [created] = await publisher.createTopic({ name, labels: { team: 'data' } });
    expect(created).toMatchObject({ name, labels: { team: 'data' } });
    expect((await publisher.getTopic({ topic: name }))[0].name).toBe(name);
    const [listed] = await publisher.listTopics({ project: `projects/${PROJECT}` });
    expect(listed.map((topic) => topic.name)).toContain(name);
    await publisher.deleteTopic({ topic: name });
    expect(await codeOf(publisher.getTopic({ topic: name }))).toBe(status.NOT_FOUND);
  },

  'an existing topic or subscription is not created again': async ({ pubsub }) => {
    const id = freshName();
    const [topic] = await pubsub.createTopic(id);
    await topic.createSubscription(id);
    expect(await codeOf(pubsub.createTopic(id))).toBe(status.ALREADY_EXISTS);
    expect(await codeOf(topic.createSubscription(id))).toBe(status.ALREADY_EXISTS);
  },

  'unknown resources return NOT_FOUND': async ({ publisher, subscriber }) => {
    const [topic, subscription] = [topicName(), subscriptionName()];
    const calls = [
      publisher.getTopic({ topic }),
      publisher.deleteTopic({ topic }),
      publisher.listTopicSubscriptions({ topic }),
      publisher.publish({ topic, messages: [{ data: Buffer.from('x') }] }),
      subscriber.createSubscription({ name: subscriptionName(), topic }),
      subscriber.getSubscription({ subscription }),
      subscriber.deleteSubscription({ subscription }),
      subscriber.pull({ subscription, maxMessages: 1 }),
    ];
    const codes = await Promise.all(calls.map(codeOf));
    expect(codes).toEqual(calls.map(() => status.NOT_FOUND));
  },

  'a bad name is an invalid argument': async ({ publisher, subscriber }) => {
    const [topic] = await publisher.createTopic({ name: topicName() });
    for (const id of [
      'ab',
      '1abc',
      'goog-abc',
      'a b c',
      'abc/d',
      'é-topic',
      `a${'b'.repeat(255)}`,
    ]) {
      const asTopic = publisher.createTopic({ name: topicName(id) });
      expect(await codeOf(asTopic), id).toBe(status.INVALID_ARGUMENT);
      const name = subscriptionName(id);
      const asSubscription = subscriber.createSubscription({ name, topic: topic.name ?? '' });
      expect(await codeOf(asSubscription), id).toBe(status.INVALID_ARGUMENT);
    }
  },

  'a name may have every documented character': async ({ publisher }) => {
    const name = topicName(`Az09-_.~+%${freshName()}`);
    await publisher.createTopic({ name });
    expect((await publisher.getTopic({ topic: name }))[0].name).toBe(name);
  },

  'a subscription has the documented defaults': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const request = { subscription: subscription.name };
    const [got] = await clients.subscriber.getSubscription(request);
    expect(got).toMatchObject({ topic: topic.name, ackDeadlineSeconds: 10 });
    expect(Number(got.messageRetentionDuration?.seconds)).toBe(7 * DAY);
  },

  'a subscription expires after 31 days of disuse, or never': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const request = { subscription: subscription.name };
    const [got] = await clients.subscriber.getSubscription(request);
    expect(Number(got.expirationPolicy?.ttl?.seconds)).toBe(31 * DAY);
    const [kept] = await topic.createSubscription(freshName(), { expirationPolicy: {} });
    const [metadata] = await kept.getMetadata();
    expect(metadata.expirationPolicy).toMatchObject({ ttl: null });
  },

  'an ack deadline is 10 to 600 s, retention 10 minutes to 31 days': async (clients) => {
    const { topic } = await clients.queue();
    const bad = [
      { ackDeadlineSeconds: 9 },
      { ackDeadlineSeconds: 601 },
      { ackDeadlineSeconds: -1 },
      { messageRetentionDuration: 599 },
      { messageRetentionDuration: 31 * DAY + 1 },
    ];
    for (const options of bad) {
      const call = topic.createSubscription(freshName(), options);
      expect(await codeOf(call), JSON.stringify(options)).toBe(status.INVALID_ARGUMENT);
    }
  },

  'a retry policy is stored, changed and removed': async (clients) => {
    const { topic } = await clients.queue();
    const retryPolicy = {
      minimumBackoff: { seconds: 1, nanos: 500_000_000 },
      maximumBackoff: { seconds: 60 },
    };
    const [subscription] = await topic.createSubscription(freshName(), { retryPolicy });
    const shown = async () => (await subscription.getMetadata())[0].retryPolicy;
    expect(await shown()).toMatchObject({
      minimumBackoff: { seconds: '1', nanos: 500_000_000 },
      maximumBackoff: { seconds: '60', nanos: 0 },
    });
    await subscription.setMetadata({ retryPolicy: { minimumBackoff: { seconds: 2 } } });
    expect(await shown()).toMatchObject({ minimumBackoff: { seconds: '2' } });
    await subscription.setMetadata({ retryPolicy: null });
    expect(await shown()).toBeNull();
  },

  'a retry policy waits 10 to 600 s by default, and 0 to 600 s at most': async (clients) => {
    const { topic } = await clients.queue();
    const create = (retryPolicy: object) => topic.createSubscription(freshName(), { retryPolicy });
    const [subscription] = await create({});
    const [{ retryPolicy }] = await subscription.getMetadata();
    expect(retryPolicy).toMatchObject({
      minimumBackoff: { seconds: '10' },
      maximumBackoff: { seconds: '600' },
    });
    for (const bad of [
      { minimumBackoff: { seconds: -1 } },
      { minimumBackoff: { seconds: 601 } },
      { maximumBackoff: { seconds: 600, nanos: 1_000_000 } },
      { minimumBackoff: { seconds: 20 }, maximumBackoff: { seconds: 10 } },
    ]) {
      expect(await codeOf(create(bad)), JSON.stringify(bad)).toBe(status.INVALID_ARGUMENT);
    }
  },

  'lists have pages': async ({ publisher, subscriber }) => {
    const project = `projects/pages-${freshName()}`;
    const topics = ['aaa', 'bbb', 'ccc'].map((id) => `${project}/topics/${id}`);
    for (const name of topics) await publisher.createTopic({ name });
    const topic = topics[0] ?? '';
    const subscriptions = ['ddd', 'eee', 'fff'].map((id) => `${project}/subscriptions/${id}`);
    for (const name of subscriptions) await subscriber.createSubscription({ name, topic });
    const onePage = { autoPaginate: false };
    const [page, next] = await publisher.listTopics({ project, pageSize: 2 }, onePage);
    expect(page.map(({ name }) => name)).toEqual(topics.slice(0, 2));
    const [rest] = await publisher.listTopics(next ?? {}, onePage);
    expect(rest.map(({ name }) => name)).toEqual(topics.slice(2));
    const [all] = await subscriber.listSubscriptions({ project });
    expect(all.map(({ name }) => name)).toEqual(subscriptions);
    const [attached] = await publisher.listTopicSubscriptions({ topic, pageSize: 2 }, onePage);
    expect(attached).toEqual(subscriptions.slice(0, 2));
  },

  'an update changes what its mask names': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await topic.setMetadata({ labels: { team: 'web' } });
    expect((await topic.getMetadata())[0].labels).toEqual({ team: 'web' });
    await subscription.setMetadata({ ackDeadlineSeconds: 60 });
    await subscription.setMetadata({ labels: { team: 'web' } });
    const [metadata] = await subscription.getMetadata();
    expect(metadata).toMatchObject({ ackDeadlineSeconds: 60, labels: { team: 'web' } });
    expect(Number(metadata.messageRetentionDuration?.seconds)).toBe(7 * DAY);
  },

  'an update needs a mask, of fields that can change': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const given = { name: subscription.name, topic: topic.name, ackDeadlineSeconds: 30 };
    for (const paths of [[], ['name'], ['no_such_field']]) {
      const request = { subscription: given, updateMask: { paths } };
      const call = clients.subscriber.updateSubscription(request);
      expect(await codeOf(call), paths.join()).toBe(status.INVALID_ARGUMENT);
    }
  },

  'the subscriptions of a deleted topic keep their backlog and show the deletion': async (
    clients,
  ) => {
    const { topic, subscription } = await clients.queue();
    await topic.publishMessage({ data: Buffer.from('left behind') });
    await topic.delete();
    expect((await subscription.getMetadata())[0].topic).toBe('_deleted-topic_');
    await clients.publisher.createTopic({ name: topic.name });
    await topic.publishMessage({ data: Buffer.from('not for it') });
    expect(await codeOf(topic.createSubscription(subscription.name))).toBe(status.ALREADY_EXISTS);
    const [received] = await clients.pull(subscription.name, 1);
    expect(String(received?.message?.data)).toBe('left behind');
    expect(await clients.isEmpty(subscription.name)).toBe(true);
  },

  'a deleted subscription does not exist, and a new one with its name is empty': async (
    clients,
  ) => {
    const { topic, subscription } = await clients.queue();
    await topic.publishMessage({ data: Buffer.from('x') });
    await subscription.delete();
    const pull = clients.subscriber.pull({ subscription: subscription.name, maxMessages: 1 });
    expect(await codeOf(pull)).toBe(status.NOT_FOUND);
    await topic.createSubscription(subscription.name);
    expect(await clients.isEmpty(subscription.name)).toBe(true);
  },
};
