import { RelayError } from '../../shared/errors.ts';
import { halveWindow, rangeOf, type TimeWindow } from '../time-window.ts';
import { type FillDependencies, fillWindow, noCounts, type WindowCounts } from './fill-window.ts';

export interface BackfillOptions extends Omit<FillDependencies, 'onProgress' | 'range'> {
  /** In order; each is written all at once. */
  windows: readonly TimeWindow[];
  onWindow?: (window: TimeWindow, counts: WindowCounts) => void;
  /** @param counts of all windows, with what the current one has brought so far */
  onProgress?: (counts: WindowCounts) => void;
}

/**
 * Fills windows one after the other. What ends it may be mended, and it be run again: nothing is doubled,
 * since what is there is left alone.
 *
 * @returns what all of them held
 * @throws RelayError `history.*`, `bigquery.*`, `line.rejected`; earlier windows are written
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
      left.push(...halves(window, error).reverse());
    }
  }
  return total;
}

/**
 * The windows to be tried instead of one that was too large.
 *
 * @throws the error, where that is not what is wrong, or the window can't be cut
 */
export function halves(window: TimeWindow, error: unknown): TimeWindow[] {
  const isTooLarge = error instanceof RelayError && error.code === 'window.too-many-events';
  const cut = isTooLarge ? halveWindow(window) : undefined;
  if (!cut) throw error;
  return cut;
}

function sum(a: Readonly<WindowCounts>, b: Readonly<WindowCounts>): WindowCounts {
  const counts = noCounts();
  for (const name of Object.keys(counts) as (keyof WindowCounts)[])
    counts[name] = a[name] + b[name];
  return counts;
}
