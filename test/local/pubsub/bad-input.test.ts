// What a broken, careless or hostile client sends to local/pubsub, and the answer that it gets.

import { connect } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { codeOf, freshName, PROJECT, until } from '../../beds/pubsub-clients.ts';
import { ownServer } from './own-server.ts';

const server = ownServer();

/** A call of gRPC, byte for byte: the status that ends it. */
function rawCall(path: string, message: Buffer, cut = false): Promise<string | undefined> {
  const session = connect(`http://127.0.0.1:${server.port}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), message]);
  frame.writeUInt32BE(message.length, 1);
  return new Promise((resolve, reject) => {
    let code: string | undefined;
    const read = (headers: Record<string, unknown>) => {
      code ??= headers['grpc-status'] as string | undefined;
    };
    stream.on('response', read).on('trailers', read).on('error', reject);
    stream.on('close', () => session.close(() => resolve(code)));
    stream.resume();
    if (cut) {
      stream.write(frame.subarray(0, frame.length >> 1));
      stream.once('ready', () => session.destroy());
      session.once('close', () => resolve('cut'));
    } else stream.end(frame);
  });
}

/** The server still does its work. */
async function expectWorking() {
  const { topic, subscription } = await server.clients.queue();
  const messages = [{ data: Buffer.from('still here') }];
  await server.clients.publisher.publish({ topic: topic.name, messages });
  const [received] = await server.clients.pull(subscription.name, 1);
  expect(String(received?.message?.data)).toBe('still here');
}

const publish = '/google.pubsub.v1.Publisher/Publish';

it('a message that is no protocol buffer is an error of the call alone', async () => {
  const codes = [];
  for (const bytes of [Buffer.alloc(64, 0xff), Buffer.from([0x0a, 0x7f, 0x61])]) {
    codes.push(await rawCall(publish, bytes));
  }
  for (const code of codes) {
    expect([status.INTERNAL, status.INVALID_ARGUMENT].map(String)).toContain(code);
  }
  await expectWorking();
});

it('an unknown method and an unknown service are UNIMPLEMENTED', async () => {
  for (const path of ['/google.pubsub.v1.Publisher/Nothing', '/nobody.Service/Get', '/']) {
    expect(await rawCall(path, Buffer.alloc(0)), path).toBe(String(status.UNIMPLEMENTED));
  }
});

it('a request that is cut off in mid-message leaves nothing behind', async () => {
  const { topic, subscription } = await server.clients.queue();
  const { name } = topic;
  const bytes = Buffer.concat([
    Buffer.from([0x0a, name.length]),
    Buffer.from(name),
    Buffer.from([0x12, 5, 0x0a, 3, 0x61, 0x62, 0x63]),
  ]);
  await rawCall(publish, bytes, true);
  expect(await server.clients.isEmpty(subscription.name)).toBe(true);
  expect(await rawCall(publish, bytes)).toBe('0');
  await expectWorking();
});

it.each([
  ['POST', '/topics/x:publish', '{"messages": [', 400],
  ['POST', '/topics/x:publish', '[]', 400],
  ['POST', '/topics/x:publish', '{"messages": {}}', 400],
  ['POST', '/topics/x:publish', '{"messages": [{"data": 5}]}', 400],
  ['POST', '/topics/x:publish', '{"messages": [{"attributes": ["a"]}]}', 400],
  ['PUT', '/subscriptions/sub', '{"topic": 7}', 400],
  ['PUT', '/topics/a%2fb%00', '{}', 404],
  ['PUT', '/topics/%ff', '{}', 400],
  ['GET', '/topics?pageSize=x', undefined, 400],
  ['PATCH', '/topics', undefined, 404],
])('%s %s %s is %d, as JSON', async (method, path, body, code) => {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/projects/${PROJECT}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  });
  const { error } = (await response.json()) as { error: { code: number; message: string } };
  expect({ http: response.status, code: error.code }).toEqual({ http: code, code });
  expect(error.message).not.toBe('');
});

it('a publish of 12 MB is refused, and the server goes on', async () => {
  const { topic } = await server.clients.queue();
  const call = server.clients.publisher.publish({
    topic: topic.name,
    messages: [{ data: Buffer.alloc(12_000_000) }],
  });
  expect([status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED]).toContain(await codeOf(call));
  await expectWorking();
});

it('odd names are invalid arguments', async () => {
  const { publisher } = server.clients;
  for (const id of ['', 'a', '1abc', 'goog-x', 'a b', 'ä'.repeat(3), 'x'.repeat(256), '../etc']) {
    const made = publisher.createTopic({ name: `projects/${PROJECT}/topics/${id}` });
    expect(await codeOf(made), id).toBe(status.INVALID_ARGUMENT);
  }
  for (const name of ['', 'topics/x', `projects/${PROJECT}/topic/abc`, `projects//topics/abc`]) {
    expect(await codeOf(publisher.createTopic({ name })), name).toBe(status.INVALID_ARGUMENT);
  }
});

it('clients that never ack keep no message from others, nor the server from stopping', async () => {
  const { topic } = await server.clients.queue();
  const [lazy] = await topic.createSubscription(freshName(), { ackDeadlineSeconds: 600 });
  const [quick] = await topic.createSubscription(freshName());
  const messages = Array.from({ length: 1000 }, () => ({ data: Buffer.from('x') }));
  await server.clients.publisher.publish({ topic: topic.name, messages });
  let held = 0;
  lazy.on('message', () => {
    held++;
  });
  lazy.on('error', () => {});
  await until(() => held >= 1000);
  expect(await server.clients.pull(quick.name, 1000)).toHaveLength(1000);
  await server.restart();
  expect(await server.clients.pull(lazy.name, 1000)).toHaveLength(1000);
});

it('acks of ids that were never given are refused, or change nothing', async () => {
  const { topic, subscription } = await server.clients.queue();
  await server.clients.publisher.publish({
    topic: topic.name,
    messages: [{ data: Buffer.from('kept') }],
  });
  for (const ackId of ['x', 'AAAA', `${'9'.repeat(30)}`, '-1', '\u0000']) {
    const request = { subscription: subscription.name, ackIds: [ackId] };
    const code = await codeOf(server.clients.subscriber.acknowledge(request));
    expect([null, status.INVALID_ARGUMENT], ackId).toContain(code);
  }
  const [kept] = await server.clients.pull(subscription.name, 1);
  expect(String(kept?.message?.data)).toBe('kept');
});
