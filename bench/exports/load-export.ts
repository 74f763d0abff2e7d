import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { ExportLoad } from '../../subscriber/exports/export-load.ts';
import { apiOrigin } from '../../subscriber/exports/fetch/export-api.ts';

/**
 * Loads the sink's export as the subscriber does.
 *
 * @param id of the export; a new one gives new job ids
 * @param signal aborts the load
 */
export async function loadExport(sink: string, id: string, signal?: AbortSignal): Promise<void> {
  const announcement = { path: `/v1/experiments/exports/${id}/x.zip`, table: 'bench.exports' };
  await using load = new ExportLoad(announcement, {
    origin: apiOrigin({ url: sink, key: 'key', idleTimeoutMs: 60_000 }),
    bigquery: new BigQuery({ projectId: 'bench-project', apiEndpoint: sink }),
    directory: tmpdir(),
    location: 'EU',
    ...(signal && { signal }),
  });
  const outcome = await load.try();
  if (outcome.kind !== 'loaded' && !signal?.aborted) throw new Error(outcome.reason);
}
