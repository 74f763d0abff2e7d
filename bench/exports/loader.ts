/** A process that loads the export once, as the relay does or as its twin does, and tells what it took. */
import { tmpdir } from 'node:os';
import { BigQuery } from '@google-cloud/bigquery';
import { apiOrigin } from '../../subscriber/exports/api-origin.ts';
import { ExportLoad } from '../../subscriber/exports/export-load.ts';
import { inflateAndUpload } from './twin.ts';

export interface LoadOrder {
  who: 'relay' | 'twin';
  /** The ZIP, for the twin, which need not fetch it. */
  zip: string;
  sink: string;
  /** Makes the jobs' ids new. */
  round: number;
}

export interface LoadReport {
  seconds: number;
  peakRssMiB: number;
}

process.once('message', async (order: LoadOrder) => {
  const begun = performance.now();
  if (order.who === 'twin') await inflateAndUpload(order.zip, order.sink);
  else await loadAsTheRelay(order);
  const report: LoadReport = {
    seconds: (performance.now() - begun) / 1000,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
  };
  process.send?.(report, () => process.exit());
});

async function loadAsTheRelay({ sink, round }: LoadOrder): Promise<void> {
  const announcement = { path: `/v1/experiments/exports/${round}/x.zip`, table: 'bench.exports' };
  await using load = new ExportLoad(announcement, {
    origin: apiOrigin({ url: sink, key: 'key', timeoutMs: 60_000 }),
    bigquery: new BigQuery({ projectId: 'bench-project', apiEndpoint: sink }),
    directory: tmpdir(),
    location: 'EU',
  });
  const outcome = await load.try();
  if (outcome.kind !== 'loaded') throw new Error(outcome.reason);
}
