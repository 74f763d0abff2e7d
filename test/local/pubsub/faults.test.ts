// Each fault of local/pubsub, as a client sees it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Faults } from '../../../local/faults/faults.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import { Clients, codeOf, pause, until } from '../../beds/pubsub-clients.ts';

let directory: string;
let faults: Faults;
let server: PubsubServer;
let clients: Clients;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pubsub-'));
  faults = new Faults();
  server = await startPubsub({ port: 0, directory, faults });
  clients = new Clients(server.port);
});

afterEach(async () => {
  await clients.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

/** Publishes over REST, as the Worker does. Returns the status, or the error of the connection. */
async function publish(topic: string, texts: readonly string[], signal?: AbortSignal) {
  const messages = texts.map((text) => ({ data: Buffer.from(text).toString('base64') }));
  const url = `http://127.0.0.1:${server.port}/v1/${topic}:publish`;
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages }),
    ...(signal && { signal }),
  };
  try {
    const response = await fetch(url, init);
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return (error as Error).name;
  }
}

const texts = (count: number) => Array.from({ length: count }, (_, index) => `message ${index}`);

/** Pulls once and acks everything. */
async function drain(subscription: string): Promise<string[]> {
  const drained: string[] = [];
  for (;;) {
    const request = { subscription, maxMessages: 1000, returnImmediately: true };
    const [{ receivedMessages = [] }] = await clients.subscriber.pull(request);
    if (!receivedMessages?.length) return drained;
    drained.push(...receivedMessages.map(({ message }) => String(message?.data)));
    const ackIds = receivedMessages.map(({ ackId }) => ackId ?? '');
    await clients.subscriber.acknowledge({ subscription, ackIds });
  }
}

describe('publish', () => {
  test('publish.status fails as often as scripted, and stores nothing', async () => {
    const { topic, subscription } = await clients.queue();
    faults.add({ name: 'publish.status', times: 2 });
    faults.add({ name: 'publish.status', code: 'RESOURCE_EXHAUSTED' });
    const statuses = [];
    for (const text of texts(4)) statuses.push(await publish(topic.name, [text]));
    expect(statuses).toEqual([503, 503, 429, 200]);
    expect(await drain(subscription.name)).toEqual(['message 3']);
  });

  test('publish.lost-ack stores, and cuts the connection', async () => {
    const { topic, subscription } = await clients.queue();
    faults.add({ name: 'publish.lost-ack' });
    expect(await publish(topic.name, ['a'])).toBe('TypeError');
    expect(await publish(topic.name, ['b'])).toBe(200);
    expect(await drain(subscription.name)).toEqual(['a', 'b']);
  });

  test('publish.lost-ack by gRPC is UNAVAILABLE', async () => {
    const { topic, subscription } = await clients.queue();
    faults.add({ name: 'publish.lost-ack' });
    const request = { topic: topic.name, messages: [{ data: Buffer.from('a') }] };
    expect(await codeOf(clients.publisher.publish(request, { retry: null }))).toBe(
      status.UNAVAILABLE,
    );
    expect(await drain(subscription.name)).toEqual(['a']);
  });

  test('publish.hang never answers, and stores nothing', async () => {
    const { topic, subscription } = await clients.queue();
    faults.add({ name: 'publish.hang', on: topic.name });
    const given = new AbortController();
    const hung = publish(topic.name, ['a'], given.signal);
    expect(await publish(topic.name, ['b'])).toBe(200);
    expect(await Promise.race([hung, pause(200)])).toBe(undefined);
    given.abort();
    expect(await hung).toBe('AbortError');
    expect(await drain(subscription.name)).toEqual(['b']);
  });

  test('publish.delay lets the others pass', async () => {
    const { topic, subscription } = await clients.queue();
    faults.add({ name: 'publish.delay', ms: 300 });
    const late = publish(topic.name, ['late']);
    expect(await publish(topic.name, ['early'])).toBe(200);
    expect(await late).toBe(200);
    expect(await drain(subscription.name)).toEqual(['early', 'late']);
  });
});

