import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freshName, until } from '../../beds/pubsub-clients.ts';
import { ownServer } from './own-server.ts';

const server = ownServer();
let receiver: Server;
let endpoint: string;
let requests: { headers: IncomingHttpHeaders; body: string }[];
/** The statuses of the next answers; after them, 204. */
let statuses: number[];

beforeEach(async () => {
  requests = [];
  statuses = [];
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(statuses.shift() ?? 204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});

afterEach(() => {
  receiver.closeAllConnections();
  receiver.close();
});

async function pushed(pushConfig: object) {
  const [topic] = await server.clients.pubsub.createTopic(freshName());
  const config = {
    pushConfig: { pushEndpoint: endpoint, ...pushConfig },
    enableMessageOrdering: true,
  };
  const [subscription] = await topic.createSubscription(freshName(), config);
  return { topic, subscription };
}

test('a message is pushed as JSON, again after a refusal, and then acked', async () => {
  statuses = [500, 302];
  const { topic, subscription } = await pushed({});
  const { publisher } = server.clients;
  const publish = async (text: string) => {
    const messages = [{ data: Buffer.from(text), attributes: { a: 'b' }, orderingKey: 'k' }];
    return (await publisher.publish({ topic: topic.name, messages }))[0].messageIds?.[0];
  };
  const id = await publish('x');
  await until(() => requests.length === 1);
  // The second message of the key comes after the first is acked.
  await publish('second');
  await until(() => requests.length === 4);
  const bodies = requests.map(({ body }) => JSON.parse(body));
  expect(bodies.pop().message.data).toBe(Buffer.from('second').toString('base64'));
  for (const body of bodies) {
    expect(body).toMatchObject({
      message: { data: 'eA==', attributes: { a: 'b' }, messageId: id, message_id: id },
      subscription: subscription.name,
    });
  }
});

test('without a wrapper the body is the data, and metadata are headers', async () => {
  const { topic } = await pushed({ noWrapper: { writeMetadata: true } });
  const id = await topic.publishMessage({ data: Buffer.from('raw'), attributes: { color: 'red' } });
  await until(() => requests.length === 1);
  expect(requests[0]?.body).toBe('raw');
  expect(requests[0]?.headers).toMatchObject({ color: 'red', 'x-goog-pubsub-message-id': id });
});

test('a push has a token that the keys of the server verify, also after a restart', async () => {
  const email = 'pusher@conformance.example';
  const { topic } = await pushed({ oidcToken: { serviceAccountEmail: email } });
  await topic.publishMessage({ data: Buffer.from('x') });
  await until(() => requests.length === 1);
  await server.restart();
  const certs = await fetch(`http://127.0.0.1:${server.port}/oauth2/v3/certs`);
  const keys = createLocalJWKSet((await certs.json()) as JSONWebKeySet);
  const token = requests[0]?.headers.authorization?.replace('Bearer ', '') ?? '';
  const expected = { audience: endpoint, issuer: 'https://accounts.google.com' };
  const { payload } = await jwtVerify(token, keys, expected);
  expect(payload).toMatchObject({ email, email_verified: true });
});

test('ModifyPushConfig turns a pull subscription into a push subscription', async () => {
  const { topic, subscription } = await server.clients.queue();
  await topic.publishMessage({ data: Buffer.from('waits') });
  await subscription.modifyPushConfig({ pushEndpoint: endpoint });
  await until(() => requests.length === 1);
  const [metadata] = await subscription.getMetadata();
  expect(metadata.pushConfig?.pushEndpoint).toBe(endpoint);
});
