// StreamingPull on a raw gRPC stream, request by request.

import type { protos } from '@google-cloud/pubsub';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { type Behaviours, type Clients, pause, until } from '../../../beds/pubsub-clients.ts';

type Request = protos.google.pubsub.v1.IStreamingPullRequest;
type Response = protos.google.pubsub.v1.IStreamingPullResponse;
type Received = protos.google.pubsub.v1.IReceivedMessage;

const SOON_MS = 3000;

/** A stream, its messages, and the code that ended it. */
class Stream {
  readonly received: Received[] = [];
  responses = 0;
  code: number | null = null;
  readonly #call;

  constructor(clients: Clients, first: Request) {
    this.#call = clients.subscriber.streamingPull();
    this.#call.on('data', ({ receivedMessages }: Response) => {
      this.responses++;
      this.received.push(...(receivedMessages ?? []));
    });
    this.#call.on('error', ({ code }: { code: number }) => {
      this.code ??= code;
    });
    this.#call.on('end', () => {
      this.code ??= status.OK;
    });
    this.write({ streamAckDeadlineSeconds: 10, ...first });
  }

  get ackIds(): string[] {
    return this.received.map(({ ackId }) => ackId ?? '');
  }

  write(request: Request): void {
    this.#call.write(request);
  }

  async ended(): Promise<number | null> {
    await until(() => this.code !== null);
    return this.code;
  }

  /** The code that ends the stream; null if it is still open after some seconds. */
  async endedSoon(): Promise<number | null> {
    const deadline = Date.now() + SOON_MS;
    while (this.code === null && Date.now() < deadline) await pause(5);
    return this.code;
  }

  /** Half-closes the stream, as a client does at its end. */
  end(): Promise<number | null> {
    this.#call.end();
    return this.ended();
  }
}

async function publish(clients: Clients, topic: string, count: number, size = 10): Promise<void> {
  const messages = Array.from({ length: count }, (_, index) => ({
    data: Buffer.alloc(size, index),
  }));
  await clients.publisher.publish({ topic, messages });
}

/** Long enough for an unexpected message to arrive. */
const A_WHILE_MS = 300;

