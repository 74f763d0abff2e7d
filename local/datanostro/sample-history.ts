import { datanostroEvent } from '../samples/deliveries.ts';

const stepMs = 30_000;
const names = ['page_view', 'view_item', 'add_to_cart', 'begin_checkout', 'purchase'];

/** Two events a minute; a pure function of the window (Unix milliseconds, `to` excluded). */
export function* sampleHistory(from: number, to: number): Generator<string> {
  for (let n = Math.ceil(from / stepMs); n * stepMs < to; n++) {
    yield datanostroEvent(n, names[n % names.length] ?? '', n * stepMs).body;
  }
}