describe('acks', () => {
  test('ack.lost answers OK and acks nothing', async () => {
    const { topic, subscription } = await clients.queue();
    const { name } = subscription;
    await publish(topic.name, ['a']);
    const [received] = await clients.pull(name, 1);
    const request = { subscription: name, ackIds: [received?.ackId ?? ''] };
    faults.add({ name: 'ack.lost' });
    await clients.subscriber.acknowledge(request);
    await clients.subscriber.modifyAckDeadline({ ...request, ackDeadlineSeconds: 0 });
    expect(await drain(name)).toEqual(['a']);
  });

  test.each([
    ['ack.lost-answer', [] as string[]],
    ['ack.status', ['a']],
  ] as const)('after %s the call has failed, and there is left: %j', async (fault, left) => {
    const { topic, subscription } = await clients.queue();
    const { name } = subscription;
    await publish(topic.name, ['a']);
    const [received] = await clients.pull(name, 1);
    const request = { subscription: name, ackIds: [received?.ackId ?? ''] };
    faults.add({ name: fault });
    const code = await codeOf(clients.subscriber.acknowledge(request, { retry: null }));
    expect(code).toBe(status.UNAVAILABLE);
    await clients.subscriber.modifyAckDeadline({ ...request, ackDeadlineSeconds: 0 });
    expect(await drain(name)).toEqual(left);
  });
});

describe('delivery', () => {
  test('deliver.twice brings each message once more, and one ack ends both', async () => {
    const { topic, subscription } = await clients.queue();
    await publish(topic.name, texts(3));
    faults.add({ name: 'deliver.twice', times: 'always' });
    const received = await clients.pull(subscription.name, 6);
    expect(received.map(({ message }) => String(message?.data))).toEqual([
      ...texts(3),
      ...texts(3),
    ]);
    const ackIds = received.slice(0, 3).map(({ ackId }) => ackId ?? '');
    await clients.subscriber.acknowledge({ subscription: subscription.name, ackIds });
    expect(await clients.isEmpty(subscription.name)).toBe(true);
  });

  test('deliver.out-of-order turns one batch round', async () => {
    const { topic, subscription } = await clients.queue();
    await publish(topic.name, texts(5));
    faults.add({ name: 'deliver.out-of-order' });
    const received = await clients.pull(subscription.name, 5);
    expect(received.map(({ message }) => String(message?.data))).toEqual(texts(5).reverse());
  });

  test('leases.redeliver brings all that is outstanding again; the old ids still ack', async () => {
    const { topic, subscription } = await clients.queue();
    const { name } = subscription;
    await publish(topic.name, texts(20));
    const first = await clients.pull(name, 20);
    faults.add({ name: 'leases.redeliver', on: name });
    const second = await clients.pull(name, 20);
    expect(second.map(({ message }) => message?.messageId).sort()).toEqual(
      first.map(({ message }) => message?.messageId).sort(),
    );
    const ackIds = first.map(({ ackId }) => ackId ?? '');
    await clients.subscriber.acknowledge({ subscription: name, ackIds });
    expect(await clients.isEmpty(name)).toBe(true);
  });

  test('leases.expire does the same, and old ack ids are ignored', async () => {
    const { topic, subscription } = await clients.queue();
    const { name } = subscription;
    await publish(topic.name, texts(3));
    const first = await clients.pull(name, 3);
    faults.add({ name: 'leases.expire' });
    const ackIds = first.map(({ ackId }) => ackId ?? '');
    await clients.subscriber.acknowledge({ subscription: name, ackIds });
    expect((await drain(name)).sort()).toEqual(texts(3));
  });

  test('a redelivery gives the stream that held the messages its room back', async () => {
    const { topic, subscription } = await clients.queue();
    const stream = clients.subscriber.streamingPull();
    const seen: string[] = [];
    stream.on('data', ({ receivedMessages }: { receivedMessages: { ackId: string }[] }) => {
      seen.push(...receivedMessages.map(({ ackId }) => ackId));
    });
    stream.on('error', () => {});
    stream.write({
      subscription: subscription.name,
      streamAckDeadlineSeconds: 10,
      maxOutstandingMessages: 2,
    });
    await publish(topic.name, texts(2));
    await until(() => seen.length === 2);
    faults.add({ name: 'leases.redeliver' });
    await until(() => seen.length === 4);
    expect(new Set(seen).size).toBe(4);
    stream.cancel();
  });

  test('streams.reset ends every stream with the code, and the client comes back', async () => {
    const { topic, subscription } = await clients.queue();
    const stream = clients.subscriber.streamingPull();
    const ended = new Promise<number>((resolve) => {
      stream.on('error', ({ code }: { code: number }) => resolve(code));
    });
    const opened = new Promise((resolve) => stream.once('data', resolve));
    stream.write({ subscription: subscription.name, streamAckDeadlineSeconds: 10 });
    await opened;
    faults.add({ name: 'streams.reset', code: 'INTERNAL' });
    expect(await ended).toBe(status.INTERNAL);

    const seen: string[] = [];
    subscription.on('message', (message) => {
      seen.push(String(message.data));
      message.ack();
    });
    await publish(topic.name, ['before']);
    await until(() => seen.length === 1);
    faults.add({ name: 'streams.reset' });
    await publish(topic.name, ['after']);
    await until(() => seen.includes('after'));
    await subscription.close();
  });
});

