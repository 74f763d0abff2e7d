import { retryWork } from '../retry-work.ts';
import { rangeOf, splitWindow, type TimeWindow } from '../time-window.ts';
import { type CompareOptions, compareWindow } from './compare-window.ts';
import { Duplicates } from './duplicates.ts';
import { HourReport, type Reconciliation } from './hour-report.ts';

export interface ReconcileOptions extends Omit<CompareOptions, 'duplicates'> {
  /** In order, without gaps between them. */
  windows: readonly TimeWindow[];
}

/**
 * Compares the sender's own export with the table, by id. Memory is bounded: it holds the ids of one window, the ids
 * with several rows, and `idsPerHour` ids of each kind of difference.
 *
 * @throws RelayError `history.*`, `bigquery.*`, `range.too-many-duplicates`
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const report = new HourReport(options.idsPerHour);
  const { table, windows, maxIds, signal } = options;
  const duplicates = await retryWork(() => Duplicates.find(table, rangeOf(windows), maxIds), {
    signal,
  });
  const left = [...windows].reverse();
  for (let window = left.pop(); window; window = left.pop()) {
    const compare = () => compareWindow(window, { ...options, duplicates });
    try {
      report.add(await retryWork(compare, { signal }));
    } catch (error) {
      left.push(...splitWindow(window, error).reverse());
    }
  }
  report.add(await retryWork(() => duplicates.report(options.idsPerHour), { signal }));
  return report.result();
}
