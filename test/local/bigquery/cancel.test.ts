import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startBigQuery } from '../../../local/bigquery/main.ts';
import { connectBigQuery } from '../../../local/google-clients.ts';

it('jobs.cancel ends a query that would run for hours', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-cancel-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  onTestFinished(() => server.stop());
  const bigquery = connectBigQuery('test-project', server.restPort);
  const numbers = 'UNNEST(GENERATE_ARRAY(1, 1000000))';
  const [job] = await bigquery.createQueryJob({
    query: `SELECT COUNT(*) FROM ${numbers} AS a, ${numbers} AS b WHERE MOD(a * b, 7) = 3`,
  });
  await job.cancel();
  const [metadata] = (await job.getMetadata()) as [{ status: object }, ...unknown[]];
  expect(metadata.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'stopped' } });
  // The server goes on.
  const [rows] = await bigquery.query('SELECT 1 AS one');
  expect(rows).toEqual([{ one: 1 }]);
});
