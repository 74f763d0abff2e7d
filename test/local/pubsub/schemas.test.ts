import { v1 } from '@google-cloud/pubsub';
import { credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeOf, freshName, PROJECT } from '../../beds/pubsub-clients.ts';
import { ownServer } from './own-server.ts';

const server = ownServer();
let schemas: InstanceType<typeof v1.SchemaServiceClient>;

function connect() {
  const raw = {
    servicePath: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  };
  return new v1.SchemaServiceClient({ projectId: PROJECT, ...raw });
}

beforeEach(() => {
  schemas = connect();
});
afterEach(() => schemas.close());

const parent = `projects/${PROJECT}`;
const avro = (...fields: string[]) =>
  JSON.stringify({
    type: 'record',
    name: 'Order',
    fields: fields.map((name) => ({ name, type: 'string' })),
  });
const proto = 'syntax = "proto3"; message Order { string id = 1; double total = 2; int64 at = 3; }';

async function createSchema(type: 'AVRO' | 'PROTOCOL_BUFFER', definition: string): Promise<string> {
  const [{ name }] = await schemas.createSchema({
    parent,
    schemaId: freshName(),
    schema: { type, definition },
  });
  return name ?? '';
}

async function topicOf(schema: string, encoding: 'JSON' | 'BINARY'): Promise<string> {
  const name = `${parent}/topics/${freshName()}`;
  await server.clients.publisher.createTopic({ name, schemaSettings: { schema, encoding } });
  return name;
}

const publish = (topic: string, data: Buffer | string) =>
  codeOf(server.clients.publisher.publish({ topic, messages: [{ data: Buffer.from(data) }] }));

test('a topic takes JSON that fits its Avro schema, and names the revision to subscribers', async () => {
  const schema = await createSchema('AVRO', avro('id'));
  const topic = await topicOf(schema, 'JSON');
  const subscription = `${parent}/subscriptions/${freshName()}`;
  await server.clients.subscriber.createSubscription({ name: subscription, topic });
  expect(await publish(topic, '{"id":"a"}')).toBe(null);
  for (const bad of ['{"id":1}', '{"other":"a"}', 'no JSON', ''.padEnd(3)]) {
    expect(await publish(topic, bad), bad).toBe(status.INVALID_ARGUMENT);
  }
  const [received] = await server.clients.pull(subscription, 1);
  expect(received?.message?.attributes).toMatchObject({
    googclient_schemaencoding: 'JSON',
    googclient_schemaname: schema,
    googclient_schemarevisionid: expect.stringMatching(/^[0-9a-f]{8}$/),
  });
});

test('a topic takes binary that fits its schema', async () => {
  const avroTopic = await topicOf(await createSchema('AVRO', avro('id')), 'BINARY');
  expect(await publish(avroTopic, Buffer.from([2, 0x61]))).toBe(null);
  expect(await publish(avroTopic, Buffer.from([20, 0x61]))).toBe(status.INVALID_ARGUMENT);
  const protoTopic = await topicOf(await createSchema('PROTOCOL_BUFFER', proto), 'BINARY');
  expect(await publish(protoTopic, Buffer.from([10, 1, 0x61]))).toBe(null);
  expect(await publish(protoTopic, Buffer.from([10, 9, 0x61]))).toBe(status.INVALID_ARGUMENT);
});

test('protocol buffers are taken as JSON too', async () => {
  const topic = await topicOf(await createSchema('PROTOCOL_BUFFER', proto), 'JSON');
  expect(await publish(topic, '{"id":"a","total":1.5,"at":"9007199254740993"}')).toBe(null);
  expect(await publish(topic, '{"id":"a","nothing":1}')).toBe(status.INVALID_ARGUMENT);
});

