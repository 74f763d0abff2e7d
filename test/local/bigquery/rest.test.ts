import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

const BASE = `/bigquery/v2/projects/${PROJECT}`;
let server: BigQueryBed;

beforeAll(async () => {
  server = await startBigQueryBed();
  await server.bigquery.createDataset('d', { location: 'EU', labels: { a: '1' } });
});

afterAll(() => server.stop());

describe('datasets', () => {
  test('insert, get, patch, list and delete', async () => {
    const [dataset] = await server.bigquery.createDataset('Sets', { description: 'one' });
    await expect(server.bigquery.createDataset('Sets')).rejects.toMatchObject({
      code: 409,
      message: `Already Exists: Dataset ${PROJECT}:Sets`,
    });
    await dataset.setMetadata({ description: 'two', labels: { k: 'v' } });
    const [metadata] = await dataset.getMetadata();
    expect(metadata).toMatchObject({
      kind: 'bigquery#dataset',
      id: `${PROJECT}:Sets`,
      datasetReference: { projectId: PROJECT, datasetId: 'Sets' },
      description: 'two',
      labels: { k: 'v' },
    });
    const [all] = await server.bigquery.getDatasets();
    expect(all.map((found) => found.id)).toEqual(['Sets', 'd']);
    await dataset.createTable('t', { schema: 'a' });
    await expect(dataset.delete()).rejects.toMatchObject({
      code: 400,
      message: expect.stringContaining('still in use'),
    });
    await dataset.delete({ force: true });
    expect(await dataset.exists()).toEqual([false]);
  });

  test('an invalid id is rejected', async () => {
    const body = { datasetReference: { datasetId: 'a.b' } };
    expect((await request(server, 'POST', `${BASE}/datasets`, body)).status).toBe(400);
  });
});

