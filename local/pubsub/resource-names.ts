import { invalid } from './errors.ts';

export type Collection = 'topics' | 'subscriptions' | 'snapshots' | 'schemas';

/** The `topic` of a subscription whose topic was deleted. */
export const DELETED_TOPIC = '_deleted-topic_';

/** The schema of a topic whose schema was deleted. */
export const DELETED_SCHEMA = '_deleted-schema_';

// cloud.google.com/pubsub/docs/pubsub-basics#resource_names. The rule for projects is looser than
// Google's, because local project ids are made up.
const PROJECT = /^projects\/[A-Za-z0-9._:-]+$/;
const NAME =
  /^(projects\/[^/]+)\/(topics|subscriptions|snapshots|schemas)\/([A-Za-z][A-Za-z0-9\-_.~+%]{2,254})$/;

/** Throws INVALID_ARGUMENT unless `name` is `projects/P/<collection>/ID` with a valid ID. */
export function checkName(collection: Collection, name: string | null | undefined): string {
  const parts = NAME.exec(name ?? '');
  const id = parts?.[3] ?? '';
  const sound =
    PROJECT.test(parts?.[1] ?? '') && parts?.[2] === collection && !id.startsWith('goog');
  if (!sound) {
    throw invalid(
      `Invalid [${collection}] name: (name=${name ?? ''}). It must be projects/{project}/${collection}/{id}, ` +
        'where the id has 3 to 255 characters of [A-Za-z0-9-_.~+%], starts with a letter and not with "goog".',
    );
  }
  return name ?? '';
}

/** Throws INVALID_ARGUMENT unless `name` is `projects/P`. */
export function checkProject(name: string | null | undefined): string {
  if (!PROJECT.test(name ?? '')) throw invalid(`Invalid project name: (name=${name ?? ''})`);
  return name ?? '';
}
