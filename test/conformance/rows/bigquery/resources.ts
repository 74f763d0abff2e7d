import { expect } from 'vitest';
import type { Behaviours } from '../../../beds/pubsub-clients.ts';
import { type BigQueryTarget, fresh, refusal } from '../../bigquery-target.ts';

// https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets
export const datasets: Behaviours<BigQueryTarget> = {
  'a dataset is created, got, patched, listed and deleted': async ({ bigquery, project }) => {
    const id = fresh('d');
    const [dataset] = await bigquery.createDataset(id, { location: 'US', labels: { team: 'a' } });
    const [made] = await dataset.getMetadata();
    expect(made).toMatchObject({
      kind: 'bigquery#dataset',
      id: `${project}:${id}`,
      datasetReference: { projectId: project, datasetId: id },
      location: 'US',
      labels: { team: 'a' },
    });
    expect(Number(made.creationTime)).toBeGreaterThan(1.6e12);
    await dataset.setMetadata({ description: 'orders' });
    const [patched] = await dataset.getMetadata();
    expect(patched).toMatchObject({ description: 'orders', labels: { team: 'a' } });
    expect(patched.etag).not.toBe(made.etag);
    const [all] = await bigquery.getDatasets();
    expect(all.map((each) => each.id)).toContain(id);
    await dataset.delete();
    expect(await dataset.exists()).toEqual([false]);
  },

  'a dataset that exists is a duplicate': async (target) => {
    const [reason, message] = await refusal(target.bigquery.createDataset(target.datasetId));
    expect(reason).toBe('duplicate');
    expect(message).toBe(`Already Exists: Dataset ${target.project}:${target.datasetId}`);
  },

  'an unknown dataset is notFound': async ({ bigquery, project }) => {
    const [reason, message] = await refusal(bigquery.dataset('nobody_has_it').getMetadata());
    expect([reason, message]).toEqual(['notFound', `Not found: Dataset ${project}:nobody_has_it`]);
  },

  'a dataset with tables is deleted with them only if that is asked for': async (target) => {
    const id = fresh('d');
    const [dataset] = await target.bigquery.createDataset(id, { location: 'US' });
    await dataset.createTable('t', { schema: [{ name: 'n', type: 'INTEGER' }] });
    expect((await refusal(dataset.delete()))[0]).toBe('resourceInUse');
    await dataset.delete({ force: true });
    expect(await dataset.exists()).toEqual([false]);
  },

  'datasets are filtered by label': async ({ bigquery }) => {
    const [id, value] = [fresh('d'), fresh('v')];
    const [dataset] = await bigquery.createDataset(id, { labels: { run: value } });
    const [found] = await bigquery.getDatasets({ filter: `labels.run:${value}` });
    await dataset.delete();
    expect(found.map((each) => each.id)).toEqual([id]);
  },

  'a change with an old etag is refused': async (target) => {
    const path = `/datasets/${target.datasetId}`;
    const headers = { 'if-match': '"an old one"' };
    const { status, body } = await target.call('PATCH', path, { description: 'x' }, headers);
    expect([status, body.error.errors[0].reason]).toEqual([412, 'conditionNotMet']);
  },

  'an id of other characters is invalid': async ({ bigquery }) => {
    expect((await refusal(bigquery.createDataset('a-b')))[0]).toBe('invalid');
  },
};