describe('tables', () => {
  test('a table is described as it was made', async () => {
    const metadata = {
      schema: {
        fields: [
          { name: 'id', type: 'INT64', mode: 'REQUIRED', description: 'the key' },
          { name: 'ts', type: 'TIMESTAMP' },
          { name: 'r', type: 'STRUCT', mode: 'REPEATED', fields: [{ name: 'x', type: 'BOOL' }] },
        ],
      },
      timePartitioning: { type: 'DAY', field: 'ts' },
      clustering: { fields: ['id'] },
      tableConstraints: { primaryKey: { columns: ['id'] } },
      description: 'rows',
      labels: { team: 'x' },
    };
    await server.bigquery.dataset('d').createTable('made', metadata);
    const [found] = await server.bigquery.dataset('d').table('made').getMetadata();
    expect(found).toMatchObject({
      ...metadata,
      id: `${PROJECT}:d.made`,
      type: 'TABLE',
      location: 'EU',
      numRows: '0',
      schema: {
        fields: [
          { name: 'id', type: 'INTEGER', mode: 'REQUIRED', description: 'the key' },
          { name: 'ts', type: 'TIMESTAMP', mode: 'NULLABLE' },
          {
            name: 'r',
            type: 'RECORD',
            mode: 'REPEATED',
            fields: [{ name: 'x', type: 'BOOLEAN', mode: 'NULLABLE' }],
          },
        ],
      },
    });
    await expect(server.bigquery.dataset('d').createTable('made', metadata)).rejects.toMatchObject({
      code: 409,
      message: `Already Exists: Table ${PROJECT}:d.made`,
    });
  });

  test.each<[string, object]>([
    ['a type that is none', { schema: { fields: [{ name: 'a', type: 'FOO' }] } }],
    ['a name that is none', { schema: { fields: [{ name: '1;a', type: 'STRING' }] } }],
    [
      'a name twice',
      {
        schema: {
          fields: [
            { name: 'a', type: 'STRING' },
            { name: 'A', type: 'STRING' },
          ],
        },
      },
    ],
    ['a record without columns', { schema: { fields: [{ name: 'a', type: 'RECORD' }] } }],
    ['a partition by no column', { schema: { fields: [] }, timePartitioning: { field: 'x' } }],
    ['a cluster by no column', { clustering: { fields: ['x'] } }],
  ])('refuses %s', async (_, body) => {
    const answer = await request(server, 'POST', `${BASE}/datasets/d/tables`, {
      tableReference: { tableId: 'refused' },
      ...body,
    });
    expect([answer.status, answer.body.error?.errors[0]?.reason]).toEqual([400, 'invalid']);
  });

  test('a patch adds columns, also inside records, and relaxes modes; rows stay', async () => {
    const table = server.bigquery.dataset('d').table('patched');
    const fields = (more: object[] = [], inner: object[] = [], mode = 'REQUIRED') => ({
      schema: {
        fields: [
          { name: 'a', type: 'STRING', mode },
          {
            name: 'r',
            type: 'RECORD',
            mode: 'REPEATED',
            fields: [{ name: 'x', type: 'INTEGER' }, ...inner],
          },
          ...more,
        ],
      },
    });
    await table.create(fields());
    await table.insert([{ a: 'old', r: [{ x: 1 }] }]);
    await table.setMetadata(
      fields([{ name: 'b', type: 'JSON' }], [{ name: 'y', type: 'STRING' }], 'NULLABLE'),
    );
    await table.insert([{ r: [{ x: 2, y: 'new' }], b: '{"k":1}' }]);
    expect(await queryRows(server, 'SELECT a, r, b FROM d.patched ORDER BY a')).toEqual([
      [null, [{ v: { f: [{ v: '2' }, { v: 'new' }] } }], '{"k":1}'],
      ['old', [{ v: { f: [{ v: '1' }, { v: null }] } }], null],
    ]);
  });

  test.each<[string, object[], string]>([
    [
      'another type',
      [{ name: 'a', type: 'INTEGER' }],
      'Field a has changed type from STRING to INTEGER',
    ],
    ['a column less', [{ name: 'z', type: 'STRING' }], 'Field a is missing in new schema'],
    [
      'a stricter mode',
      [{ name: 'a', type: 'STRING', mode: 'REQUIRED' }],
      'Field a has changed mode from NULLABLE to REQUIRED',
    ],
    [
      'a new REQUIRED column',
      [
        { name: 'a', type: 'STRING' },
        { name: 'b', type: 'STRING', mode: 'REQUIRED' },
      ],
      'Cannot add required fields',
    ],
  ])('a patch to %s is refused', async (_, fields, message) => {
    const table = server.bigquery.dataset('d').table('strict');
    if (!(await table.exists())[0]) await table.create({ schema: 'a:STRING' });
    const answer = await request(server, 'PATCH', `${BASE}/datasets/d/tables/strict`, {
      schema: { fields },
    });
    expect(answer.body.error).toMatchObject({
      code: 400,
      message: expect.stringContaining(message),
    });
  });

  test('a patch on an older etag is refused', async () => {
    await server.bigquery.dataset('d').createTable('tagged', { schema: 'a' });
    const path = `${BASE}/datasets/d/tables/tagged`;
    const { etag = '' } = (await request(server, 'GET', path)).body;
    const patch = (headers: Record<string, string>) =>
      request(server, 'PATCH', path, { description: 'x' }, headers);
    expect((await patch({ 'if-match': etag })).status).toBe(200);
    expect((await patch({ 'if-match': etag })).status).toBe(412);
  });

  test('lists by pages', async () => {
    await server.bigquery.createDataset('many');
    for (const id of ['c', 'a', 'b'])
      await server.bigquery.dataset('many').createTable(id, { schema: 'x' });
    const first = await request(server, 'GET', `${BASE}/datasets/many/tables?maxResults=2`);
    expect(first.body).toMatchObject({ totalItems: 3, nextPageToken: '2' });
    const [tables] = await server.bigquery.dataset('many').getTables();
    expect(tables.map((table) => table.id)).toEqual(['a', 'b', 'c']);
  });

  test("unknown resources are errors in Google's form and wording", async () => {
    const answer = await request(server, 'GET', `${BASE}/datasets/d/tables/none`);
    expect(answer.status).toBe(404);
    expect(answer.body.error).toEqual({
      code: 404,
      message: `Not found: Table ${PROJECT}:d.none`,
      errors: [
        { message: `Not found: Table ${PROJECT}:d.none`, domain: 'global', reason: 'notFound' },
      ],
      status: 'NOT_FOUND',
    });
    expect((await request(server, 'GET', `${BASE}/datasets/none`)).body.error?.message).toBe(
      `Not found: Dataset ${PROJECT}:none`,
    );
    expect((await request(server, 'GET', '/nowhere')).status).toBe(404);
    expect(
      (await request(server, 'POST', `${BASE}/datasets`, '{bad')).body.error?.errors[0]?.reason,
    ).toBe('parseError');
  });
});

