import { setTimeout as sleep } from 'node:timers/promises';
import { table } from './bench-relay.ts';
import { MeasuredProcess } from './child-processes.ts';
import { publishEvents } from './publish-events.ts';
import type { BenchServers } from './servers.ts';

const perSecond = 500;
/** Events per request, so that the publisher costs little. */
const together = 10;
const seconds = 10;
const warmUpSeconds = 3;

/** The milliseconds from Pub/Sub's ack to the table for each event, with a new subscriber. */
export async function measureFreshness(servers: BenchServers, name: string): Promise<number[]> {
  await servers.subscribe(name);
  const environment = servers.environment('local');
  const events = perSecond * (seconds + warmUpSeconds);
  const subscriber = new MeasuredProcess({ kind: 'relay', name, warmUp: 0, events, environment });
  await subscriber.ready();
  const waits = await measureWaits(servers, name, seconds + warmUpSeconds);
  await subscriber.stop();
  await servers.unsubscribe(name);
  return waits.slice(perSecond * warmUpSeconds);
}

/**
 * Publishes 500 events a second and polls the table's row count: the n-th event has arrived when n rows are
 * there. Returns the milliseconds from Pub/Sub's ack for each event.
 */
export async function measureWaits(
  servers: BenchServers,
  topic: string,
  seconds: number,
): Promise<number[]> {
  const events = perSecond * seconds;
  const before = await servers.countRows(table);
  const publishedAt: number[] = [];
  const seenAt: number[] = [];
  const publishing = publishSteadily(servers.pubsubPort, topic, events, publishedAt);
  while (seenAt.length < events) {
    const asked = performance.now();
    const rows = (await servers.countRows(table)) - before;
    const now = performance.now();
    while (seenAt.length < rows) seenAt.push(now);
    await sleep(Math.max(0, 20 - (now - asked)));
  }
  await publishing;
  return seenAt.map((at, n) => at - (publishedAt[n] ?? Number.NaN));
}

async function publishSteadily(
  port: number,
  topic: string,
  events: number,
  publishedAt: number[],
): Promise<void> {
  const begun = performance.now();
  const under: Promise<void>[] = [];
  for (let n = 0; n < events; n += together) {
    await sleep(Math.max(0, begun + (n / perSecond) * 1000 - performance.now()));
    under.push(
      publishEvents(port, topic, together).then(() => {
        publishedAt.push(...Array<number>(together).fill(performance.now()));
      }),
    );
  }
  await Promise.all(under);
}