// https://cloud.google.com/bigquery/docs/reference/rest/v2/tables
export const tables: Behaviours<BigQueryTarget> = {
  'a table is described as it was made': async (target) => {
    const dataset = target.bigquery.dataset(target.datasetId);
    const schema = [
      { name: 'at', type: 'TIMESTAMP', mode: 'REQUIRED' },
      { name: 'tags', type: 'STRING', mode: 'REPEATED', description: 'of the order' },
      { name: 'buyer', type: 'RECORD', fields: [{ name: 'id', type: 'INTEGER' }] },
      { name: 'total', type: 'NUMERIC', precision: '10', scale: '2' },
      { name: 'code', type: 'STRING', maxLength: '3' },
    ];
    const [table] = await dataset.createTable(fresh('t'), {
      schema,
      timePartitioning: { type: 'DAY', field: 'at', expirationMs: '86400000' },
      clustering: { fields: ['code'] },
      description: 'orders',
    });
    const [made] = await table.getMetadata();
    expect(made).toMatchObject({
      kind: 'bigquery#table',
      type: 'TABLE',
      numRows: '0',
      numBytes: '0',
      schema: { fields: schema },
      timePartitioning: { type: 'DAY', field: 'at', expirationMs: '86400000' },
      clustering: { fields: ['code'] },
      description: 'orders',
      location: 'US',
    });
  },

  'a table that exists is a duplicate': async (target) => {
    const table = await target.table('n INT64');
    const again = target.bigquery.dataset(target.datasetId).createTable(table.id ?? '', {
      schema: [{ name: 'n', type: 'INTEGER' }],
    });
    const [reason, message] = await refusal(again);
    expect(reason).toBe('duplicate');
    expect(message).toContain(`${target.datasetId}.${table.id}`);
  },

  'an unknown table is notFound': async ({ bigquery, datasetId, project }) => {
    const [reason, message] = await refusal(
      bigquery.dataset(datasetId).table('none').getMetadata(),
    );
    expect([reason, message]).toEqual([
      'notFound',
      `Not found: Table ${project}:${datasetId}.none`,
    ]);
  },

  'a patch adds a column, which is NULL in the rows that are there': async (target) => {
    const table = await target.tableOf('SELECT 1 AS n');
    const fields = [
      { name: 'n', type: 'INTEGER' },
      { name: 'more', type: 'STRING' },
    ];
    await table.setMetadata({ schema: { fields } });
    expect(await target.rows(`SELECT n, more FROM ${table.id}`)).toEqual([[1, null]]);
  },

  'a patch that drops a column, changes its type, or adds a required one is refused': async (
    target,
  ) => {
    const table = await target.table('n INT64, s STRING');
    const n = { name: 'n', type: 'INTEGER' };
    const s = { name: 's', type: 'STRING' };
    for (const fields of [
      [n],
      [{ ...n, type: 'STRING' }, s],
      [n, s, { name: 'r', type: 'STRING', mode: 'REQUIRED' }],
    ]) {
      const [reason] = await refusal(table.setMetadata({ schema: { fields } }));
      expect(reason, JSON.stringify(fields)).toBe('invalid');
    }
  },

  'a required column becomes nullable, and not the other way': async (target) => {
    const table = await target.table('n INT64 NOT NULL');
    const schema = (mode: string) => ({
      schema: { fields: [{ name: 'n', type: 'INTEGER', mode }] },
    });
    await table.setMetadata(schema('NULLABLE'));
    expect((await refusal(table.setMetadata(schema('REQUIRED'))))[0]).toBe('invalid');
  },

  'tables are listed by pages': async ({ bigquery }) => {
    const [dataset] = await bigquery.createDataset(fresh('d'));
    const schema = [{ name: 'n', type: 'INTEGER' }];
    for (const id of ['a', 'b', 'c']) await dataset.createTable(id, { schema });
    const [first, next] = await dataset.getTables({ maxResults: 2, autoPaginate: false });
    expect(first).toHaveLength(2);
    const [rest] = await dataset.getTables({ ...next, autoPaginate: false });
    expect([...first, ...rest].map((each) => each.id)).toEqual(['a', 'b', 'c']);
    await dataset.delete({ force: true });
  },

  'a view is made of a query, follows its table, and is described as a view': async (target) => {
    const table = await target.tableOf('SELECT 1 AS n');
    const [view] = await target.bigquery.dataset(target.datasetId).createTable(fresh('v'), {
      view: {
        query: `SELECT n * 2 AS m FROM ${target.datasetId}.${table.id}`,
        useLegacySql: false,
      },
    });
    await target.rows(`INSERT INTO ${table.id} (n) VALUES (5)`);
    expect(await target.rows(`SELECT m FROM ${view.id} ORDER BY m`)).toEqual([[2], [10]]);
    const [shown] = await view.getMetadata();
    expect(shown).toMatchObject({ type: 'VIEW', schema: { fields: [{ name: 'm' }] } });
  },

  'two columns of one name are invalid': async ({ bigquery, datasetId }) => {
    const schema = ['n', 'N'].map((name) => ({ name, type: 'INTEGER' }));
    const made = bigquery.dataset(datasetId).createTable(fresh('t'), { schema });
    expect((await refusal(made))[0]).toBe('invalid');
  },

  'a table is deleted once': async (target) => {
    const table = await target.table('n INT64');
    await table.delete();
    expect((await refusal(table.delete()))[0]).toBe('notFound');
  },

  // https://cloud.google.com/bigquery/docs/reference/rest/v2/routines
  'a function is made, listed, called and deleted': async (target) => {
    const dataset = target.bigquery.dataset(target.datasetId);
    const id = fresh('f');
    await target.rows(`CREATE FUNCTION ${target.datasetId}.${id}(x INT64) AS (x + 1)`);
    expect(await target.rows(`SELECT ${target.datasetId}.${id}(4) AS n`)).toEqual([[5]]);
    const [routines] = await dataset.getRoutines();
    expect(routines.map((each) => each.id)).toContain(id);
    await dataset.routine(id).delete();
    expect((await refusal(dataset.routine(id).getMetadata()))[0]).toBe('notFound');
  },
};