describe('/__faults', () => {
  const call = async (method: string, body?: unknown) => {
    const url = `http://127.0.0.1:${server.port}/__faults`;
    const response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  test('adds, lists and removes faults', async () => {
    const { topic } = await clients.queue();
    const fault = { name: 'publish.status', on: topic.name, after: 1, times: 5 };
    expect(await call('POST', fault)).toMatchObject({ status: 200 });
    const statuses = [];
    for (const text of texts(3)) statuses.push(await publish(topic.name, [text]));
    expect(statuses).toEqual([200, 503, 503]);
    expect((await call('GET')).json).toEqual({ faults: [{ ...fault, struck: 2 }] });
    expect((await call('DELETE')).json).toEqual({ faults: [] });
    expect(await publish(topic.name, ['x'])).toBe(200);
  });

  test.each([
    [{ name: 'no.such' }],
    [{ name: 'publish.hang', ms: 5 }],
    [{ name: 'publish.status', code: 'NO_CODE' }],
    [{ name: 'streams.reset', times: 2 }],
    [{ name: 'publish.delay', ms: -1 }],
    [[null]],
    ['publish.hang'],
  ])('refuses %j', async (body) => {
    expect((await call('POST', body)).status).toBe(400);
    expect(faults.list()).toEqual([]);
  });

  test('does not exist unless faults are enabled', async () => {
    const own = await mkdtemp(join(tmpdir(), 'pubsub-'));
    const plain = await startPubsub({ port: 0, directory: own });
    const response = await fetch(`http://127.0.0.1:${plain.port}/__faults`, { method: 'POST' });
    expect(response.status).toBe(404);
    await plain.stop();
    await rm(own, { recursive: true });
  });
});

describe('permissions', () => {
  async function granted(resource: string, permissions: string[]): Promise<string[]> {
    const url = `http://127.0.0.1:${server.port}/v1/${resource}:testIamPermissions`;
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ permissions });
    const response = await fetch(url, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    return ((await response.json()) as { permissions?: string[] }).permissions ?? [];
  }

  test('everybody has all of what exists, over REST and gRPC, and none of what does not', async () => {
    const { topic, subscription } = await clients.queue();
    const asked = ['pubsub.topics.publish', 'pubsub.topics.get'];
    expect(await granted(topic.name, asked)).toEqual(asked);
    expect(await granted(subscription.name, ['pubsub.subscriptions.consume'])).toHaveLength(1);
    expect(await granted('projects/p/topics/none', asked)).toEqual([]);
    const [byGrpc] = await topic.iam.testPermissions(asked);
    expect(byGrpc).toEqual({ 'pubsub.topics.publish': true, 'pubsub.topics.get': true });
  });

  test('iam.denied leaves one out, and refuses the calls that need it', async () => {
    const { topic, subscription } = await clients.queue();
    faults.add({ name: 'iam.denied', on: `${topic.name} pubsub.topics.publish` });
    const asked = ['pubsub.topics.publish', 'pubsub.topics.get'];
    expect(await granted(topic.name, asked)).toEqual(['pubsub.topics.get']);
    expect(await publish(topic.name, ['refused'])).toBe(403);
    expect(await codeOf(clients.publisher.getTopic({ topic: topic.name }))).toBeNull();
    faults.clear();
    faults.add({ name: 'iam.denied', on: 'pubsub.subscriptions.get' });
    const get = clients.subscriber.getSubscription({ subscription: subscription.name });
    expect(await codeOf(get)).toBe(status.PERMISSION_DENIED);
    expect(await drain(subscription.name)).toEqual([]);
  });
});
