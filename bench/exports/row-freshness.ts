import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { frugalAllocator, heapFlags, subscriberHeap } from '../../subscriber/service/small-heap.ts';
import { measureWaits } from '../subscriber/freshness.ts';
import { type BenchServers, startServers } from '../subscriber/servers.ts';
import type { Order, Said } from './exporting-subscriber.ts';

const name = 'beside-rows';
const phaseSeconds = 10;
const warmUpSeconds = 3;

export interface RowFreshness<What extends string> {
  /** The 95th percentile of the milliseconds from Pub/Sub's ack to the table, for each round. */
  freshness: Record<What | 'alone', number[]>;
  peakRssMiB: number;
}

/** Measures the freshness of rows without exports, and while the subscriber loads exports from each sink. */
export async function measureRowFreshness<What extends string>(
  sinks: Record<What, string>,
  rounds: number,
): Promise<RowFreshness<What>> {
  const servers = await startServers();
  try {
    await servers.subscribe(name);
    const subscriber = startSubscriber(servers);
    await told(subscriber);
    await measurePhase(servers, warmUpSeconds);
    const names = Object.keys(sinks) as What[];
    const measured = Object.fromEntries(['alone', ...names].map((what) => [what, [] as number[]]));
    let peakRssMiB = 0;
    for (let round = 0; round < rounds; round++) {
      measured['alone']?.push(await measurePhase(servers, phaseSeconds));
      for (const what of names) {
        order(subscriber, { sink: sinks[what] });
        measured[what]?.push(await measurePhase(servers, phaseSeconds));
        order(subscriber, 'rest');
        ({ peakRssMiB } = await rested(subscriber));
      }
    }
    const ended = once(subscriber, 'exit');
    subscriber.kill('SIGKILL');
    await ended;
    return { freshness: measured as Record<What | 'alone', number[]>, peakRssMiB };
  } finally {
    await servers.stop();
  }
}

/** The 95th percentile of the milliseconds from an event's publish to its row. */
async function measurePhase(servers: BenchServers, seconds: number): Promise<number> {
  const waits = await measureWaits(servers, name, seconds);
  return waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.95)] ?? Number.NaN;
}

function startSubscriber(servers: BenchServers): ChildProcess {
  const file = fileURLToPath(new URL('./exporting-subscriber.ts', import.meta.url));
  return fork(file, [name], {
    env: { ...process.env, ...servers.environment('local'), ...frugalAllocator },
    execArgv: ['--disable-warning=ExperimentalWarning', ...heapFlags(subscriberHeap)],
  });
}

function order(subscriber: ChildProcess, what: Order): void {
  subscriber.send(what);
}

/** The subscriber's next message. */
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
