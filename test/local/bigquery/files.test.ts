// Files of load and extract jobs in the folder that stands for Cloud Storage, and copy jobs.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;
let bucket: string;

beforeAll(async () => {
  server = await startBigQueryBed();
  bucket = join(server.directory, 'storage', 'bucket');
  await mkdir(bucket, { recursive: true });
  await queryRows(server, 'CREATE SCHEMA d');
  await queryRows(
    server,
    `CREATE TABLE d.source AS SELECT 1 AS id, 'a,"b"' AS name, TIMESTAMP '2024-01-02 03:04:05.5+00' AS at`,
  );
});

afterAll(() => server.stop());

interface JobBody {
  jobReference: { jobId: string };
  status: { state: string; errorResult?: { message: string } };
  statistics: Record<string, unknown>;
}

/** Runs a job of jobs.insert to its end. */
async function job(configuration: object): Promise<JobBody> {
  const jobs = `/bigquery/v2/projects/${PROJECT}/jobs`;
  const { body } = await request(server, 'POST', jobs, { configuration });
  if (body.error) throw new Error(body.error.message);
  for (let found = body as unknown as JobBody; ; ) {
    if (found.status.state === 'DONE') {
      if (found.status.errorResult) throw new Error(found.status.errorResult.message);
      return found;
    }
    const next = await request(server, 'GET', `${jobs}/${found.jobReference.jobId}`);
    found = next.body as unknown as JobBody;
  }
}

const table = (tableId: string) => ({ projectId: PROJECT, datasetId: 'd', tableId });

test('Parquet is loaded with its own columns', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    `COPY (SELECT 7 AS n, 'x' AS s, [1, 2] AS list, {'a': 1.5::DOUBLE} AS r, TIMESTAMPTZ '2024-01-02 00:00:00+00' AS t,
       1.25::DECIMAL(10, 2) AS num, DATE '2024-05-06' AS d) TO '${join(bucket, 'part-1.parquet')}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  const done = await job({
    load: {
      sourceUris: ['gs://bucket/part-*.parquet'],
      sourceFormat: 'PARQUET',
      destinationTable: table('parquet'),
    },
  });
  expect(done.statistics).toMatchObject({ load: { outputRows: '1' } });
  expect(
    await queryRows(server, 'SELECT n, s, list, r.a, CAST(t AS STRING), num, d FROM d.parquet'),
  ).toEqual([
    ['7', 'x', [{ v: '1' }, { v: '2' }], '1.5', '2024-01-02 00:00:00+00', '1.25', '2024-05-06'],
  ]);
});

test('compressed files are loaded, several of them in one job', async () => {
  await writeFile(join(bucket, 'a.csv.gz'), gzipSync('1,x\n'));
  await writeFile(join(bucket, 'b.csv'), '2,y\n');
  const fields = [
    { name: 'id', type: 'INTEGER' },
    { name: 's', type: 'STRING' },
  ];
  await job({
    load: {
      sourceUris: ['gs://bucket/a.csv.gz', 'gs://bucket/b.csv'],
      schema: { fields },
      destinationTable: table('zipped'),
    },
  });
  expect(await queryRows(server, 'SELECT * FROM d.zipped ORDER BY id')).toEqual([
    ['1', 'x'],
    ['2', 'y'],
  ]);
});

test.each([
  ['gs://bucket/none.csv', 'CSV', 'Not found: URI'],
  ['gs://bucket/../../secret', 'CSV', 'Invalid URI'],
  ['http://bucket/a.csv', 'CSV', 'Invalid URI'],
  ['gs://bucket/b.csv', 'PARQUET', 'not Parquet'],
  ['gs://bucket/b.csv', 'ORC', 'ORC is not supported by the local server'],
])('%s as %s is refused', async (uri, sourceFormat, message) => {
  const load = {
    sourceUris: [uri],
    sourceFormat,
    destinationTable: table('refused'),
    autodetect: true,
  };
  await expect(job({ load })).rejects.toThrow(message);
});

test('a table is extracted as CSV and as compressed JSON, and loaded again', async () => {
  const sourceTable = table('source');
  await job({ extract: { sourceTable, destinationUris: ['gs://bucket/out.csv'] } });
  expect(await readFile(join(bucket, 'out.csv'), 'utf8')).toBe(
    'id,name,at\n1,"a,""b""",2024-01-02 03:04:05.500000 UTC\n',
  );
  await job({
    extract: {
      sourceTable,
      destinationUris: ['gs://bucket/out-*.json.gz'],
      destinationFormat: 'NEWLINE_DELIMITED_JSON',
      compression: 'GZIP',
    },
  });
  const text = gunzipSync(await readFile(join(bucket, 'out-000000000000.json.gz'))).toString();
  expect(JSON.parse(text)).toMatchObject({ id: '1', name: 'a,"b"' });
  const sourceUris = ['gs://bucket/out-*.json.gz'];
  const sourceFormat = 'NEWLINE_DELIMITED_JSON';
  await job({
    load: { sourceUris, sourceFormat, autodetect: true, destinationTable: table('again') },
  });
  expect(await queryRows(server, 'SELECT name FROM d.again')).toEqual([['a,"b"']]);
});

test('a copy has the rows and the layout of its source', async () => {
  await queryRows(
    server,
    'CREATE TABLE d.laid PARTITION BY DATE(at) CLUSTER BY id AS SELECT * FROM d.source',
  );
  const copy = { sourceTable: table('laid'), destinationTable: table('copied') };
  await job({ copy });
  await expect(job({ copy })).rejects.toThrow('Already Exists');
  await job({ copy: { ...copy, writeDisposition: 'WRITE_APPEND' } });
  expect(await queryRows(server, 'SELECT COUNT(*) FROM d.copied')).toEqual([['2']]);
  const [metadata] = await server.bigquery.dataset('d').table('copied').getMetadata();
  expect(metadata).toMatchObject({
    timePartitioning: { field: 'at' },
    clustering: { fields: ['id'] },
  });
});
