import { expect, it } from 'vitest';
import { ExportLoad } from '../../../../subscriber/exports/export-load.ts';
import { apiOrigin } from '../../../../subscriber/exports/fetch/export-api.ts';
import { clientOf } from '../../../beds/bigquery-client.ts';
import { announcement, startExportsBed } from '../../../beds/exports-bed.ts';
import { startSenderBed } from '../../../beds/sender-bed.ts';
import { forward } from '../../../beds/subscriber-proxy.ts';
import { zipOf } from '../../../beds/zips.ts';

it('a transient failure of a job is reported, and its id is not requested again', async () => {
  const bed = await startExportsBed({
    [announcement.path]: await zipOf([['1.csv', 'a,b\n1,x\n']]),
  });
  const asked: string[] = [];
  const error = { reason: 'backendError', message: 'An internal error occurred' };
  const bigquery = await startSenderBed((request, response) => {
    const [, attempt] = /\/jobs\/tributary-export-\w+-(\d)/.exec(request.url ?? '') ?? [];
    if (request.method === 'GET' && attempt) asked.push(attempt);
    const isDone = attempt === '0' && asked.length > 1;
    if (!isDone) return void forward(bed.bigquery.apiEndpoint, request, response);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: { state: 'DONE', errorResult: error } }));
  });
  await using load = new ExportLoad(announcement, {
    ...bed,
    origin: apiOrigin(bed.api),
    bigquery: clientOf(bigquery.url),
  });
  // Without a table BigQuery would detect the columns, and the load would be tried again at once.
  await bed.bigquery.createDataset('absmartly', { location: 'EU' });
  await bed.bigquery.dataset('absmartly').createTable('exports', { schema: 'a:INTEGER,b:STRING' });
  expect(await load.try()).toMatchObject({ kind: 'retryable', isFailedJob: true });
  expect(new Set(asked.splice(0))).toEqual(new Set(['0']));
  expect(await load.try()).toMatchObject({ kind: 'loaded', rows: 1 });
  expect(new Set(asked)).toEqual(new Set(['1']));
});
