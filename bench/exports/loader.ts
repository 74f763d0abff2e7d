import { loadExport } from './load-export.ts';
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
  else await loadExport(order.sink, String(order.round));
  const report: LoadReport = {
    seconds: (performance.now() - begun) / 1000,
    peakRssMiB: process.resourceUsage().maxRSS / 1024,
  };
  process.send?.(report, () => process.exit());
});