test('a schema has revisions, which are committed, rolled back to and deleted; over a restart too', async () => {
  const name = await createSchema('AVRO', avro('id'));
  const [first] = await schemas.getSchema({ name });
  const schema = { name, type: 'AVRO' as const, definition: avro('id', 'note') };
  const [second] = await schemas.commitSchema({ name, schema });
  expect(second.revisionId).not.toBe(first.revisionId);
  await server.restart();
  await schemas.close();
  schemas = connect();
  const [third] = await schemas.rollbackSchema({ name, revisionId: first.revisionId ?? '' });
  expect(third.definition).toBe(avro('id'));
  const [listed] = await schemas.listSchemaRevisions({ name, view: 'FULL' });
  expect(listed.map(({ revisionId }) => revisionId)).toEqual(
    [third, second, first].map(({ revisionId }) => revisionId),
  );
  const [old] = await schemas.getSchema({ name: `${name}@${second.revisionId}` });
  expect(old.definition).toBe(avro('id', 'note'));
  await schemas.deleteSchemaRevision({ name: `${name}@${third.revisionId}` });
  expect((await schemas.getSchema({ name }))[0].revisionId).toBe(second.revisionId);
});

test('a topic takes the revisions from its first to its last', async () => {
  const schema = await createSchema('AVRO', avro('id'));
  const [{ revisionId: first }] = await schemas.getSchema({ name: schema });
  const revision = { name: schema, type: 'AVRO' as const, definition: avro('note') };
  await schemas.commitSchema({ name: schema, schema: revision });
  const both = await topicOf(schema, 'JSON');
  const name = `${parent}/topics/${freshName()}`;
  const schemaSettings = { schema, encoding: 'JSON' as const, lastRevisionId: first ?? '' };
  await server.clients.publisher.createTopic({ name, schemaSettings });
  expect(await publish(both, '{"id":"a"}')).toBe(null);
  expect(await publish(both, '{"note":"a"}')).toBe(null);
  expect(await publish(name, '{"note":"a"}')).toBe(status.INVALID_ARGUMENT);
});

test('bad definitions are refused; so are topics of no schema, and publishes after its deletion', async () => {
  for (const [type, definition] of [
    ['AVRO', '{"not_actually":"avro"}'],
    ['AVRO', 'no JSON'],
    ['PROTOCOL_BUFFER', 'message {'],
    ['PROTOCOL_BUFFER', 'syntax = "proto3"; message A {} message B {}'],
    ['PROTOCOL_BUFFER', 'syntax = "proto3"; import "other.proto"; message A {}'],
  ] as const) {
    const call = schemas.validateSchema({ parent, schema: { type, definition } });
    expect(await codeOf(call), definition).toBe(status.INVALID_ARGUMENT);
  }
  expect(await codeOf(topicOf(`${parent}/schemas/${freshName()}`, 'JSON'))).toBe(status.NOT_FOUND);
  const name = await createSchema('AVRO', avro('id'));
  const topic = await topicOf(name, 'JSON');
  await schemas.deleteSchema({ name });
  expect(await publish(topic, '{"id":"a"}')).toBe(status.FAILED_PRECONDITION);
  const [{ schemaSettings }] = await server.clients.publisher.getTopic({ topic });
  expect(schemaSettings?.schema).toBe('_deleted-schema_');
});

test('a message is validated without a topic', async () => {
  const schema = { type: 'AVRO' as const, definition: avro('id') };
  const check = (text: string) =>
    codeOf(
      schemas.validateMessage({ parent, schema, message: Buffer.from(text), encoding: 'JSON' }),
    );
  expect(await check('{"id":"a"}')).toBe(null);
  expect(await check('{"foo":"bar"}')).toBe(status.INVALID_ARGUMENT);
});

test('schemas are created and listed over REST', async () => {
  const schemaId = freshName();
  const body = { type: 'AVRO', definition: avro('id') };
  const created = await server.clients.rest('POST', `/schemas?schemaId=${schemaId}`, body);
  expect(created).toMatchObject({ status: 200, json: { type: 'AVRO', definition: avro('id') } });
  const listed = await server.clients.rest('GET', '/schemas?view=FULL&pageSize=5');
  expect(listed.json).toMatchObject({ schemas: [{ name: `${parent}/schemas/${schemaId}` }] });
});
