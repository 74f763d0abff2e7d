import { setTimeout as sleep } from 'node:timers/promises';
import type { Bed } from './bed.ts';
import { Contender } from './children.ts';
import { publishEvents } from './events.ts';
import { table } from './relay.ts';

const perSecond = 500;
/** So many go together: what is measured is the way to the table, not the publisher. */
const together = 10;
const seconds = 10;
const warmUpSeconds = 3;

/** The milliseconds from Pub/Sub's answer to the table, of each event, through a subscriber of its own. */
export async function measureFreshness(bed: Bed, name: string): Promise<number[]> {
  await bed.subscribe(name);
  const environment = bed.environment('local');
  const events = perSecond * (seconds + warmUpSeconds);
  const contender = new Contender({ kind: 'relay', name, warmUp: 0, events, environment });
  await contender.ready();
  const waits = await measureWaits(bed, name, seconds + warmUpSeconds);
  await contender.stop();
  await bed.unsubscribe(name);
  return waits.slice(perSecond * warmUpSeconds);
}

/**
 * Publishes 500 events a second, and asks the table again and again how many it holds: the n-th event is
 * fresh when n are there. Gives the milliseconds from Pub/Sub's answer of each event.
 */
export async function measureWaits(bed: Bed, topic: string, seconds: number): Promise<number[]> {
  const events = perSecond * seconds;
  const before = await bed.countRows(table);
  const publishedAt: number[] = [];
  const seenAt: number[] = [];
  const publishing = publishSteadily(bed.pubsubPort, topic, events, publishedAt);
  while (seenAt.length < events) {
    const asked = performance.now();
    const rows = (await bed.countRows(table)) - before;
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
