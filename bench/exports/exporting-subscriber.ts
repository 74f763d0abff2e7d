/**
 * A subscriber of rows that also loads exports on request, in its own process:
 * `exporting-subscriber.ts <name of topic and subscription>`.
 */
import { startSubscriber } from '../../subscriber/main.ts';
import { benchRelay } from '../subscriber/bench-relay.ts';
import { loadExport } from './load-export.ts';

/** The parent's message: load exports from a sink one after the other, or stop. */
export type Order = { sink: string } | 'rest';
/** Messages to the parent: `ready`, then the peak RSS each time after the last export has ended. */
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
// The subscriber's client has read it already. The exports' client must speak to the sink instead.
delete process.env['BIGQUERY_EMULATOR_HOST'];
say('ready');
