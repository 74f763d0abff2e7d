import { BigQueryError } from '../errors.ts';
import { dropTables } from '../query/ddl/run-ddl.ts';
import type { Store } from '../storage/store.ts';
import { newDataset, newEtag } from '../tables/new-resource.ts';
import { type Dataset, type DatasetRef, formatDataset } from '../tables/schema.ts';
import { asObject, asText, isTrue, type JsonObject } from './http/json.ts';
import { cutPage, readPage } from './http/paging.ts';
import type { Call, Reply, Router } from './http/router.ts';

const DATASETS = '/projects/:projectId/datasets';
const DATASET = `${DATASETS}/:datasetId`;
/** Properties that the server sets itself. */
const OWN = new Set([
  'kind',
  'id',
  'etag',
  'selfLink',
  'datasetReference',
  'location',
  'creationTime',
  'lastModifiedTime',
  'type',
]);

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets */
export function routeDatasets(router: Router, store: Store): void {
  router.on('GET', DATASETS, (call) => listDatasets(store, call));
  router.on('POST', DATASETS, (call) => insertDataset(store, call));
  router.on('GET', DATASET, ({ path }) => reply(store.requireDataset(datasetOf(path))));
  router.on('PATCH', DATASET, (call) => updateDataset(store, call, 'merge'));
  router.on('PUT', DATASET, (call) => updateDataset(store, call, 'replace'));
  router.on('DELETE', DATASET, async ({ path, query }) => {
    const ref = datasetOf(path);
    store.requireDataset(ref);
    if (isTrue(query.get('deleteContents'))) await dropTables(store, ref);
    await store.deleteDataset(ref);
    return {};
  });
}

export function datasetOf(path: Readonly<Record<string, string>>): DatasetRef {
  return { projectId: path['projectId'] ?? '', datasetId: path['datasetId'] ?? '' };
}

function listDatasets(store: Store, call: Call): Reply {
  const all = store
    .listDatasets(call.path['projectId'] ?? '')
    .filter(({ datasetId }) => isTrue(call.query.get('all')) || !datasetId.startsWith('_'))
    .filter(labelFilter(call.query.get('filter')));
  const { items, next } = cutPage(all, readPage(call.query, 1000));
  return {
    body: {
      kind: 'bigquery#datasetList',
      etag: newEtag(),
      ...(next === undefined ? {} : { nextPageToken: next }),
      ...(items.length === 0 ? {} : { datasets: items.map(describe) }),
    },
  };
}

/** `labels.team:relay labels.env`: each must be there, with its value if one is given. Throws invalid. */
function labelFilter(filter: string | null): (dataset: Dataset) => boolean {
  const wanted = (filter ?? '').split(/\s+/).filter((part) => part !== '' && part !== 'AND');
  const pairs = wanted.map((part) => {
    const match = /^labels\.([^:]+)(?::(.*))?$/.exec(part);
    if (match === null) throw new BigQueryError('invalid', `Invalid filter: ${filter}`);
    return [match[1] ?? '', match[2]] as const;
  });
  return ({ extra }) => {
    const labels = asObject(extra['labels'] as JsonObject | undefined);
    return pairs.every(
      ([key, value]) =>
        labels[key] !== undefined &&
        (value === undefined || value === '*' || labels[key] === value),
    );
  };
}

async function insertDataset(store: Store, call: Call): Promise<Reply> {
  const body = await call.json();
  const datasetId = asText(asObject(body['datasetReference'])['datasetId']) ?? '';
  if (!/^\w{1,1024}$/.test(datasetId)) {
    throw new BigQueryError(
      'invalid',
      `Invalid dataset ID "${datasetId}". Dataset IDs must be alphanumeric (plus underscores) and must be at most 1024 characters long.`,
    );
  }
  const ref = { projectId: call.path['projectId'] ?? '', datasetId };
  const location = asText(body['location']);
  const dataset = newDataset(ref, { extra: extraOf(body), ...(location && { location }) });
  await store.createDataset(dataset);
  return reply(dataset);
}

async function updateDataset(store: Store, call: Call, mode: 'merge' | 'replace'): Promise<Reply> {
  const dataset = store.requireDataset(datasetOf(call.path));
  checkEtag(call, dataset.etag);
  const extra = extraOf(await call.json());
  const next: Dataset = {
    ...dataset,
    extra: mode === 'merge' ? mergeExtra(dataset.extra, extra) : extra,
    lastModifiedTime: Date.now(),
    etag: newEtag(),
  };
  await store.updateDataset(next);
  return reply(next);
}

/** Throws conditionNotMet if the resource has changed since the caller read it. */
export function checkEtag(call: Call, etag: string): void {
  const wanted = call.message.headers['if-match'];
  if (wanted !== undefined && wanted !== '*' && wanted !== etag) {
    throw new BigQueryError('conditionNotMet', 'Precondition check failed.');
  }
}

/** A patch: null removes a property, and labels are merged. */
export function mergeExtra(
  current: Readonly<Record<string, unknown>>,
  changes: JsonObject,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...current };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete merged[key];
    else if (key === 'labels')
      merged[key] = mergeExtra(asObject(merged[key] as JsonObject), asObject(value));
    else merged[key] = value;
  }
  return merged;
}

function extraOf(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !OWN.has(key)));
}

function reply(dataset: Dataset): Reply {
  return { body: describe(dataset) };
}

function describe(dataset: Dataset): object {
  return {
    kind: 'bigquery#dataset',
    etag: dataset.etag,
    id: formatDataset(dataset),
    selfLink: `https://bigquery.googleapis.com/bigquery/v2/projects/${dataset.projectId}/datasets/${dataset.datasetId}`,
    ...dataset.extra,
    datasetReference: { datasetId: dataset.datasetId, projectId: dataset.projectId },
    location: dataset.location,
    creationTime: String(dataset.creationTime),
    lastModifiedTime: String(dataset.lastModifiedTime),
    type: 'DEFAULT',
  };
}
