import { rangeOf, splitWindow, type TimeWindow } from '../time-window.ts';
import { type FillDependencies, fillWindow, noCounts, type WindowCounts } from './fill-window.ts';

export interface BackfillOptions extends Omit<FillDependencies, 'onProgress' | 'range'> {
  /** In order. Each is written all at once. */
  windows: readonly TimeWindow[];
  onWindow?: (window: TimeWindow, counts: WindowCounts) => void;
  /** @param counts of all windows so far, including a part of the current one */
  onProgress?: (counts: WindowCounts) => void;
}

/**
 * Fills windows one by one. After an error it can be run again: rows that exist are left alone, so nothing is
 * doubled.
 *
 * @returns the counts of all windows
 * @throws RelayError `history.*`, `bigquery.*`, `line.rejected`; the windows before are written
 */
export async function backfill(options: BackfillOptions): Promise<WindowCounts> {
  const { windows, onWindow, onProgress, ...dependencies } = options;
  const total = noCounts();
  const range = rangeOf(windows);
  const left = [...windows].reverse();
  for (let window = left.pop(); window; window = left.pop()) {
    try {
      const counts = await fillWindow(window, {
        ...dependencies,
        range,
        onProgress: (now) => onProgress?.(sum(total, now)),
      });
      Object.assign(total, sum(total, counts));
      onWindow?.(window, counts);
    } catch (error) {
      left.push(...splitWindow(window, error).reverse());
    }
  }
  return total;
}

function sum(a: Readonly<WindowCounts>, b: Readonly<WindowCounts>): WindowCounts {
  const counts = noCounts();
  for (const name of Object.keys(counts) as (keyof WindowCounts)[])
    counts[name] = a[name] + b[name];
  return counts;
}