describe('table data', () => {
  test('rows are read by pages, in the order they came', async () => {
    const table = server.bigquery.dataset('d').table('data');
    await table.create({ schema: 'n:INTEGER,s:STRING' });
    await table.insert(Array.from({ length: 25 }, (_, n) => ({ n, s: `s${n}` })));
    const page = await request(
      server,
      'GET',
      `${BASE}/datasets/d/tables/data/data?maxResults=10&startIndex=20`,
    );
    expect(page.body).toMatchObject({ totalRows: '25' });
    expect(page.body.rows).toHaveLength(5);
    expect(page.body.pageToken).toBeUndefined();
    const [rows] = await table.getRows({ maxResults: 10, selectedFields: 'n' });
    expect(rows).toEqual(Array.from({ length: 10 }, (_, n) => ({ n })));
    const [all] = await table.getRows();
    expect(all).toHaveLength(25);
  });

  test('one bad row of insertAll stops the others, unless it may be skipped', async () => {
    const table = server.bigquery.dataset('d').table('inserted');
    await table.create({ schema: 'n:INTEGER,j:JSON' });
    const body = (more: object) =>
      `{"rows":[{"json":{"n":9007199254740993,"j":"{\\"k\\":1}"}},{"json":{"n":"x"}},{"json":{"zz":1}}]${JSON.stringify(more).replace('{', ',').replace(',}', '}')}`;
    const path = `${BASE}/datasets/d/tables/inserted/insertAll`;
    const refused = await request(server, 'POST', path, body({ kind: 'x' }));
    expect(refused.body['insertErrors']).toMatchObject([
      { index: 0, errors: [{ reason: 'stopped' }] },
      { index: 1, errors: [{ reason: 'invalid', location: 'n' }] },
      { index: 2, errors: [{ reason: 'invalid', location: 'zz' }] },
    ]);
    expect(await queryRows(server, 'SELECT * FROM d.inserted')).toEqual([]);
    const skipped = await request(server, 'POST', path, body({ skipInvalidRows: true }));
    expect(skipped.body['insertErrors']).toMatchObject([{ index: 1 }, { index: 2 }]);
    expect(await queryRows(server, 'SELECT * FROM d.inserted')).toEqual([
      ['9007199254740993', '{"k":1}'],
    ]);
  });
});

