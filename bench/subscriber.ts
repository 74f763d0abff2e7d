import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, toFigure } from './figure.ts';
import { type Bed, startBed } from './subscriber/bed.ts';
import { Contender, type Run } from './subscriber/children.ts';
import type { Measured } from './subscriber/contender.ts';
import { publishEvents } from './subscriber/events.ts';
import { measureFreshness } from './subscriber/freshness.ts';
import type { Appended } from './subscriber/instant-bigquery.ts';

const rounds = 3;
/** Some seconds: V8 compiles meanwhile, and a subscriber runs for days. */
const warmUp = 50_000;
const events = 60_000;
/** More than may be in flight. */
const outageBacklog = 60_000;
const outageSeconds = 20;

interface Round extends Measured {
  appended?: Appended;
}

/** The subscriber, compared with a twin on the same client that only pulls and acks. */
export async function benchSubscriber(say: (what: string) => void): Promise<Figure[]> {
  const bed = await startBed();
  try {
    const measured: Record<'twin' | 'instant' | 'local', Round[]> = {
      twin: [],
      instant: [],
      local: [],
    };
    for (let round = 1; round <= rounds; round++) {
      for (const what of ['twin', 'instant', 'local'] as const) {
        say(`${events} events: ${what}, round ${round} of ${rounds}`);
        measured[what].push(await measureRun(bed, what, `${what}-${round}`));
      }
    }
    say('freshness at 500 events/s');
    const waits = await measureFreshness(bed, 'freshness');
    say(`an outage of BigQuery: ${outageSeconds} s`);
    const outageRss = await measureOutage(bed);
    return [...speedFigures(measured), ...costFigures(measured, waits, outageRss)];
  } finally {
    await bed.stop();
  }
}

async function measureRun(
  bed: Bed,
  what: 'twin' | 'instant' | 'local',
  name: string,
): Promise<Round> {
  await bed.subscribe(name);
  await publishEvents(bed.pubsubPort, name, warmUp + events);
  await bed.instant.appended();
  const run: Run = {
    kind: what === 'twin' ? 'twin' : 'relay',
    name,
    warmUp,
    events,
    environment: bed.environment(what === 'local' ? 'local' : 'instant'),
  };
  const contender = new Contender(run);
  const measured = await contender.measured();
  await contender.stop();
  await bed.unsubscribe(name);
  return what === 'instant' ? { ...measured, appended: await bed.instant.appended() } : measured;
}

/** The greatest resident set while BigQuery does not answer and the backlog is larger than the in-flight limit. */
async function measureOutage(bed: Bed): Promise<number[]> {
  bed.instant.freeze();
  await bed.subscribe('outage');
  await publishEvents(bed.pubsubPort, 'outage', outageBacklog);
  const contender = new Contender({
    kind: 'relay',
    name: 'outage',
    warmUp: 0,
    events: outageBacklog,
    environment: bed.environment('instant'),
  });
  await contender.ready();
  const rss: number[] = [];
  for (let second = 0; second < outageSeconds; second++) {
    await sleep(1000);
    rss.push((await contender.rssBytes()) / 1e6);
  }
  await contender.stop();
  return [Math.max(...rss)];
}

function speedFigures({ twin, instant, local }: Record<string, Round[]>): Figure[] {
  const rate = (runs: Round[] = []) => runs.map(({ seconds }) => events / seconds);
  const cpu = (runs: Round[] = []) => runs.map(({ cpuSeconds }) => (cpuSeconds / events) * 1e6);
  const twinCpu = cpu(twin);
  const ratio = cpu(instant).map((own, round) => own / (twinCpu[round] ?? Number.NaN));
  return [
    toFigure('CPU an event: the twin', 'µs', twinCpu),
    toFigure('CPU an event: the subscriber, instant BigQuery', 'µs', cpu(instant)),
    toFigure('CPU an event ÷ the twin', '×', ratio, { atMost: 1.5 }),
    toFigure('the twin', 'events/s', rate(twin)),
    toFigure('the subscriber, instant BigQuery', 'events/s', rate(instant), { atLeast: 15_000 }),
    toFigure('the subscriber, local/bigquery', 'events/s', rate(local), { atLeast: 10_000 }),
  ];
}

function costFigures(
  { instant = [], local = [] }: Record<string, Round[]>,
  waits: number[],
  outageRss: number[],
): Figure[] {
  const appended = instant.flatMap(({ appended: sum }) => sum ?? []);
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number) => [sorted[Math.floor(sorted.length * share)] ?? Number.NaN];
  return [
    toFigure(
      'rows an append, under load',
      'rows',
      appended.map(({ rows, appends }) => rows / appends),
      { atLeast: 500 },
    ),
    toFigure(
      'bytes on the wire ÷ bytes of rows',
      '×',
      appended.map(({ wireBytes, rowBytes }) => wireBytes / rowBytes),
      { atMost: 1.1 },
    ),
    toFigure('freshness at 500 events/s, p50', 'ms', at(0.5)),
    toFigure('freshness at 500 events/s, p95', 'ms', at(0.95), { atMost: 500 }),
    toFigure(
      'greatest RSS, with a backlog',
      'MB',
      [...instant, ...local].map(({ peakRssBytes }) => peakRssBytes / 1e6),
      { atMost: 300 },
    ),
    toFigure('greatest RSS, in an outage of BigQuery', 'MB', outageRss, { atMost: 300 }),
  ];
}
