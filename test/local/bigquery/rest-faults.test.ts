// Each fault of the REST API, as Google's client and a plain client see it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../../local/bigquery/main.ts';

let directory: string;
let server: BigQueryServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-bigquery-'));
  server = await startBigQuery({ restPort: 0, grpcPort: 0, directory, faults: true });
  await call('POST', '/bigquery/v2/projects/p/datasets', { datasetReference: { datasetId: 'd' } });
});

afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

beforeEach(() => call('DELETE', '/__faults'));

async function call(method: string, path: string, body?: unknown, signal?: AbortSignal) {
  try {
    const response = await fetch(`http://127.0.0.1:${server.restPort}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(signal && { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  } catch (error) {
    return { status: (error as Error).name, body: {} };
  }
}

const script = async (...faults: object[]) => {
  expect((await call('POST', '/__faults', faults)).status).toBe(200);
};
const TABLES = '/bigquery/v2/projects/p/datasets/d/tables';
const tableOf = (tableId: string) => ({
  tableReference: { tableId },
  schema: { fields: [{ name: 's', type: 'STRING' }] },
});
const create = (tableId: string) => call('POST', TABLES, tableOf(tableId));
const exists = async (tableId: string) => (await call('GET', `${TABLES}/${tableId}`)).status;

test('rest.status answers with the status and does nothing', async () => {
  await script({ name: 'rest.status', on: 'POST /bigquery/v2/projects/p/datasets/d/tables' });
  const refused = await create('refused');
  expect(refused).toMatchObject({
    status: 503,
    body: { error: { code: 503, errors: [{ reason: 'backendError' }] } },
  });
  expect(await exists('refused')).toBe(404);
  expect((await create('refused')).status).toBe(200);
});

test('rest.lost-answer does it and cuts the connection', async () => {
  await script({ name: 'rest.lost-answer', on: 'POST ' });
  expect((await create('lost')).status).toBe('TypeError');
  expect(await exists('lost')).toBe(200);
});

test('rest.lost-answer of a job: its id is taken', async () => {
  const job = {
    configuration: { query: { query: 'SELECT 1', useLegacySql: false } },
    jobReference: { projectId: 'p', jobId: 'once' },
  };
  await script({ name: 'rest.lost-answer', on: '/jobs' });
  const jobs = '/bigquery/v2/projects/p/jobs';
  expect((await call('POST', jobs, job)).status).toBe('TypeError');
  expect((await call('POST', jobs, job)).status).toBe(409);
  expect((await call('GET', `${jobs}/once`)).status).toBe(200);
});

test('rest.hang never answers, and does nothing', async () => {
  await script({ name: 'rest.hang', on: 'POST ' });
  const given = new AbortController();
  const hung = call('POST', TABLES, tableOf('hung'), given.signal);
  expect((await create('other')).status).toBe(200);
  given.abort();
  expect((await hung).status).toBe('AbortError');
  expect(await exists('hung')).toBe(404);
});

test('rest.delay lets the others pass', async () => {
  await script({ name: 'rest.delay', ms: 300, on: 'POST ' });
  const late = create('same');
  expect((await create('same')).status).toBe(200);
  expect((await late).status).toBe(409);
});

test('everybody has every permission, and with iam.denied none', async () => {
  await create('guarded');
  const asked = { permissions: ['bigquery.tables.updateData'] };
  const ask = () => call('POST', `${TABLES}/guarded:testIamPermissions`, asked);
  expect(await ask()).toEqual({ status: 200, body: asked });
  expect((await call('POST', `${TABLES}/none:testIamPermissions`, asked)).status).toBe(404);
  await script({ name: 'iam.denied', on: '/tables/guarded' });
  expect(await ask()).toEqual({ status: 200, body: {} });
  expect(await call('GET', `${TABLES}/guarded`)).toMatchObject({
    status: 403,
    body: { error: { errors: [{ reason: 'accessDenied' }], status: 'PERMISSION_DENIED' } },
  });
});

test('a fault that cannot be is refused, and a server without faults knows none', async () => {
  expect((await call('POST', '/__faults', { name: 'append.bad-row' })).status).toBe(400);
  const own = await mkdtemp(join(tmpdir(), 'tributary-bigquery-'));
  const plain = await startBigQuery({ restPort: 0, grpcPort: 0, directory: own });
  const response = await fetch(`http://127.0.0.1:${plain.restPort}/__faults`, { method: 'POST' });
  expect(response.status).toBe(404);
  await plain.stop();
  await rm(own, { recursive: true });
});
