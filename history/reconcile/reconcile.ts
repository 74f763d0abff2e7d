import { halves } from '../backfill/backfill.ts';
import { tryAgain } from '../retry-work.ts';
import { rangeOf, type TimeWindow } from '../time-window.ts';
import { type CompareOptions, compareWindow } from './compare-window.ts';
import { Copies } from './duplicates.ts';
import { type HourDifference, HourReport, type ReconcileTotals } from './hour-report.ts';

export interface ReconcileOptions extends Omit<CompareOptions, 'copies'> {
  /** In order, one behind the other. */
  windows: readonly TimeWindow[];
}

export interface Reconciliation {
  totals: ReconcileTotals;
  /** Those where something differs, in order. */
  hours: HourDifference[];
  /** Where something is missing, in order: what a repair has to fill. */
  gaps: TimeWindow[];
}

/**
 * Compares the sender's own export with the table, by id. Memory is bounded: the ids of one window at a
 * time, those that several rows have, and of the differences so many as are asked for.
 *
 * @throws RelayError `history.*`, `bigquery.*`, `range.too-many-duplicates`
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const report = new HourReport(options.idsPerHour);
  const { table, windows, maxIds, signal } = options;
  const copies = await tryAgain(() => Copies.find(table, rangeOf(windows), maxIds), { signal });
  const left = [...windows].reverse();
  for (let window = left.pop(); window; window = left.pop()) {
    const compare = () => compareWindow(window, { ...options, copies });
    try {
      report.add(await tryAgain(compare, { signal }));
    } catch (error) {
      left.push(...halves(window, error).reverse());
    }
  }
  report.add(await tryAgain(() => copies.report(options.idsPerHour), { signal }));
  return report.result();
}
