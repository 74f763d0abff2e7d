import type { protos } from '@google-cloud/pubsub';
import { invalid, PubsubError } from '../errors.ts';
import { checkName, checkProject } from '../resource-names.ts';
import { compileSchema } from '../schemas/compile-schema.ts';
import type { Revision, Schema, SchemaRegistry } from '../schemas/schema-registry.ts';
import { BINARY_ENCODING, JSON_ENCODING } from '../schemas/schema-settings.ts';
import type { Method } from './method.ts';
import { inProject, listPage } from './page.ts';

type v1 = typeof protos.google.pubsub.v1;
type ISchema = protos.google.pubsub.v1.ISchema;

const BASIC: v1['SchemaView']['BASIC'] = 1;
const FULL: v1['SchemaView']['FULL'] = 2;

export function schemaMethods(registry: SchemaRegistry): Record<string, Method> {
  return {
    CreateSchema: (request: protos.google.pubsub.v1.ICreateSchemaRequest) => {
      const name = `${checkProject(request.parent)}/schemas/${request.schemaId ?? ''}`;
      const { type, definition } = given(request.schema);
      return show(registry.create(checkName('schemas', name), type, definition));
    },
    GetSchema: ({ name, view }: protos.google.pubsub.v1.IGetSchemaRequest) => {
      const { schema, revision } = registry.find(name);
      return show(schema, revision, view !== BASIC);
    },
    ListSchemas: (request: protos.google.pubsub.v1.IListSchemasRequest) => {
      const all = inProject(registry.all, request.parent);
      const { items, nextPageToken } = listPage(all, request);
      const isFull = request.view === FULL;
      return { schemas: items.map((schema) => show(schema, undefined, isFull)), nextPageToken };
    },
    ListSchemaRevisions: (request: protos.google.pubsub.v1.IListSchemaRevisionsRequest) => {
      const { schema } = registry.find(request.name);
      // The newest first; listPage sorts by name.
      const all = schema.revisions
        .toReversed()
        .map((revision, index) => ({ name: String(index).padStart(4, '0'), revision }));
      const { items, nextPageToken } = listPage(all, request);
      const isFull = request.view === FULL;
      return {
        schemas: items.map(({ revision }) => show(schema, revision, isFull)),
        nextPageToken,
      };
    },
    CommitSchema: (request: protos.google.pubsub.v1.ICommitSchemaRequest) => {
      const { type, definition } = given(request.schema);
      return show(registry.commit(request.name, type, definition));
    },
    RollbackSchema: (request: protos.google.pubsub.v1.IRollbackSchemaRequest) =>
      show(registry.rollback(request.name, request.revisionId ?? '')),
    DeleteSchemaRevision: (request: protos.google.pubsub.v1.IDeleteSchemaRevisionRequest) => {
      const { name, revisionId } = request;
      const whole = revisionId ? `${name}@${revisionId}` : (name ?? '');
      if (!whole.includes('@')) throw invalid('The name must end with @ and the revision id.');
      return show(registry.deleteRevision(whole));
    },
    DeleteSchema: ({ name }: protos.google.pubsub.v1.IDeleteSchemaRequest) => {
      registry.delete(name);
      return {};
    },
    ValidateSchema: ({ parent, schema }: protos.google.pubsub.v1.IValidateSchemaRequest) => {
      checkProject(parent);
      const { type, definition } = given(schema);
      compileSchema(type, definition);
      return {};
    },
    ValidateMessage: (request: protos.google.pubsub.v1.IValidateMessageRequest) => {
      validateMessage(registry, request);
      return {};
    },
  };
}

function validateMessage(
  registry: SchemaRegistry,
  { name, schema, message, encoding }: protos.google.pubsub.v1.IValidateMessageRequest,
): void {
  const kind = Number(encoding ?? 0);
  if (kind !== JSON_ENCODING && kind !== BINARY_ENCODING) {
    throw invalid('Invalid encoding: it must be JSON or BINARY.');
  }
  const data = Buffer.from((message ?? '') as Uint8Array);
  const { type, definition } = name ? stored(registry, name) : given(schema);
  const check = compileSchema(type, definition);
  try {
    check(data, kind);
  } catch (error) {
    throw invalid(`Invalid message: ${error instanceof Error ? error.message : error}`);
  }
}

function stored(registry: SchemaRegistry, name: string): { type: number; definition: string } {
  const { schema, revision } = registry.find(name);
  return { type: schema.type, definition: revision.definition };
}

function given(schema: ISchema | null | undefined): { type: number; definition: string } {
  if (!schema) throw new PubsubError('INVALID_ARGUMENT', 'The request has no schema.');
  return { type: Number(schema.type ?? 0), definition: schema.definition ?? '' };
}

function show(
  { name, type, revisions }: Schema,
  revision: Revision | undefined = revisions.at(-1),
  isFull = true,
): object {
  const { id = '', definition = '', createdMs = 0 } = revision ?? {};
  return {
    name,
    type,
    definition: isFull ? definition : '',
    revisionId: id,
    revisionCreateTime: {
      seconds: Math.floor(createdMs / 1000),
      nanos: (createdMs % 1000) * 1_000_000,
    },
  };
}
