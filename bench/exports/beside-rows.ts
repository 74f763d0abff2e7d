import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { frugalAllocator, heapFlags, subscriberHeap } from '../../subscriber/service/small-heap.ts';
import { type Bed, startBed } from '../subscriber/bed.ts';
import { measureWaits } from '../subscriber/freshness.ts';
import type { Order, Said } from './exporting-subscriber.ts';

const name = 'beside-rows';
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

/** The 95th percentile of the milliseconds that an event takes to its table. */
async function measurePhase(bed: Bed, seconds: number): Promise<number> {
  const waits = await measureWaits(bed, name, seconds);
  return waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.95)] ?? Number.NaN;
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
