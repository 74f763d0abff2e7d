import type { Topic } from '@google-cloud/pubsub';
import type { Clients } from '../../../beds/pubsub-clients.ts';

export async function publish({ publisher }: Clients, topic: Topic, ...texts: string[]) {
  const messages = texts.map((text) => ({ data: Buffer.from(text) }));
  await publisher.publish({ topic: topic.name, messages });
}

/** Pulls and acks: the texts, in the order of their alphabet, since Google's are in any. */
export async function take(clients: Clients, subscription: string, count: number) {
  const received = await clients.pull(subscription, count);
  const ackIds = received.map(({ ackId }) => ackId ?? '');
  await clients.subscriber.acknowledge({ subscription, ackIds });
  return received.map(({ message }) => String(message?.data)).sort();
}
