import { PubSub } from '@google-cloud/pubsub';
import { startSubscriber } from '../../subscriber/main.ts';
import { openSubscription } from '../../subscriber/pull/subscription.ts';
import { benchRelay } from './bench-relay.ts';

// The subscriber, or a twin that pulls with the same client and acks, in its own process:
// `measured-process.ts <relay | twin> <name of topic and subscription> <events to warm up with> <events>`.

export interface Measured {
  /** Of the events after the warm-up. */
  seconds: number;
  cpuSeconds: number;
  /** The greatest resident set, from start to end. */
  peakRssBytes: number;
}

const [kind, name = '', warmUp = '', count = ''] = process.argv.slice(2);
const relay = benchRelay(name);
const silent = () => {};

const peak = { rssBytes: 0 };
setInterval(() => {
  peak.rssBytes = Math.max(peak.rssBytes, process.memoryUsage.rss());
  // The parent may have exited.
  if (process.connected) process.send?.({ kind: 'rss', bytes: process.memoryUsage.rss() }, silent);
}, 100).unref();
process.on('disconnect', () => process.exit());

const acked = kind === 'twin' ? await startTwin() : await startRelay();
process.send?.({ kind: 'ready' });

await reached(Number(warmUp));
const begun = performance.now();
const cpu = process.cpuUsage();
await reached(Number(warmUp) + Number(count));
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpu);
process.send?.({
  kind: 'measured',
  seconds,
  cpuSeconds: (user + system) / 1e6,
  peakRssBytes: peak.rssBytes,
});

async function startRelay(): Promise<() => number> {
  const subscriber = await startSubscriber(process.env, silent, { relay, log: silent });
  return () => subscriber.acked;
}

async function startTwin(): Promise<() => number> {
  const pubsub = new PubSub({ projectId: relay.project });
  const subscription = await openSubscription(pubsub, relay, 2000, silent);
  let done = 0;
  subscription.on('message', (message) => {
    message.ack();
    done++;
  });
  return () => done;
}

async function reached(target: number): Promise<void> {
  while (acked() < target) await new Promise((resolve) => setTimeout(resolve, 5));
}
