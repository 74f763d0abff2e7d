// Views over REST, as Google's client creates, changes and lists them, and as SQL reads them.

import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  const [dataset] = await server.bigquery.createDataset('d');
  await dataset.createTable('events', { schema: 'id:STRING,n:INTEGER' });
  await queryRows(server, `INSERT INTO d.events VALUES ('a', 1), ('a', 2), ('b', 3)`);
});

afterAll(() => server.stop());

const TABLES = `/bigquery/v2/projects/${PROJECT}/datasets/d/tables`;

test('a view is created by tables.insert, read by SQL and listed as a view', async () => {
  const query = 'SELECT id, MAX(n) AS latest FROM `d.events` GROUP BY id';
  const [view] = await server.bigquery.dataset('d').createTable('latest', {
    view: { query, useLegacySql: false },
    description: 'one row an id',
  });
  const [metadata] = await view.getMetadata();
  expect(metadata).toMatchObject({
    type: 'VIEW',
    view: { query, useLegacySql: false },
    description: 'one row an id',
    schema: { fields: [{ name: 'id' }, { name: 'latest', type: 'INTEGER' }] },
  });
  expect(await queryRows(server, 'SELECT * FROM d.latest ORDER BY id')).toEqual([
    ['a', '2'],
    ['b', '3'],
  ]);
  const [listed] = await server.bigquery.dataset('d').getTables();
  expect(listed.map(({ id, metadata: each }) => [id, each.type])).toEqual([
    ['events', 'TABLE'],
    ['latest', 'VIEW'],
  ]);
  await view.delete();
  await expect(queryRows(server, 'SELECT * FROM d.latest')).rejects.toThrow('Not found');
});

test('a patch gives a view another query, hence other columns, or describes the ones it has', async () => {
  const dataset = server.bigquery.dataset('d');
  await dataset.createTable('v', {
    view: { query: 'SELECT id FROM d.events', useLegacySql: false },
  });
  const query = 'SELECT n, n * 2 AS twice FROM d.events';
  await dataset.table('v').setMetadata({ view: { query, useLegacySql: false } });
  expect(await queryRows(server, 'SELECT MAX(twice) FROM d.v')).toEqual([['6']]);
  await dataset.table('v').setMetadata({
    schema: { fields: [{ name: 'twice', type: 'INTEGER', description: 'double' }] },
  });
  const [metadata] = await dataset.table('v').getMetadata();
  expect(metadata.view.query).toBe(query);
  expect(metadata.schema.fields).toMatchObject([
    { name: 'n' },
    { name: 'twice', description: 'double' },
  ]);
});

test('CREATE VIEW keeps its description; a view may use every function a query may', async () => {
  await queryRows(
    server,
    `CREATE OR REPLACE VIEW d.numbered OPTIONS (description = "newest first") AS
     SELECT * EXCEPT (place) FROM (
       SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY n DESC) AS place FROM d.events
     ) WHERE place = 1`,
  );
  expect(await queryRows(server, 'SELECT id, n FROM d.numbered ORDER BY id')).toEqual([
    ['a', '2'],
    ['b', '3'],
  ]);
  const [metadata] = await server.bigquery.dataset('d').table('numbered').getMetadata();
  expect(metadata.description).toBe('newest first');
});

test.each([
  ['a query that fails', { query: 'SELECT x FROM d.events', useLegacySql: false }, 400],
  ['a table that is not there', { query: 'SELECT 1 FROM d.none', useLegacySql: false }, 404],
  ['a statement that is no SELECT', { query: 'DROP TABLE d.events', useLegacySql: false }, 400],
  ['legacy SQL', { query: 'SELECT 1', useLegacySql: true }, 501],
  ['no query', {}, 400],
])('a view of %s is refused', async (_, view, status) => {
  const tableReference = { tableId: 'refused' };
  expect((await request(server, 'POST', TABLES, { tableReference, view })).status).toBe(status);
  expect((await request(server, 'GET', `${TABLES}/refused`)).status).toBe(404);
});

test('a table does not become a view', async () => {
  const view = { query: 'SELECT 1 AS one', useLegacySql: false };
  expect((await request(server, 'PATCH', `${TABLES}/events`, { view })).status).toBe(400);
  expect(await queryRows(server, 'SELECT COUNT(*) FROM d.events')).toEqual([['3']]);
});
