import type { Store } from '../storage/store.ts';
import { newEtag } from '../tables/new-resource.ts';
import type { Router } from './http/router.ts';
import { methods } from './methods.ts';

/** Projects, their service account, and the discovery document from which `bq` learns the methods. */
export function routeProjects(router: Router, store: Store): void {
  router.on('GET', '/projects', () => {
    const projects = store.listProjects().map((projectId) => ({
      kind: 'bigquery#project',
      id: projectId,
      numericId: '0',
      projectReference: { projectId },
      friendlyName: projectId,
    }));
    const body = {
      kind: 'bigquery#projectList',
      etag: newEtag(),
      projects,
      totalItems: projects.length,
    };
    return { body };
  });
  router.on('GET', '/projects/:projectId/serviceAccount', ({ path }) => ({
    body: {
      kind: 'bigquery#getServiceAccountResponse',
      email: `bq-local@${path['projectId'] ?? ''}.iam.gserviceaccount.com`,
    },
  }));
  for (const path of ['/discovery/v1/apis/bigquery/v2/rest', '/[$]discovery/rest']) {
    router.on('GET', path, ({ message }) => ({
      body: discovery(`http://${message.headers.host ?? 'localhost'}/`),
    }));
  }
}

/** https://developers.google.com/discovery/v1/reference/apis */
function discovery(rootUrl: string): object {
  const resources: Record<string, { methods: Record<string, object> }> = {};
  for (const { resource, name, verb, path } of methods()) {
    const parameters = [...path.matchAll(/\{\+(\w+)\}/g)].map(([, parameter = '']) => parameter);
    const own = resources[resource] ?? { methods: {} };
    resources[resource] = own;
    const hasBody = verb === 'POST' || verb === 'PUT' || verb === 'PATCH';
    own.methods[name] = {
      id: `bigquery.${resource}.${name}`,
      path,
      httpMethod: verb,
      parameterOrder: parameters,
      parameters: Object.fromEntries([
        ...parameters.map((each) => [each, { type: 'string', required: true, location: 'path' }]),
        ...QUERY.map((each) => [each, { type: 'string', location: 'query' }]),
      ]),
      ...(hasBody && { request: { $ref: 'Any' } }),
      response: { $ref: 'Any' },
      ...(resource === 'jobs' &&
        name === 'insert' && { supportsMediaUpload: true, mediaUpload: UPLOAD }),
    };
  }
  return {
    kind: 'discovery#restDescription',
    discoveryVersion: 'v1',
    id: 'bigquery:v2',
    name: 'bigquery',
    version: 'v2',
    protocol: 'rest',
    title: 'BigQuery API',
    rootUrl,
    servicePath: 'bigquery/v2/',
    basePath: '/bigquery/v2/',
    baseUrl: `${rootUrl}bigquery/v2/`,
    batchPath: 'batch/bigquery/v2',
    parameters: {
      alt: { type: 'string', location: 'query' },
      fields: { type: 'string', location: 'query' },
    },
    schemas: { Any: { id: 'Any', type: 'object', additionalProperties: { type: 'any' } } },
    resources,
  };
}

/** What any method may have after its path. */
const QUERY = (
  'all allUsers deleteContents filter maxResults pageToken startIndex stateFilter timeoutMs location projection ' +
  'selectedFields view parentJobId minCreationTime maxCreationTime formatOptions.useInt64Timestamp'
).split(' ');

const UPLOAD = {
  accept: ['*/*'],
  protocols: {
    simple: { multipart: true, path: '/upload/bigquery/v2/projects/{+projectId}/jobs' },
    resumable: {
      multipart: true,
      path: '/resumable/upload/bigquery/v2/projects/{+projectId}/jobs',
    },
  },
};
