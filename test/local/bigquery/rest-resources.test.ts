// Routines, policies, partitions, projects and the discovery document, as Google's clients read them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;
const BASE = `/bigquery/v2/projects/${PROJECT}`;

beforeAll(async () => {
  server = await startBigQueryBed();
  await queryRows(server, 'CREATE SCHEMA d');
});

afterAll(() => server.stop());

test('routines are created, called, changed and deleted', async () => {
  const dataset = server.bigquery.dataset('d');
  const int = { typeKind: 'INT64' } as const;
  const definition = {
    routineType: 'SCALAR_FUNCTION' as const,
    language: 'SQL' as const,
    arguments: [{ name: 'x', dataType: int }],
    returnType: int,
  };
  await dataset.createRoutine('twice', { ...definition, definitionBody: 'x * 2' });
  expect(await queryRows(server, 'SELECT d.twice(4)')).toEqual([['8']]);
  const routine = dataset.routine('twice');
  await routine.setMetadata({ ...definition, definitionBody: 'x * 20' });
  expect(await queryRows(server, 'SELECT d.twice(4)')).toEqual([['80']]);
  const [routines] = await dataset.getRoutines();
  expect(routines.map(({ id }) => id)).toEqual(['twice']);
  await routine.delete();
  await expect(queryRows(server, 'SELECT d.twice(4)')).rejects.toThrow('Function not found');
  await expect(
    dataset.createRoutine('bad', { ...definition, definitionBody: 'x +' }),
  ).rejects.toMatchObject({
    code: 400,
  });
});

test('a policy is kept and obeyed', async () => {
  await queryRows(server, 'CREATE TABLE d.guarded (x INT64)');
  const table = server.bigquery.dataset('d').table('guarded');
  const ask = ['bigquery.tables.getData', 'bigquery.tables.updateData'];
  const [free] = await table.testIamPermissions(ask);
  expect(free.permissions).toEqual(ask);
  await table.setIamPolicy({
    bindings: [{ role: 'roles/bigquery.dataViewer', members: ['allUsers'] }],
  });
  const [policy] = await table.getIamPolicy();
  expect(policy.bindings).toEqual([{ role: 'roles/bigquery.dataViewer', members: ['allUsers'] }]);
  const [held] = await table.testIamPermissions(ask);
  expect(held.permissions).toEqual(['bigquery.tables.getData']);
  const [metadata] = await table.getMetadata();
  expect(metadata.iamPolicy).toBeUndefined();
});

test('the partitions of a table are listed', async () => {
  await queryRows(server, `CREATE TABLE d.parted (at TIMESTAMP) PARTITION BY DATE(at)`);
  await queryRows(
    server,
    "INSERT INTO d.parted VALUES ('2024-01-02'), ('2024-01-02'), ('2024-03-04')",
  );
  const path = `${BASE}/datasets/d/tables/parted$__PARTITIONS_SUMMARY__`;
  const { body } = await request(server, 'GET', path);
  expect(body).toMatchObject({ numRows: '2' });
  const list = await request(server, 'GET', `${path}/data?selectedFields=partition_id`);
  expect(list.body.rows?.map(({ f }) => f[0]?.v)).toEqual(['20240102', '20240304']);
  expect(
    await queryRows(
      server,
      "SELECT partition_id, total_rows FROM d.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = 'parted' ORDER BY 1",
    ),
  ).toEqual([
    ['20240102', '2'],
    ['20240304', '1'],
  ]);
});

test('datasets are filtered by label', async () => {
  await server.bigquery.createDataset('labelled', { labels: { team: 'relay' } });
  const found = async (filter: string) => {
    const { body } = await request(
      server,
      'GET',
      `${BASE}/datasets?filter=${encodeURIComponent(filter)}`,
    );
    return ((body['datasets'] ?? []) as { id: string }[]).map(({ id }) => id);
  };
  expect(await found('labels.team:relay')).toEqual([`${PROJECT}:labelled`]);
  expect(await found('labels.team')).toEqual([`${PROJECT}:labelled`]);
  expect(await found('labels.team:other')).toEqual([]);
});

test('projects, the service account and the discovery document', async () => {
  const projects = await request(server, 'GET', '/bigquery/v2/projects');
  expect(projects.body).toMatchObject({ projects: [{ id: PROJECT }] });
  const account = await request(server, 'GET', `${BASE}/serviceAccount`);
  expect(account.body['email']).toContain(PROJECT);
  const { body } = await request(server, 'GET', '/$discovery/rest?version=v2');
  expect(body).toMatchObject({
    rootUrl: `${server.url}/`,
    resources: { jobs: { methods: { insert: { httpMethod: 'POST' } } } },
  });
});

test('timestamps are integers if asked for, in Python’s spelling too', async () => {
  await queryRows(
    server,
    "CREATE TABLE d.times AS SELECT TIMESTAMP '2024-03-01 10:00:00+00' AS at",
  );
  const path = `${BASE}/datasets/d/tables/times/data?formatOptions.useInt64Timestamp=True`;
  const { body } = await request(server, 'GET', path);
  expect(body.rows).toEqual([{ f: [{ v: '1709287200000000' }] }]);
});
