import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routeDatasets } from '../../../../local/bigquery/rest/datasets.ts';
import { Router } from '../../../../local/bigquery/rest/http/router.ts';
import { routeTables } from '../../../../local/bigquery/rest/tables.ts';
import type { TableLayout } from '../../../../shared/columns.ts';
import { ensureTable } from '../../../../subscriber/bigquery/tables/ensure-table.ts';
import { ensureUniqueView } from '../../../../subscriber/bigquery/tables/table-opening.ts';
import { type StorageWriteBed, startStorageWriteBed } from '../../../beds/storage-write-bed.ts';

let bed: StorageWriteBed;
let server: Server;
let bigquery: BigQuery;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  const router = new Router();
  routeDatasets(router, bed.store);
  routeTables(router, bed.store);
  server = createServer((message, response) => void router.handle(message, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  bigquery = new BigQuery({ projectId: 'demo', apiEndpoint: `http://127.0.0.1:${port}` });
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bed.stop();
});

const LAYOUT: TableLayout = {
  description: 'Orders',
  columns: [
    { name: 'id', type: 'STRING', mode: 'REQUIRED', description: 'the sender’s own' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'count', type: 'INT64' },
    { name: 'ratio', type: 'FLOAT64' },
    { name: 'good', type: 'BOOL' },
    {
      name: 'lines',
      type: 'RECORD',
      mode: 'REPEATED',
      columns: [{ name: 'price', type: 'NUMERIC' }],
    },
  ],
  partitionBy: { column: 'at', by: 'DAY' },
  clusterBy: ['id'],
};

/** The layout with other columns by the names of some. */
function changed(columns: TableLayout['columns']): TableLayout {
  const names = new Set(columns.map(({ name }) => name));
  return {
    ...LAYOUT,
    columns: [...LAYOUT.columns.filter(({ name }) => !names.has(name)), ...columns],
  };
}

const refuses = (table: string, layout: TableLayout) =>
  ensureTable(bigquery, { dataset: 'shop', table }, layout).then(
    () => undefined,
    (cause: Error & { code?: string }) => cause,
  );

test('makes dataset and table with partitions, clustering and descriptions', async () => {
  const name = { dataset: 'fresh', table: 'orders' };
  expect(await ensureTable(bigquery, name, LAYOUT, 'EU')).toStrictEqual({
    created: true,
    added: [],
  });
  const [dataset] = await bigquery.dataset('fresh').getMetadata();
  expect(dataset.location).toBe('EU');
  const [metadata] = await bigquery.dataset('fresh').table('orders').getMetadata();
  expect(metadata).toMatchObject({
    description: 'Orders',
    timePartitioning: { type: 'DAY', field: 'at' },
    clustering: { fields: ['id'] },
    schema: {
      fields: [
        { name: 'id', type: 'STRING', mode: 'REQUIRED', description: 'the sender’s own' },
        { name: 'at', type: 'TIMESTAMP' },
        { name: 'count', type: 'INTEGER' },
        { name: 'ratio', type: 'FLOAT' },
        { name: 'good', type: 'BOOLEAN' },
        { name: 'lines', type: 'RECORD', mode: 'REPEATED', fields: [{ name: 'price' }] },
      ],
    },
  });
  expect(await ensureTable(bigquery, name, LAYOUT)).toStrictEqual({ created: false, added: [] });
});

test('many replicas at once make one table', async () => {
  const name = { dataset: 'race', table: 'orders' };
  const ensured = await Promise.all(
    Array.from({ length: 4 }, () => ensureTable(bigquery, name, LAYOUT)),
  );
  expect(ensured.filter(({ created }) => created)).toHaveLength(1);
});

test('adds columns that the table lacks, within records too, as NULLABLE', async () => {
  const name = { dataset: 'wide', table: 'orders' };
  await ensureTable(bigquery, name, LAYOUT);
  const wider = changed([
    { name: 'note', type: 'STRING', mode: 'REQUIRED' },
    {
      name: 'lines',
      type: 'RECORD',
      mode: 'REPEATED',
      columns: [
        { name: 'price', type: 'NUMERIC' },
        { name: 'sku', type: 'STRING' },
      ],
    },
  ]);
  expect(await ensureTable(bigquery, name, wider)).toStrictEqual({
    created: false,
    added: ['lines.sku', 'note'],
  });
  const [metadata] = await bigquery.dataset('wide').table('orders').getMetadata();
  expect(metadata.schema.fields.at(-1)).toMatchObject({ name: 'note', mode: 'NULLABLE' });
  expect((await ensureTable(bigquery, name, wider)).added).toStrictEqual([]);
  expect((await ensureTable(bigquery, name, LAYOUT)).added).toStrictEqual([]);
});

