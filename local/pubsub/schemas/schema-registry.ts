import { randomBytes } from 'node:crypto';
import type { Broker } from '../broker.ts';
import { invalid, PubsubError } from '../errors.ts';
import { checkName, DELETED_SCHEMA } from '../resource-names.ts';
import { type CheckData, compileSchema } from './compile-schema.ts';
import type { SchemaSettings } from './schema-settings.ts';

export interface Revision {
  readonly id: string;
  readonly definition: string;
  readonly createdMs: number;
}

/** Never without a revision; the newest is the last. */
export interface Schema {
  readonly name: string;
  readonly type: number;
  readonly revisions: readonly Revision[];
}

const KIND = 'schema';
const MAX_REVISIONS = 20;

/** All schemas, in memory and in the store. */
export class SchemaRegistry {
  readonly #broker: Broker;
  readonly #schemas = new Map<string, Schema>();
  readonly #compiled = new WeakMap<Revision, CheckData>();

  constructor(broker: Broker) {
    this.#broker = broker;
    for (const [name, body] of broker.store.documents(KIND)) {
      this.#schemas.set(name, JSON.parse(body));
    }
  }

  get all(): readonly Schema[] {
    return [...this.#schemas.values()];
  }

  create(name: string, type: number, definition: string): Schema {
    if (this.#schemas.has(name)) {
      throw new PubsubError(
        'ALREADY_EXISTS',
        `Schema already exists in the project (resource=${name}).`,
      );
    }
    compileSchema(type, definition);
    return this.#save({ name, type, revisions: [newRevision(definition)] });
  }

  /** A schema, and the revision that the name ends with (`@id`), else its newest. */
  find(name: string | null | undefined): { schema: Schema; revision: Revision } {
    const [plain = '', id] = (name ?? '').split('@');
    const schema = this.#schemas.get(plain);
    const revision = id ? schema?.revisions.find((one) => one.id === id) : schema?.revisions.at(-1);
    if (schema && revision) return { schema, revision };
    checkName('schemas', plain);
    throw new PubsubError('NOT_FOUND', `Schema not found (resource=${name}).`);
  }

  commit(name: string | null | undefined, type: number, definition: string): Schema {
    const { schema } = this.find(plainName(name));
    if (type !== schema.type) throw invalid('A revision must have the type of its schema.');
    compileSchema(type, definition);
    return this.#append(schema, definition);
  }

  /** Makes an earlier revision the newest, under a new id. */
  rollback(name: string | null | undefined, revisionId: string): Schema {
    const { schema } = this.find(plainName(name));
    return this.#append(schema, this.find(`${schema.name}@${revisionId}`).revision.definition);
  }

  deleteRevision(name: string): Schema {
    const { schema, revision } = this.find(name);
    if (schema.revisions.length === 1) {
      throw new PubsubError('FAILED_PRECONDITION', `${name} is the schema's only revision.`);
    }
    return this.#save({ ...schema, revisions: schema.revisions.filter((one) => one !== revision) });
  }

  delete(name: string | null | undefined): void {
    const { schema } = this.find(plainName(name));
    const { store, topics } = this.#broker;
    store.transact(() => {
      store.deleteDocument(KIND, schema.name);
      for (const topic of topics) {
        const { settings } = topic;
        if (settings.schema?.schema !== schema.name) continue;
        const deleted = { ...settings.schema, schema: DELETED_SCHEMA };
        store.saveSettings('topics', topic.id, JSON.stringify({ ...settings, schema: deleted }));
      }
    });
    this.#schemas.delete(schema.name);
    for (const topic of topics) {
      const { settings } = topic;
      if (settings.schema?.schema !== schema.name) continue;
      topic.settings = { ...settings, schema: { ...settings.schema, schema: DELETED_SCHEMA } };
    }
  }

  /**
   * The newest revision, of those that a topic takes, that fits the data. Throws INVALID_ARGUMENT if none does.
   */
  match(settings: SchemaSettings, data: Uint8Array): Revision {
    if (settings.schema === DELETED_SCHEMA) {
      throw new PubsubError('FAILED_PRECONDITION', "The topic's schema was deleted.");
    }
    const { revisions } = this.find(settings.schema).schema;
    const { firstRevisionId, lastRevisionId } = settings;
    const last = lastRevisionId ? revisions.findIndex(({ id }) => id === lastRevisionId) : -1;
    const first = firstRevisionId ? revisions.findIndex(({ id }) => id === firstRevisionId) : 0;
    const taken = revisions.slice(Math.max(first, 0), last < 0 ? undefined : last + 1);
    let problem = 'no revision is left of those that the topic takes';
    for (const revision of taken.toReversed()) {
      try {
        this.check(settings.schema, revision, data, settings.encoding);
        return revision;
      } catch (error) {
        problem = (error as Error).message;
      }
    }
    throw invalid(`Invalid data in message: Message failed schema validation: ${problem}.`);
  }

  check(name: string, revision: Revision, data: Uint8Array, encoding: number): void {
    let check = this.#compiled.get(revision);
    if (!check) {
      check = compileSchema(this.find(name).schema.type, revision.definition);
      this.#compiled.set(revision, check);
    }
    check(data, encoding);
  }

  #append(schema: Schema, definition: string): Schema {
    if (schema.revisions.length >= MAX_REVISIONS) {
      throw new PubsubError(
        'RESOURCE_EXHAUSTED',
        `${schema.name} has ${MAX_REVISIONS} revisions, the most of a schema: delete one.`,
      );
    }
    return this.#save({ ...schema, revisions: [...schema.revisions, newRevision(definition)] });
  }

  #save(schema: Schema): Schema {
    this.#broker.store.saveDocument(KIND, schema.name, JSON.stringify(schema));
    this.#schemas.set(schema.name, schema);
    return schema;
  }
}

function plainName(name: string | null | undefined): string {
  return (name ?? '').split('@')[0] ?? '';
}

function newRevision(definition: string): Revision {
  return { id: randomBytes(4).toString('hex'), definition, createdMs: Date.now() };
}