export const streams: Behaviours = {
  'outstanding messages stay under the limit': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(clients, topic.name, 10);
    const maxOutstandingMessages = 3;
    const stream = new Stream(clients, { subscription: subscription.name, maxOutstandingMessages });
    await until(() => stream.received.length >= 3);
    await pause(A_WHILE_MS);
    expect(stream.received).toHaveLength(3);
    expect(await stream.end()).toBe(status.OK);
  },

  'acks on the stream allow more messages': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(clients, topic.name, 10);
    const maxOutstandingMessages = 3;
    const stream = new Stream(clients, { subscription: subscription.name, maxOutstandingMessages });
    await until(() => stream.received.length >= 3);
    stream.write({ ackIds: stream.ackIds.slice(0, 2) });
    await until(() => new Set(stream.ackIds).size >= 5);
    await pause(A_WHILE_MS);
    expect(new Set(stream.ackIds).size).toBe(5);
    await stream.end();
  },

  'acks outside the stream allow more messages, as the Node client sends them': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(clients, topic.name, 10);
    const maxOutstandingMessages = 3;
    const stream = new Stream(clients, { subscription: subscription.name, maxOutstandingMessages });
    await until(() => stream.received.length >= 3);
    const ackIds = stream.ackIds.slice(0, 2);
    await clients.subscriber.acknowledge({ subscription: subscription.name, ackIds });
    await until(() => new Set(stream.ackIds).size >= 5);
    await pause(A_WHILE_MS);
    expect(new Set(stream.ackIds).size).toBe(5);
    await stream.end();
  },

  'outstanding bytes stay under the limit until they are nacked': async (clients) => {
    const { topic, subscription } = await clients.queue();
    await publish(clients, topic.name, 6, 1000);
    const maxOutstandingBytes = 1500;
    const stream = new Stream(clients, { subscription: subscription.name, maxOutstandingBytes });
    await until(() => stream.received.length >= 2);
    await pause(A_WHILE_MS);
    const sent = stream.received.length;
    expect(sent).toBe(2);
    stream.write({ modifyDeadlineAckIds: stream.ackIds, modifyDeadlineSeconds: [0, 0] });
    await until(() => stream.received.length === 4);
    await stream.end();
  },

  'open streams share the messages': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const both = [1, 2].map(() => new Stream(clients, { subscription: subscription.name }));
    let published = 0;
    const counts = () => both.map(({ received }) => received.length);
    // A stream may open late: messages come until both had one, or the test's time is over.
    while (Math.min(...counts()) === 0) {
      await publish(clients, topic.name, 1);
      published++;
      await pause(10);
    }
    await until(() => counts().reduce((sum, count) => sum + count) === published);
    await Promise.all(both.map((stream) => stream.end()));
  },

  'acks and deadlines on the stream take effect': async (clients) => {
    const { topic, subscription } = await clients.queue();
    const name = subscription.name;
    await publish(clients, topic.name, 3);
    const stream = new Stream(clients, { subscription: name, maxOutstandingMessages: 3 });
    await until(() => stream.received.length === 3);
    const [acked = '', nacked = '', extended = ''] = stream.ackIds;
    await stream.end();
    const other = new Stream(clients, {
      ...{ subscription: name, maxOutstandingMessages: 1, ackIds: [acked] },
      ...{ modifyDeadlineAckIds: [extended, nacked], modifyDeadlineSeconds: [600, 0] },
    });
    await until(() => other.received.length === 1);
    other.write({ ackIds: other.ackIds });
    await pause(A_WHILE_MS);
    expect(other.received).toHaveLength(1);
    await other.end();
  },

  "the lease lasts as long as the stream's deadline": async (clients) => {
    const { topic, subscription } = await clients.queue();
    await subscription.setMetadata({ ackDeadlineSeconds: 600 });
    await publish(clients, topic.name, 1);
    const first = new Stream(clients, { subscription: subscription.name });
    await until(() => first.received.length === 1);
    await first.end();
    const second = new Stream(clients, { subscription: subscription.name });
    await until(() => second.received.length === 1);
    expect(second.received[0]?.message?.messageId).toBe(first.received[0]?.message?.messageId);
    await second.end();
  },

  'a ping is answered, so that the client keeps the stream': async (clients) => {
    const { subscription } = await clients.queue();
    const stream = new Stream(clients, { subscription: subscription.name, protocolVersion: 1 });
    await pause(A_WHILE_MS);
    const before = stream.responses;
    stream.write({});
    await pause(A_WHILE_MS);
    expect(stream.responses).toBe(before + 1);
    await stream.end();
  },

  'a stream on an unknown subscription returns NOT_FOUND': async (clients) => {
    const subscription = `${(await clients.queue()).subscription.name}-not`;
    expect(await new Stream(clients, { subscription }).ended()).toBe(status.NOT_FOUND);
  },

  'a deleted subscription ends its streams': async (clients) => {
    const { subscription } = await clients.queue();
    const stream = new Stream(clients, { subscription: subscription.name });
    await pause(A_WHILE_MS);
    await subscription.delete();
    expect(await stream.ended()).toBe(status.NOT_FOUND);
  },

  'a stream deadline is 10 to 600 s': async (clients) => {
    const { subscription } = await clients.queue();
    for (const streamAckDeadlineSeconds of [0, 9, 601]) {
      const request = { subscription: subscription.name, streamAckDeadlineSeconds };
      expect(await new Stream(clients, request).ended()).toBe(status.INVALID_ARGUMENT);
    }
  },

  'fields of the first request end the stream in later requests': async (clients) => {
    const { subscription } = await clients.queue();
    const late: Request[] = [
      { subscription: subscription.name },
      { maxOutstandingMessages: 5 },
      { maxOutstandingBytes: 5 },
      { protocolVersion: 1 },
    ];
    for (const request of late) {
      const stream = new Stream(clients, { subscription: subscription.name });
      stream.write(request);
      expect(await stream.endedSoon(), JSON.stringify(request)).toBe(status.INVALID_ARGUMENT);
    }
  },

  'a malformed ack id or unequal lists end the stream': async (clients) => {
    const { subscription } = await clients.queue();
    const late: Request[] = [
      { ackIds: ['no such id'] },
      { modifyDeadlineAckIds: ['no such id'], modifyDeadlineSeconds: [10] },
      { modifyDeadlineAckIds: ['no such id'], modifyDeadlineSeconds: [] },
    ];
    for (const request of late) {
      const stream = new Stream(clients, { subscription: subscription.name });
      stream.write(request);
      expect(await stream.endedSoon(), JSON.stringify(request)).toBe(status.INVALID_ARGUMENT);
    }
  },
};
