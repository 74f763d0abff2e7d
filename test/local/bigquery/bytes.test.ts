import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';

// A machine under load needs longer than the usual time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const MB = 1024 * 1024;

let bed: BigQueryBed;

beforeAll(async () => {
  bed = await startBigQueryBed();
  await bed.bigquery.createDataset('d');
  await bed.bigquery.query(
    `CREATE TABLE d.t AS SELECT 1 AS i, 'é' AS s, [1, 2, 3] AS a, STRUCT(TRUE AS b, NUMERIC '1' AS n) AS r
     UNION ALL SELECT 2, NULL, [], NULL`,
  );
});

afterAll(() => bed.stop());

async function statistics(query: string, dryRun: boolean) {
  const [job] = await bed.bigquery.createQueryJob({ query, dryRun });
  if (!dryRun) await job.getQueryResults();
  const metadata = dryRun ? job.metadata : (await job.getMetadata())[0];
  return metadata.statistics;
}

// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes
describe('the bytes of the columns that a query reads', () => {
  test.each([
    ['SELECT i FROM d.t', 16],
    ['SELECT s FROM d.t', 4],
    ['SELECT a FROM d.t', 24],
    ['SELECT r FROM d.t', 17],
    ['SELECT r.n FROM d.t', 16],
    ['SELECT * FROM d.t', 16 + 4 + 24 + 17],
    ["SELECT i FROM d.t WHERE s = 'x'", 16 + 4],
    ['SELECT x.i FROM (SELECT * FROM d.t) AS x', 16],
    ['SELECT COUNT(*) FROM d.t', 0],
    ['SELECT 1', 0],
    ['DELETE FROM d.t WHERE i = 7', 16],
  ])('%s: %d', async (query, bytes) => {
    expect((await statistics(query, true)).totalBytesProcessed).toBe(String(bytes));
    expect((await statistics(query, false)).totalBytesProcessed).toBe(String(bytes));
  });

  test('are billed with 10 MB at least, and change with the table', async () => {
    const read = (await statistics('SELECT i FROM d.t', false)).query;
    expect(read.totalBytesBilled).toBe(String(10 * MB));
    expect(read.referencedTables.map(({ tableId }: { tableId: string }) => tableId)).toEqual(['t']);
    expect((await statistics('SELECT 1', false)).query.totalBytesBilled).toBe('0');
    await bed.bigquery.query('CREATE TABLE d.grows AS SELECT 1 AS i');
    expect((await statistics('SELECT i FROM d.grows', true)).totalBytesProcessed).toBe('8');
    await bed.bigquery.query('INSERT d.grows VALUES (2)');
    expect((await statistics('SELECT i FROM d.grows', true)).totalBytesProcessed).toBe('16');
    const [{ numBytes }] = await bed.bigquery.dataset('d').table('grows').getMetadata();
    expect(numBytes).toBe('16');
  });
});

test("a query's result has a table of its own", async () => {
  const [job] = await bed.bigquery.createQueryJob("SELECT 1 AS i, [STRUCT('x' AS s)] AS a");
  await job.getQueryResults();
  const { destinationTable } = (await job.getMetadata())[0].configuration.query;
  const table = bed.bigquery.dataset(destinationTable.datasetId).table(destinationTable.tableId);
  expect((await table.getMetadata())[0].numRows).toBe('1');
  expect((await table.getRows())[0]).toEqual([{ i: 1, a: [{ s: 'x' }] }]);
  const [datasets] = await bed.bigquery.getDatasets();
  expect(datasets.map(({ id }) => id)).toEqual(['d']);
});