describe('queries', () => {
  test('parameters of every type, by name and by position', async () => {
    const params = {
      s: `quote ' and \\ and \0 and 😀`,
      i: 5,
      big: server.bigquery.int('9007199254740993'),
      f: 1.5,
      b: false,
      ts: server.bigquery.timestamp('2026-01-02T03:04:05.000006Z'),
      d: server.bigquery.date('2026-01-02'),
      dt: server.bigquery.datetime('2026-01-02 03:04:05'),
      t: server.bigquery.time('03:04:05'),
      arr: ['x', 'y'],
      st: { a: 1, b: { c: ['z'] } },
    };
    const names = Object.keys(params);
    const query = `SELECT ${names.map((name) => `@${name} AS ${name}`).join(', ')}`;
    const [[row]] = await server.bigquery.query({ query, params });
    expect(row).toMatchObject({
      s: params.s,
      i: 5,
      f: 1.5,
      b: false,
      // The client's own way to write nanoseconds.
      ts: { value: '2026-01-02T03:04:05.000006000Z' },
      d: { value: '2026-01-02' },
      dt: { value: '2026-01-02T03:04:05' },
      t: { value: '03:04:05' },
      arr: ['x', 'y'],
      st: { a: 1, b: { c: ['z'] } },
    });
    const [positional] = await server.bigquery.query({
      query: 'SELECT ? AS a, ? AS b LIMIT 1',
      params: ['x', 2],
    });
    expect(positional).toEqual([{ a: 'x', b: 2 }]);
    const [nulls] = await server.bigquery.query({
      query: 'SELECT @a AS a, @e AS e',
      params: { a: null, e: [] },
      types: { a: 'STRING', e: ['INT64'] },
    });
    expect(nulls).toEqual([{ a: null, e: [] }]);
    await expect(
      server.bigquery.query({ query: 'SELECT @a', params: { a: 'x' }, types: { a: 'INT64' } }),
    ).rejects.toMatchObject({ code: 400 });
  });

  describe('a list as a parameter', () => {
    const rows = 'UNNEST([1, 2, NULL]) AS n';
    const lists = { some: [1, 7], all: [1, 2], none: [] };
    const types = { some: ['INT64'], all: ['INT64'], none: ['INT64'] };
    test.each<[string, unknown[]]>([
      [`SELECT n FROM ${rows} WHERE n IN UNNEST(@some)`, [1]],
      [`SELECT n FROM ${rows} WHERE n NOT IN UNNEST(@some)`, [2]],
      [`SELECT n FROM ${rows} WHERE NOT (n IN UNNEST(@some) OR n IS NULL)`, [2]],
      [`SELECT n FROM ${rows} WHERE (n IN UNNEST(@some)) IS NULL`, [null]],
      [`SELECT n FROM ${rows} WHERE n IN UNNEST(@none)`, []],
      [`SELECT n FROM ${rows} WHERE n NOT IN UNNEST(@none) ORDER BY n`, [null, 1, 2]],
      [`SELECT n FROM ${rows} WHERE n IN UNNEST(@all) AND n IN UNNEST(@some)`, [1]],
      [`SELECT COUNTIF(n IN UNNEST(@all)) AS n FROM ${rows}`, [2]],
      ['SELECT n FROM (SELECT 1 AS n, [2, 7] AS a) WHERE 2 IN UNNEST(a)', [1]],
      [
        `SELECT n FROM (SELECT 1 AS n, [2, 7] AS a)
         WHERE EXISTS(SELECT 1 FROM UNNEST(a) AS x WHERE x IN UNNEST(@some))`,
        [1],
      ],
    ])('%s', async (query, expected) => {
      const [found] = await server.bigquery.query({ query, params: lists, types });
      expect(found.map(({ n }) => n)).toEqual(expected);
    });
  });

  test('results come by pages', async () => {
    const query = 'SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x ORDER BY x';
    const first = await request(server, 'POST', `${BASE}/queries`, { query, maxResults: 1000 });
    expect(first.body).toMatchObject({ totalRows: '2500', pageToken: '1000', jobComplete: true });
    const jobId = first.body.jobReference?.jobId ?? '';
    const last = await request(
      server,
      'GET',
      `${BASE}/queries/${jobId}?maxResults=1000&pageToken=2000`,
    );
    expect(last.body.rows?.at(-1)).toEqual({ f: [{ v: '2500' }] });
    expect(last.body.pageToken).toBeUndefined();
    const [job] = await server.bigquery.createQueryJob({ query });
    const [rows] = await job.getQueryResults({ maxResults: 300 });
    expect(rows).toHaveLength(300);
    const [all] = await server.bigquery.query({ query, maxResults: 700 });
    expect(all).toHaveLength(2500);
  });

  test('timestamps are seconds, microseconds or text, as asked', async () => {
    const query = `SELECT TIMESTAMP '2026-01-02 03:04:05.000006+00' AS t, TIMESTAMP '1969-12-31 23:59:59.5+00' AS u`;
    const as = (formatOptions?: object) => queryRows(server, query, { formatOptions });
    expect(await as()).toEqual([['1767323045.000006', '-0.5']]);
    expect(await as({ useInt64Timestamp: true })).toEqual([['1767323045000006', '-500000']]);
    expect(await as({ timestampOutputFormat: 'ISO8601_STRING' })).toEqual([
      ['2026-01-02T03:04:05.000006Z', '1969-12-31T23:59:59.500000Z'],
    ]);
  });

  // Found by test/fuzz/round-trip.test.ts.
  test('zero keeps its sign, and text the byte order mark that it begins with', async () => {
    const sql = "SELECT -CAST('0' AS FLOAT64), '\\ufeffbom', ['\\ufeff'], STRUCT('\\ufeffx' AS s)";
    expect(await queryRows(server, sql)).toEqual([
      ['-0.0', '\ufeffbom', [{ v: '\ufeff' }], { f: [{ v: '\ufeffx' }] }],
    ]);
  });

  test('a dry run returns the schema and runs nothing', async () => {
    const [job] = await server.bigquery.createQueryJob({
      query: 'SELECT 1 AS a, "x" AS b, [1.5] AS c',
      dryRun: true,
    });
    expect(job.metadata.statistics).toMatchObject({
      totalBytesProcessed: '0',
      query: {
        statementType: 'SELECT',
        schema: {
          fields: [
            { name: 'a', type: 'INTEGER' },
            { name: 'b', type: 'STRING' },
            { name: 'c', type: 'FLOAT', mode: 'REPEATED' },
          ],
        },
      },
    });
    const { body } = await request(server, 'POST', `${BASE}/queries`, {
      query: 'CREATE TABLE d.dry (a INT64)',
      dryRun: true,
    });
    expect(body.error).toBeUndefined();
    expect((await request(server, 'GET', `${BASE}/datasets/d/tables/dry`)).status).toBe(404);
    expect(
      (await request(server, 'POST', `${BASE}/queries`, { query: 'SELECT nope', dryRun: true }))
        .status,
    ).toBe(400);
  });

  test('a default dataset completes names', async () => {
    await server.bigquery.dataset('d').createTable('short', { schema: 'a' });
    const [rows] = await server.bigquery.query({
      query: 'SELECT COUNT(*) AS n FROM short',
      defaultDataset: { datasetId: 'd', projectId: PROJECT },
    });
    expect(rows).toEqual([{ n: 0 }]);
  });

  test('a query job keeps its id and its failure', async () => {
    const [job] = await server.bigquery.createQueryJob({ query: 'SELECT 1 AS a', jobId: 'asked' });
    expect((await job.getQueryResults())[0]).toEqual([{ a: 1 }]);
    await expect(
      server.bigquery.createQueryJob({ query: 'SELECT 2', jobId: 'asked' }),
    ).rejects.toMatchObject({ code: 409 });
    await request(server, 'POST', `${BASE}/jobs`, {
      jobReference: { jobId: 'failed' },
      configuration: { query: { query: 'SELECT nope' } },
    });
    const results = await request(server, 'GET', `${BASE}/queries/failed`);
    expect([results.status, results.body.error?.message]).toEqual([
      400,
      'Unrecognized name: nope at [1:8]',
    ]);
    const { body } = await request(server, 'GET', `${BASE}/jobs/failed`);
    expect(body.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'invalidQuery' } });
    expect((await request(server, 'GET', `${BASE}/queries/none`)).status).toBe(404);
    expect((await request(server, 'POST', `${BASE}/jobs/asked/cancel`)).status).toBe(200);
  });

  test('legacy SQL is refused', async () => {
    const answer = await request(server, 'POST', `${BASE}/queries`, {
      query: 'SELECT 1',
      useLegacySql: true,
    });
    expect(answer.status).toBe(501);
  });
});

test('a port that is taken is named by its error', async () => {
  const { startBigQuery } = await import('../../../local/bigquery/main.ts');
  const restPort = Number(new URL(server.url).port);
  const directory = `${server.directory}/second`;
  await expect(startBigQuery({ restPort, grpcPort: 0, directory })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    port: restPort,
  });
  const again = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  await again.stop();
});
