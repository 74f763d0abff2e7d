import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type Behaviours, codeOf, freshName, PROJECT } from '../../../beds/pubsub-clients.ts';
import { publish, take } from './take.ts';

const dayS = 86_400;

// https://cloud.google.com/pubsub/docs/replay-overview
export const replay: Behaviours = {
  'a snapshot keeps what was not acked, and what is published after it': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(clients, topic, 'acked');
    await take(clients, subscription.name, 1);
    await publish(clients, topic, 'open');
    const snapshot = subscription.snapshot(freshName());
    await snapshot.create();
    await publish(clients, topic, 'after');
    await take(clients, subscription.name, 2);
    await subscription.seek(snapshot.name);
    expect(await take(clients, subscription.name, 2)).toEqual(['after', 'open']);
    expect(await clients.isEmpty(subscription.name)).toBe(true);
    await snapshot.delete();
  },

  'a snapshot is got, listed and changed, and lives 7 days at most': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const { subscriber, publisher } = clients;
    const name = `projects/${PROJECT}/snapshots/${freshName()}`;
    const request = { name, subscription: subscription.name, labels: { team: 'data' } };
    await subscriber.createSnapshot(request);
    expect(await codeOf(subscriber.createSnapshot(request))).toBe(status.ALREADY_EXISTS);
    const [got] = await subscriber.getSnapshot({ snapshot: name });
    expect(got).toMatchObject({ name, topic: topic.name, labels: { team: 'data' } });
    const livesS = Number(got.expireTime?.seconds) - Date.now() / 1000;
    expect(livesS).toBeGreaterThan(6.9 * dayS);
    expect(livesS).toBeLessThan(7.1 * dayS);
    const snapshot = { name, labels: { team: 'web' } };
    await subscriber.updateSnapshot({ snapshot, updateMask: { paths: ['labels'] } });
    const [ofTopic] = await publisher.listTopicSnapshots({ topic: topic.name });
    expect(ofTopic).toEqual([name]);
    await subscriber.deleteSnapshot({ snapshot: name });
    expect(await codeOf(subscriber.getSnapshot({ snapshot: name }))).toBe(status.NOT_FOUND);
  },

  'a snapshot of another topic is no place to seek to': async (clients) => {
    const [{ subscription }, { subscription: other }] = await Promise.all([
      clients.queue(),
      clients.queue(),
    ]);
    const snapshot = subscription.snapshot(freshName());
    await snapshot.create();
    const seek = { subscription: other.name, snapshot: snapshot.name };
    expect(await codeOf(clients.subscriber.seek(seek))).not.toBe(null);
    await snapshot.delete();
  },

  'a seek to a time brings back acked messages that are retained': async (clients) => {
    const { topic } = await clients.queue();
    const [{ name }] = await topic.createSubscription(freshName(), { retainAckedMessages: true });
    await publish(clients, topic, 'one', 'two');
    await take(clients, name, 2);
    expect(await clients.isEmpty(name)).toBe(true);
    const time = { seconds: Math.floor(Date.now() / 1000) - 300 };
    await clients.subscriber.seek({ subscription: name, time });
    expect(await take(clients, name, 2)).toEqual(['one', 'two']);
  },

  'a seek to the future acks everything, in this subscription alone': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const [other] = await topic.createSubscription(freshName());
    await publish(clients, topic, 'gone');
    const time = { seconds: Math.floor(Date.now() / 1000) + 3600 };
    await clients.subscriber.seek({ subscription: subscription.name, time });
    expect(await clients.isEmpty(subscription.name)).toBe(true);
    expect(await take(clients, other.name, 1)).toEqual(['gone']);
  },

  'a topic that retains messages serves younger subscriptions': async (clients) => {
    const [topic] = await clients.pubsub.createTopic({
      name: freshName(),
      messageRetentionDuration: { seconds: 600 },
    });
    await publish(clients, topic, 'early');
    const [{ name }] = await topic.createSubscription(freshName());
    expect(await clients.isEmpty(name)).toBe(true);
    const time = { seconds: Math.floor(Date.now() / 1000) - 300 };
    await clients.subscriber.seek({ subscription: name, time });
    expect(await take(clients, name, 1)).toEqual(['early']);
  },

  'a seek without time and snapshot is an invalid argument': async (clients) => {
    const { subscription } = await clients.queue();
    const seek = clients.subscriber.seek({ subscription: subscription.name });
    expect(await codeOf(seek)).toBe(status.INVALID_ARGUMENT);
  },

  'a seek of a subscription or to a snapshot that does not exist is NOT_FOUND': async (clients) => {
    const { subscription } = await clients.queue();
    const { subscriber } = clients;
    const snapshot = `projects/${PROJECT}/snapshots/${freshName()}`;
    const toNothing = subscriber.seek({ subscription: subscription.name, snapshot });
    expect(await codeOf(toNothing)).toBe(status.NOT_FOUND);
    const nobody = `projects/${PROJECT}/subscriptions/${freshName()}`;
    const ofNothing = subscriber.seek({ subscription: nobody, time: { seconds: 1 } });
    expect(await codeOf(ofNothing)).toBe(status.NOT_FOUND);
  },

  // https://cloud.google.com/pubsub/docs/detach-subscriptions
  'a detached subscription is shown as such, and delivers nothing more': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(clients, topic, 'before');
    await clients.publisher.detachSubscription({ subscription: subscription.name });
    const request = { subscription: subscription.name, maxMessages: 1 };
    expect(await codeOf(clients.subscriber.pull(request))).toBe(status.FAILED_PRECONDITION);
    const [shown] = await clients.subscriber.getSubscription(request);
    expect(shown.detached).toBe(true);
  },
};
