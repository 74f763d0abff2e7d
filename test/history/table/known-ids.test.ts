import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { findKnown, readWindow } from '../../../history/table/known-ids.ts';
import { connectBigQuery } from '../../../local/google-clients.ts';
import { ensureTable } from '../../../subscriber/bigquery/tables/ensure-table.ts';
import { day, type HistoryBed, hour, project, startHistoryBed } from '../../beds/history-bed.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';
import { forward } from '../../beds/subscriber-proxy.ts';

const window = { from: day, to: day + hour };

/** The bed's table behind a proxy that answers some requests for results itself. */
async function behind(bed: HistoryBed, answer: (asked: number) => [number, object] | undefined) {
  let asked = 0;
  const listener: RequestListener = (request, response) => {
    const isResult = request.method === 'GET' && request.url?.includes('/queries/');
    const own = isResult ? answer(++asked) : undefined;
    if (!own) return forward(bed.table.bigquery.apiEndpoint, request, response);
    const [status, body] = own;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const { url } = await startSenderBed(listener);
  return { ...bed.table, bigquery: connectBigQuery(project, Number(new URL(url).port)) };
}

async function idsOf(table: HistoryBed['table']): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of readWindow(table, window)) ids.push(...page.map(({ id }) => id));
  return ids;
}

async function insert(bed: HistoryBed, count: number): Promise<void> {
  await bed.query(`INSERT shop.events (event_id, event_time)
    SELECT CONCAT('evt_', n), TIMESTAMP_MILLIS(${day}) FROM UNNEST(GENERATE_ARRAY(1, ${count})) AS n`);
}

describe('the events in a table', () => {
  it('are awaited while the query runs', async () => {
    const bed = await startHistoryBed();
    await insert(bed, 2);
    const table = await behind(bed, (asked) =>
      asked <= 2 ? [200, { jobComplete: false, jobReference: { projectId: project } }] : undefined,
    );
    expect((await idsOf(table)).sort()).toEqual(['evt_1', 'evt_2']);
  });

  it('come page by page', async () => {
    const bed = await startHistoryBed();
    await insert(bed, 12_000);
    expect(new Set(await idsOf(bed.table)).size).toBe(12_000);
  });

  it('are none without a table or a dataset', async () => {
    const bed = await startHistoryBed();
    expect(await idsOf({ ...bed.table, table: 'shop.nothing' })).toEqual([]);
    expect(await idsOf({ ...bed.table, table: 'nowhere.nothing' })).toEqual([]);
  });

  it.each([
    ['at once', 1],
    ['behind the first page', 2],
  ])('cause an error if a query is not found, %s', async (_, failing) => {
    const bed = await startHistoryBed();
    await insert(bed, 12_000);
    const message = 'Not found: Dataset shop was not found in location US';
    const error = { code: 404, message, errors: [{ reason: 'notFound', message }] };
    const table = await behind(bed, (asked) => (asked === failing ? [404, { error }] : undefined));
    await expect(idsOf(table)).rejects.toMatchObject({ code: 'bigquery.query' });
  });

  it('are queried in the table’s location', async () => {
    const bed = await startHistoryBed();
    const { bigquery } = bed.table;
    await bigquery.createDataset('far', { location: 'asia-east1' });
    await ensureTable(bigquery, { dataset: 'far', table: 'events' }, bed.reader.layout);
    await bed.query(
      `INSERT far.events (event_id, event_time) VALUES ('a', TIMESTAMP_MILLIS(${day}))`,
    );
    const table = { ...bed.table, table: 'far.events' };
    expect(await findKnown(table, ['a', 'b'], window)).toEqual(new Map([['a', day]]));
    const [jobs] = await bigquery.getJobs();
    const places = jobs.map(({ metadata }) => metadata.jobReference.location);
    expect(places).toContain('asia-east1');
  });
});
