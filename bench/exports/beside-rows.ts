import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { frugalAllocator, heapFlags, subscriberHeap } from '../../subscriber/small-heap.ts';
import { type Bed, startBed } from '../subscriber/bed.ts';
import { publishEvents } from '../subscriber/events.ts';
import { table } from '../subscriber/relay.ts';
import type { Order, Said } from './exporting-subscriber.ts';

const name = 'beside-rows';
const perSecond = 500;
/** So many go together: what is measured is the way to the table, not the publisher. */
const together = 10;
const phaseSeconds = 10;
const warmUpSeconds = 3;

export interface BesideRows<What extends string> {
  /** The 95th percentiles of the milliseconds from Pub/Sub's answer to the table, one for each round. */
  freshness: Record<What | 'alone', number[]>;
  peakRssMiB: number;
}

/**
 * The freshness of rows in a subscriber that loads no export, and in one that loads exports of a sink all
 * the time, in turns.
 *
 * @param sinks by what they stand for
 */
export async function measureBesideRows<What extends string>(
  sinks: Record<What, string>,
  rounds: number,
): Promise<BesideRows<What>> {
  const bed = await startBed();
  try {
    await bed.subscribe(name);
    const subscriber = startSubscriber(bed);
    await told(subscriber);
    await measurePhase(bed, warmUpSeconds);
    const names = Object.keys(sinks) as What[];
    const measured = Object.fromEntries(['alone', ...names].map((what) => [what, [] as number[]]));
    let peakRssMiB = 0;
    for (let round = 0; round < rounds; round++) {
      measured['alone']?.push(await measurePhase(bed, phaseSeconds));
      for (const what of names) {
        order(subscriber, { sink: sinks[what] });
        measured[what]?.push(await measurePhase(bed, phaseSeconds));
        order(subscriber, 'rest');
        ({ peakRssMiB } = await rested(subscriber));
      }
    }
    const ended = once(subscriber, 'exit');
    subscriber.kill('SIGKILL');
    await ended;
    return { freshness: measured as Record<What | 'alone', number[]>, peakRssMiB };
  } finally {
    await bed.stop();
  }
}

/**
 * Publishes 500 events a second, and asks the table again and again how many it holds: the n-th event is
 * fresh when n are there. Gives the 95th percentile of the milliseconds from Pub/Sub's answer to the table.
 */
async function measurePhase(bed: Bed, seconds: number): Promise<number> {
  const events = perSecond * seconds;
  const before = await bed.countRows(table);
  const publishedAt: number[] = [];
  const seenAt: number[] = [];
  const publishing = publishSteadily(bed.pubsubPort, events, publishedAt);
  while (seenAt.length < events) {
    const asked = performance.now();
    const rows = (await bed.countRows(table)) - before;
    const now = performance.now();
    while (seenAt.length < rows) seenAt.push(now);
    await sleep(Math.max(0, 20 - (now - asked)));
  }
  await publishing;
  const waits = seenAt.map((at, n) => at - (publishedAt[n] ?? Number.NaN));
  return waits.toSorted((a, b) => a - b)[Math.floor(events * 0.95)] ?? Number.NaN;
}

async function publishSteadily(port: number, events: number, publishedAt: number[]): Promise<void> {
  const begun = performance.now();
  const under: Promise<void>[] = [];
  for (let n = 0; n < events; n += together) {
    await sleep(Math.max(0, begun + (n / perSecond) * 1000 - performance.now()));
    const published = publishEvents(port, name, together).then(() => {
      publishedAt.push(...Array<number>(together).fill(performance.now()));
    });
    under.push(published);
  }
  await Promise.all(under);
}

function startSubscriber(bed: Bed): ChildProcess {
  const file = fileURLToPath(new URL('./exporting-subscriber.ts', import.meta.url));
  return fork(file, [name], {
    env: { ...process.env, ...bed.environment('local'), ...frugalAllocator },
    execArgv: ['--disable-warning=ExperimentalWarning', ...heapFlags(subscriberHeap)],
  });
}

function order(subscriber: ChildProcess, what: Order): void {
  subscriber.send(what);
}

/** The next that it says. */
async function told(subscriber: ChildProcess): Promise<Said> {
  const ended = once(subscriber, 'exit').then(([code]) => {
    throw new Error(`the subscriber ended with ${code}`);
  });
  const [said] = (await Promise.race([once(subscriber, 'message'), ended])) as [Said];
  return said;
}

async function rested(subscriber: ChildProcess): Promise<Exclude<Said, 'ready'>> {
  const said = await told(subscriber);
  if (said === 'ready') throw new Error('the subscriber began anew');
  return said;
}
