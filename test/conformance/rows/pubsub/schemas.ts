import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import {
  type Behaviours,
  type Clients,
  codeOf,
  freshName,
  PROJECT,
} from '../../../beds/pubsub-clients.ts';

const parent = `projects/${PROJECT}`;
const avro = JSON.stringify({
  type: 'record',
  name: 'Order',
  fields: [{ name: 'id', type: 'string' }],
});
const proto = 'syntax = "proto3"; message Order { string id = 1; }';

async function createSchema(
  { schemas }: Clients,
  type: 'AVRO' | 'PROTOCOL_BUFFER',
  definition: string,
) {
  const request = { parent, schemaId: freshName(), schema: { type, definition } };
  const [{ name }] = await schemas.createSchema(request);
  return name ?? '';
}

/** A topic of the schema takes the first and refuses the others. */
function judged(type: 'AVRO' | 'PROTOCOL_BUFFER', definition: string) {
  return async (clients: Clients) => {
    const schema = await createSchema(clients, type, definition);
    const topic = `${parent}/topics/${freshName()}`;
    const schemaSettings = { schema, encoding: 'JSON' as const };
    await clients.publisher.createTopic({ name: topic, schemaSettings });
    const publish = (text: string) =>
      codeOf(clients.publisher.publish({ topic, messages: [{ data: Buffer.from(text) }] }));
    expect(await publish('{"id":"a"}')).toBe(null);
    for (const bad of ['{"id":{}}', 'no JSON', '[]']) {
      expect(await publish(bad), bad).toBe(status.INVALID_ARGUMENT);
    }
    await clients.schemas.deleteSchema({ name: schema });
  };
}

export const schemas: Behaviours = {
  'a topic with an Avro schema refuses messages that do not fit': judged('AVRO', avro),
  'a topic with a protocol buffer refuses messages that do not fit': judged(
    'PROTOCOL_BUFFER',
    proto,
  ),

  'a schema is got, listed and deleted': async (clients) => {
    const name = await createSchema(clients, 'AVRO', avro);
    const [got] = await clients.schemas.getSchema({ name });
    expect(got).toMatchObject({ name, type: 'AVRO', definition: avro });
    const [all] = await clients.schemas.listSchemas({ parent });
    expect(all.map((schema) => schema.name)).toContain(name);
    await clients.schemas.deleteSchema({ name });
    expect(await codeOf(clients.schemas.getSchema({ name }))).toBe(status.NOT_FOUND);
  },

  'a schema has revisions, and is rolled back to one': async (clients) => {
    const name = await createSchema(clients, 'AVRO', avro);
    const [first] = await clients.schemas.getSchema({ name });
    const wider = JSON.stringify({
      type: 'record',
      name: 'Order',
      fields: [
        { name: 'id', type: 'string' },
        { name: 'total', type: 'double', default: 0 },
      ],
    });
    const schema = { name, type: 'AVRO' as const, definition: wider };
    const [second] = await clients.schemas.commitSchema({ name, schema });
    expect(second.revisionId).not.toBe(first.revisionId);
    const revisionId = first.revisionId ?? '';
    const [third] = await clients.schemas.rollbackSchema({ name, revisionId });
    expect(third.definition).toBe(avro);
    const [revisions] = await clients.schemas.listSchemaRevisions({ name });
    expect(revisions).toHaveLength(3);
    await clients.schemas.deleteSchema({ name });
  },

  'a definition that is none is an invalid argument': async (clients) => {
    for (const [type, definition] of [
      ['AVRO', '{'],
      ['AVRO', '{"type":"record"}'],
      ['PROTOCOL_BUFFER', 'message {'],
    ] as const) {
      const request = { parent, schemaId: freshName(), schema: { type, definition } };
      const made = clients.schemas.createSchema(request);
      expect(await codeOf(made), definition).toBe(status.INVALID_ARGUMENT);
      const valid = clients.schemas.validateSchema({ parent, schema: { type, definition } });
      expect(await codeOf(valid), definition).toBe(status.INVALID_ARGUMENT);
    }
  },

  'a message is validated against a schema without a topic': async ({ schemas }) => {
    const schema = { type: 'AVRO' as const, definition: avro };
    const validate = (text: string) =>
      codeOf(
        schemas.validateMessage({
          parent,
          schema,
          message: Buffer.from(text),
          encoding: 'JSON' as const,
        }),
      );
    expect(await validate('{"id":"a"}')).toBe(null);
    expect(await validate('{"id":1}')).toBe(status.INVALID_ARGUMENT);
  },
};
