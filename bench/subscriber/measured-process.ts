import { Duration, PubSub } from '@google-cloud/pubsub';
import { startSubscriber } from '../../subscriber/main.ts';
import { Pull } from '../../subscriber/pull/pull.ts';
import { openPullClient } from '../../subscriber/pull/pull-client.ts';
import { prepareSubscription, pullLimits } from '../../subscriber/pull/subscription.ts';
import { benchRelay } from './bench-relay.ts';

// The subscriber; or a twin that pulls with Google's high-level client and acks; or one on our own pull, each in its
// own process: `measured-process.ts <relay | twin | pull> <name of topic and subscription> <events to warm up with>
// <events>`.

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

const starts: Record<string, () => Promise<() => number>> = {
  relay: startRelay,
  twin: startTwin,
  pull: startPull,
};
const acked = await (starts[kind ?? ''] ?? startRelay)();
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
  await prepareSubscription(pubsub, relay, silent);
  const subscription = pubsub.subscription(relay.subscription, {
    maxExtensionTime: Duration.from({ hours: 1 }),
    flowControl: { maxMessages: pullLimits.messages, maxBytes: pullLimits.bytes },
    streamingOptions: { maxStreams: 2 },
  });
  let done = 0;
  subscription.on('message', (message) => {
    message.ack();
    done++;
  });
  return () => done;
}

async function startPull(): Promise<() => number> {
  const pubsub = new PubSub({ projectId: relay.project });
  const subscription = await prepareSubscription(pubsub, relay, silent);
  let done = 0;
  const onMessage = (message: { ack(): void }) => {
    message.ack();
    done++;
  };
  const client = await openPullClient(pubsub, subscription);
  const options = { client, subscription, limits: pullLimits, onMessage };
  new Pull({ ...options, onFailure: silent, log: silent });
  return () => done;
}

async function reached(target: number): Promise<void> {
  while (acked() < target) await new Promise((resolve) => setTimeout(resolve, 5));
}
