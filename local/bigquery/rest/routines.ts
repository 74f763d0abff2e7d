import { BigQueryError } from '../errors.ts';
import { routineOf } from '../query/session/routines.ts';
import type { RoutineResource } from '../storage/routines.ts';
import type { Store } from '../storage/store.ts';
import { newEtag } from '../tables/new-resource.ts';
import { datasetOf } from './datasets.ts';
import { asArray, asObject, asText, type Json, type JsonObject } from './http/json.ts';
import { cutPage, readPage } from './http/paging.ts';
import type { Call, Reply, Router } from './http/router.ts';

const ROUTINES = '/projects/:projectId/datasets/:datasetId/routines';
const ROUTINE = `${ROUTINES}/:routineId`;
const OWN = new Set([
  'etag',
  'routineReference',
  'routineType',
  'creationTime',
  'lastModifiedTime',
  'language',
  'arguments',
  'returnType',
  'definitionBody',
]);
const TYPES = ['SCALAR_FUNCTION', 'TABLE_VALUED_FUNCTION', 'PROCEDURE'] as const;

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/routines */
export function routeRoutines(router: Router, store: Store): void {
  const { routines } = store;
  router.on('GET', ROUTINES, (call) => {
    store.requireDataset(datasetOf(call.path));
    const { items, next } = cutPage(
      routines.list(datasetOf(call.path)),
      readPage(call.query, 1000),
    );
    return {
      body: { routines: items.map(describe), ...(next !== undefined && { nextPageToken: next }) },
    };
  });
  router.on('POST', ROUTINES, async (call) => {
    const body = await call.json();
    const routineId = asText(asObject(body['routineReference'])['routineId']) ?? '';
    return save(store, call, routineId, body, true);
  });
  router.on('GET', ROUTINE, ({ path }) => ({ body: describe(routines.require(refOf(path))) }));
  router.on('PUT', ROUTINE, async (call) => {
    routines.require(refOf(call.path));
    return save(store, call, call.path['routineId'] ?? '', await call.json(), false);
  });
  router.on('DELETE', ROUTINE, async ({ path }) => {
    await routines.delete(refOf(path));
    return {};
  });
}

function refOf(path: Readonly<Record<string, string>>) {
  return { ...datasetOf(path), routineId: path['routineId'] ?? '' };
}

async function save(
  store: Store,
  call: Call,
  routineId: string,
  body: JsonObject,
  isNew: boolean,
): Promise<Reply> {
  const ref = { ...datasetOf(call.path), routineId };
  store.requireDataset(ref);
  if (!/^\w{1,256}$/.test(routineId)) {
    throw new BigQueryError('invalid', `Invalid routine ID "${routineId}"`);
  }
  if (isNew && store.routines.get(ref) !== undefined) {
    throw new BigQueryError(
      'duplicate',
      `Already Exists: Routine ${ref.projectId}:${ref.datasetId}.${routineId}`,
    );
  }
  const routineType = TYPES.find((type) => type === body['routineType']) ?? 'SCALAR_FUNCTION';
  const returns = body['returnType'] === undefined ? undefined : typeText(body['returnType']);
  const routine: RoutineResource = {
    ...ref,
    routineType,
    language: asText(body['language']) ?? 'SQL',
    arguments: asArray(body['arguments']).map(readArgument),
    ...(returns !== undefined && { returns }),
    definition: asText(body['definitionBody']) ?? '',
    ddl: '',
    creationTime: store.routines.get(ref)?.creationTime ?? Date.now(),
    etag: newEtag(),
    extra: Object.fromEntries(Object.entries(body).filter(([key]) => !OWN.has(key))),
  };
  if (routineType === 'SCALAR_FUNCTION') routineOf(routine);
  await store.routines.save(routine);
  return { body: describe(routine) };
}

function readArgument(json: Json): RoutineResource['arguments'][number] {
  const argument = asObject(json);
  const type = argument['dataType'] === undefined ? undefined : typeText(argument['dataType']);
  const mode = asText(argument['mode']);
  return {
    name: asText(argument['name']) ?? '',
    ...(type !== undefined && { type }),
    ...(mode !== undefined && { mode }),
  };
}

/** `{typeKind: 'ARRAY', arrayElementType: …}` as GoogleSQL spells it. */
function typeText(json: Json | undefined): string {
  const type = asObject(json);
  const kind = asText(type['typeKind']) ?? '';
  if (kind === 'ARRAY') return `ARRAY<${typeText(type['arrayElementType'])}>`;
  if (kind !== 'STRUCT') return kind;
  const fields = asArray(asObject(type['structType'])['fields']).map((field) => {
    const { name, type: own } = asObject(field);
    return `${asText(name) ?? ''} ${typeText(own)}`.trim();
  });
  return `STRUCT<${fields.join(', ')}>`;
}

function describe(routine: RoutineResource): object {
  const { projectId, datasetId, routineId } = routine;
  return {
    ...routine.extra,
    etag: routine.etag,
    routineReference: { projectId, datasetId, routineId },
    routineType: routine.routineType,
    creationTime: String(routine.creationTime),
    lastModifiedTime: String(routine.creationTime),
    language: routine.language,
    arguments: routine.arguments.map(({ name, type, mode }) => ({
      name,
      ...(type === undefined ? { argumentKind: 'ANY_TYPE' } : { dataType: { typeKind: type } }),
      ...(mode && { mode }),
    })),
    ...(routine.returns !== undefined && { returnType: { typeKind: routine.returns } }),
    definitionBody: routine.definition,
  };
}
