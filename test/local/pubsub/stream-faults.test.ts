// The faults of streams, leases and connections, as a client sees them.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Faults } from '../../../local/faults/faults.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import { Clients, codeOf, pause, until } from '../../beds/pubsub-clients.ts';

let directory: string;
let faults: Faults;
let server: PubsubServer;
let clients: Clients;
let name: string;
let publish: (text: string) => Promise<unknown>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pubsub-'));
  faults = new Faults();
  server = await startPubsub({ port: 0, directory, faults });
  clients = new Clients(server.port);
  const { topic, subscription } = await clients.queue();
  ({ name } = subscription);
  publish = (text) => topic.publishMessage({ data: Buffer.from(text) });
});

afterEach(async () => {
  await clients.close();
  await server.stop();
  await rm(directory, { recursive: true });
});

interface Response {
  receivedMessages: { ackId: string; message: { data: Buffer } }[];
}

/** A stream that records: how many responses came, the texts of the messages, and how it ended. */
function open() {
  const stream = clients.subscriber.streamingPull();
  const seen = { responses: 0, texts: [] as string[], ended: undefined as number | undefined };
  stream.on('data', ({ receivedMessages }: Response) => {
    seen.responses++;
    seen.texts.push(...receivedMessages.map(({ message }) => String(message.data)));
  });
  stream.on('error', ({ code }: { code: number }) => {
    seen.ended = code;
  });
  stream.on('end', () => {
    seen.ended ??= status.OK;
  });
  stream.write({ subscription: name, streamAckDeadlineSeconds: 10, protocolVersion: 1 });
  return { stream, seen };
}

test('stream.status ends a stream that is opened, and the next one works', async () => {
  faults.add({ name: 'stream.status', code: 'UNAUTHENTICATED' });
  const refused = open();
  await until(() => refused.seen.ended !== undefined);
  expect(refused.seen.ended).toBe(status.UNAUTHENTICATED);
  const { stream, seen } = open();
  await publish('a');
  await until(() => seen.texts.length === 1);
  stream.cancel();
});

test('stream.silent brings nothing, and answers pings', async () => {
  faults.add({ name: 'stream.silent' });
  const { stream, seen } = open();
  await until(() => seen.responses === 1);
  await publish('a');
  stream.write({});
  await until(() => seen.responses === 2);
  expect(seen.texts).toEqual([]);
  const second = open();
  await until(() => second.seen.texts.length === 1);
  stream.cancel();
  second.stream.cancel();
});

test('stream.frozen answers nothing', async () => {
  faults.add({ name: 'stream.frozen' });
  const { stream, seen } = open();
  stream.write({});
  await publish('a');
  await pause(200);
  expect(seen).toEqual({ responses: 0, texts: [], ended: undefined });
  stream.cancel();
});

test('streams.end ends streams with OK, and a pull without a message', async () => {
  const { seen } = open();
  await until(() => seen.responses === 1);
  faults.add({ name: 'streams.end' });
  await until(() => seen.ended !== undefined);
  expect(seen.ended).toBe(status.OK);
  const pulled = clients.subscriber.pull({ subscription: name, maxMessages: 1 });
  await pause(100);
  faults.add({ name: 'streams.end' });
  const [{ receivedMessages }] = await pulled;
  expect(receivedMessages).toEqual([]);
});

test.each(['connections.goaway', 'connections.cut'] as const)(
  '%s ends streams with an error, and the client connects again',
  async (fault) => {
    const { seen } = open();
    await until(() => seen.responses === 1);
    faults.add({ name: fault });
    await until(() => seen.ended !== undefined);
    expect(seen.ended).not.toBe(status.OK);
    const second = open();
    await publish('a');
    await until(() => second.seen.texts.length === 1);
    second.stream.cancel();
  },
);

async function lease() {
  await publish('a');
  const [received] = await clients.pull(name, 1);
  return { subscription: name, ackIds: [received?.ackId ?? ''] };
}

test('ack.delayed-answer acks at once, and answers later', async () => {
  const request = await lease();
  faults.add({ name: 'ack.delayed-answer', ms: 300 });
  let isAnswered = false;
  const answered = clients.subscriber.acknowledge(request).then(() => {
    isAnswered = true;
  });
  await until(() => faults.list()[0]?.struck === 1);
  faults.add({ name: 'leases.redeliver' });
  expect(await clients.isEmpty(name)).toBe(true);
  expect(isAnswered).toBe(false);
  await answered;
});

test('ack.hang is never answered, and acks nothing', async () => {
  const request = await lease();
  faults.add({ name: 'ack.hang' });
  const options = { timeout: 200, retry: null };
  const code = await codeOf(clients.subscriber.acknowledge(request, options));
  expect(code).toBe(status.DEADLINE_EXCEEDED);
  faults.add({ name: 'leases.redeliver' });
  expect(await clients.isEmpty(name)).toBe(false);
});

test.each([
  ['modack.lost', null],
  ['modack.status', status.UNAVAILABLE],
] as const)('after %s the lease is as it was', async (fault, expected) => {
  const request = { ...(await lease()), ackDeadlineSeconds: 0 };
  faults.add({ name: fault });
  const nack = () => clients.subscriber.modifyAckDeadline(request, { retry: null });
  expect(await codeOf(nack())).toBe(expected);
  expect(await clients.isEmpty(name)).toBe(true);
  expect(await codeOf(nack())).toBe(null);
  expect(await clients.isEmpty(name)).toBe(false);
});
