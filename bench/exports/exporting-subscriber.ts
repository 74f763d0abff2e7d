/**
 * A subscriber of rows that loads exports while it is told to, in a process of its own:
 * `exporting-subscriber.ts <name of topic and subscription>`.
 */
import { startSubscriber } from '../../subscriber/main.ts';
import { benchRelay } from '../subscriber/relay.ts';
import { loadExport } from './load-export.ts';

/** What it is told: to load one export of a sink after the other, or to leave off. */
export type Order = { sink: string } | 'rest';
/** What it says: `ready` at first, then its peak RSS when no export runs any more. */
export type Said = 'ready' | { peakRssMiB: number };

const [name = ''] = process.argv.slice(2);
const silent = () => {};

let stop = new AbortController();
let running: Promise<void> = Promise.resolve();
let exports = 0;

async function loadUntilStopped(sink: string, { signal }: AbortController): Promise<void> {
  while (!signal.aborted) await loadExport(sink, `beside-rows-${exports++}`, signal);
}

process.on('message', async (order: Order) => {
  if (order !== 'rest') {
    stop = new AbortController();
    running = loadUntilStopped(order.sink, stop);
    return;
  }
  stop.abort();
  await running;
  say({ peakRssMiB: process.resourceUsage().maxRSS / 1024 });
});
process.once('disconnect', () => process.exit());

function say(what: Said): void {
  process.send?.(what);
}

await startSubscriber(process.env, silent, { relay: benchRelay(name), log: silent });
// The subscriber's client has read it; that of the exports speaks to the sink, and would go by it too.
delete process.env['BIGQUERY_EMULATOR_HOST'];
say('ready');