// https://cloud.google.com/bigquery/docs/reference/rest/v2/tabledata
export const tableData: Behaviours<BigQueryTarget> = {
  'rows are read by pages, all or some columns': async (target) => {
    const table = await target.tableOf('SELECT n, "x" AS s FROM UNNEST([1, 2, 3]) AS n');
    const path = `/datasets/${target.datasetId}/tables/${table.id}/data`;
    const first = await target.call('GET', `${path}?maxResults=2&selectedFields=n`);
    expect(first.body).toMatchObject({ kind: 'bigquery#tableDataList', totalRows: '3' });
    expect(first.body.rows).toHaveLength(2);
    const rest = await target.call(
      'GET',
      `${path}?selectedFields=n&pageToken=${encodeURIComponent(first.body.pageToken)}`,
    );
    const values = [...first.body.rows, ...rest.body.rows].map(({ f }) => f[0].v);
    expect(values.sort()).toEqual(['1', '2', '3']);
    const [last] = await table.getRows({ startIndex: '2' });
    expect(last).toHaveLength(1);
  },

  'timestamps are integers of microseconds if asked for': async (target) => {
    const table = await target.tableOf('SELECT TIMESTAMP "2024-03-01 06:00:00.123456Z" AS t');
    const path = `/datasets/${target.datasetId}/tables/${table.id}/data`;
    const plain = await target.call('GET', path);
    expect(Number(plain.body.rows[0].f[0].v)).toBeCloseTo(1709272800.123456, 5);
    const exact = await target.call('GET', `${path}?formatOptions.useInt64Timestamp=true`);
    expect(exact.body.rows[0].f[0].v).toBe('1709272800123456');
  },

  'insertAll names the bad row and stops the others': async (target) => {
    const table = await target.table('n INT64');
    const rows = [{ json: { n: 1 } }, { json: { n: 'x' } }];
    const path = `/datasets/${target.datasetId}/tables/${table.id}/insertAll`;
    const { status, body } = await target.call('POST', path, { rows });
    expect(status).toBe(200);
    const reasons = body.insertErrors.map(
      ({ index, errors }: { index: number; errors: { reason: string }[] }) => [
        index,
        errors[0]?.reason,
      ],
    );
    expect(Object.fromEntries(reasons)).toEqual({ 0: 'stopped', 1: 'invalid' });
    const skipping = await target.call('POST', path, { rows, skipInvalidRows: true });
    expect(skipping.body.insertErrors).toMatchObject([{ index: 1 }]);
    expect(await target.rows(`SELECT n FROM ${table.id}`)).toEqual([[1]]);
  },

  'insertAll refuses an unknown field, or ignores it if asked to': async (target) => {
    const table = await target.table('n INT64');
    const rows = [{ json: { n: 1, other: 2 } }];
    const path = `/datasets/${target.datasetId}/tables/${table.id}/insertAll`;
    const refused = await target.call('POST', path, { rows });
    expect(refused.body.insertErrors[0].errors[0]).toMatchObject({
      reason: 'invalid',
      location: 'other',
      message: 'no such field: other.',
    });
    const ignored = await target.call('POST', path, { rows, ignoreUnknownValues: true });
    expect(ignored.body.insertErrors).toBe(undefined);
  },

  'insertAll without rows is invalid': async (target) => {
    const table = await target.table('n INT64');
    const path = `/datasets/${target.datasetId}/tables/${table.id}/insertAll`;
    const { status, body } = await target.call('POST', path, { rows: [] });
    expect(status).toBe(400);
    expect(body.error.errors[0].reason).toBe('invalid');
  },
};