test('makes a table with its primary key, and gives one to a table that has none', async () => {
  const keyed = { ...LAYOUT, key: ['id', 'count'] };
  const keyOf = async (table: string) => {
    const [metadata] = await bigquery.dataset('keys').table(table).getMetadata();
    return metadata.tableConstraints?.primaryKey?.columns;
  };
  await ensureTable(bigquery, { dataset: 'keys', table: 'young' }, keyed);
  expect(await keyOf('young')).toEqual(['id', 'count']);
  await ensureTable(bigquery, { dataset: 'keys', table: 'old' }, LAYOUT);
  expect(await keyOf('old')).toBeUndefined();
  const ensured = await ensureTable(bigquery, { dataset: 'keys', table: 'old' }, keyed);
  expect(ensured).toStrictEqual({ created: false, added: [] });
  expect(await keyOf('old')).toEqual(['id', 'count']);
  expect((await bigquery.dataset('keys').table('old').getMetadata())[0].schema.fields).toHaveLength(
    LAYOUT.columns.length,
  );
});

describe('the view of unique rows', () => {
  const name = { dataset: 'views', table: 'orders' };
  const layout: TableLayout = { ...LAYOUT, copies: { by: ['id'], newest: 'at' } };
  const viewOf = async (table: string) => {
    const [metadata] = await bigquery.dataset('views').table(table).getMetadata();
    return metadata;
  };

  test('is created, and updated when the columns that tell duplicates change', async () => {
    await ensureTable(bigquery, name, layout);
    await Promise.all([1, 2, 3].map(() => ensureUniqueView(bigquery, name, layout)));
    const made = await viewOf('orders_unique');
    expect(made.type).toBe('VIEW');
    expect(made.view.query).toContain('PARTITION BY `id` ORDER BY `at` DESC');
    const other = { ...layout, copies: { by: ['id', 'count'] } };
    await ensureUniqueView(bigquery, name, other);
    expect((await viewOf('orders_unique')).view.query).toContain(
      'PARTITION BY `id`, `count` ORDER BY IF(`at` IS NULL, 1, 0) + ',
    );
  });

  test('is not created where no column tells duplicates, and replaces no table', async () => {
    const plain = { dataset: 'views', table: 'plain' };
    await ensureTable(bigquery, plain, LAYOUT);
    await ensureUniqueView(bigquery, plain, LAYOUT);
    await expect(viewOf('plain_unique')).rejects.toMatchObject({ code: 404 });
    await ensureTable(bigquery, { dataset: 'views', table: 'plain_unique' }, LAYOUT);
    await ensureUniqueView(bigquery, plain, layout);
    expect((await viewOf('plain_unique')).type).toBe('TABLE');
  });
});

describe('a table that cannot take the rows', () => {
  beforeAll(async () => {
    await ensureTable(bigquery, { dataset: 'shop', table: 'orders' }, LAYOUT);
  });

  test('another primary key', async () => {
    const name = { dataset: 'shop', table: 'keyed' };
    await ensureTable(bigquery, name, { ...LAYOUT, key: ['id'] });
    const error = await refuses('keyed', { ...LAYOUT, key: ['id', 'count'] });
    expect(error).toMatchObject({ code: 'table.incompatible' });
    for (const word of ['primary key id in', 'id, count']) expect(error?.message).toContain(word);
    // A config that says nothing of the key leaves it.
    expect(await refuses('keyed', LAYOUT)).toBeUndefined();
  });

  test.each<[string, TableLayout, string[]]>([
    ['another type', changed([{ name: 'count', type: 'STRING' }]), ['count', 'INT64', 'STRING']],
    [
      'another type within a record',
      changed([
        {
          name: 'lines',
          type: 'RECORD',
          mode: 'REPEATED',
          columns: [{ name: 'price', type: 'FLOAT64' }],
        },
      ]),
      ['lines.price', 'NUMERIC', 'FLOAT64'],
    ],
    [
      'a list for one value',
      changed([{ name: 'count', type: 'INT64', mode: 'REPEATED' }]),
      ['count', 'NULLABLE', 'REPEATED'],
    ],
    [
      'a value that may be absent for one that may not',
      changed([{ name: 'id', type: 'STRING' }]),
      ['id', 'REQUIRED', 'NULLABLE'],
    ],
    [
      'other partitions',
      { ...LAYOUT, partitionBy: { column: 'at', by: 'HOUR' } },
      ['DAY of at', 'HOUR of at'],
    ],
    [
      'without a column that the table requires',
      { ...LAYOUT, columns: LAYOUT.columns.slice(1) },
      ['id', 'REQUIRED'],
    ],
  ])('%s', async (_, layout, named) => {
    const error = await refuses('orders', layout);
    expect(error).toMatchObject({ code: 'table.incompatible' });
    for (const word of named) expect(error?.message).toContain(word);
  });
});
