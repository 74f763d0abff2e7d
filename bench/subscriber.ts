import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, toFigure } from './figure.ts';
import { MeasuredProcess, type Run } from './subscriber/child-processes.ts';
import { measureCounting } from './subscriber/counting-cost.ts';
import { measureFreshness } from './subscriber/freshness.ts';
import type { Appended } from './subscriber/instant-bigquery.ts';
import type { Measured } from './subscriber/measured-process.ts';
import { publishEvents } from './subscriber/publish-events.ts';
import { type BenchServers, startServers } from './subscriber/servers.ts';

const rounds = 3;
/** Events before the measurement: some seconds, in which V8 compiles. */
const warmUp = 50_000;
const events = 60_000;
/** More than the pull's limit of outstanding messages. */
const outageBacklog = 60_000;
const outageSeconds = 20;

type What = 'twin' | 'pull' | 'instant' | 'local';

interface Round extends Measured {
  appended?: Appended;
}

/** Compares the subscriber with a twin on Google's high-level client, and one on our pull, that only pull and ack. */
export async function benchSubscriber(say: (what: string) => void): Promise<Figure[]> {
  const servers = await startServers();
  try {
    const measured: Record<What, Round[]> = {
      twin: [],
      pull: [],
      instant: [],
      local: [],
    };
    for (let round = 1; round <= rounds; round++) {
      for (const what of ['twin', 'pull', 'instant', 'local'] as const) {
        say(`${events} events: ${what}, round ${round} of ${rounds}`);
        measured[what].push(await measureRun(servers, what, `${what}-${round}`));
      }
    }
    say('freshness at 500 events/s');
    const waits = await measureFreshness(servers, 'freshness');
    say(`an outage of BigQuery: ${outageSeconds} s`);
    const outageRss = await measureOutage(servers);
    say('metrics and ledger');
    const counting: number[] = [];
    for (let round = 1; round <= rounds; round++) counting.push(await measureCounting());
    return [
      ...speedFigures(measured),
      ...countingFigures(measured.instant, counting),
      ...costFigures(measured, waits, outageRss),
    ];
  } finally {
    await servers.stop();
  }
}

async function measureRun(servers: BenchServers, what: What, name: string): Promise<Round> {
  await servers.subscribe(name);
  await publishEvents(servers.pubsubPort, name, warmUp + events);
  await servers.instant.appended();
  const run: Run = {
    kind: what === 'twin' || what === 'pull' ? what : 'relay',
    name,
    warmUp,
    events,
    environment: servers.environment(what === 'local' ? 'local' : 'instant'),
  };
  const subscriber = new MeasuredProcess(run);
  const measured = await subscriber.measured();
  await subscriber.stop();
  await servers.unsubscribe(name);
  return what === 'instant'
    ? { ...measured, appended: await servers.instant.appended() }
    : measured;
}

/** The greatest resident set while BigQuery never answers and the backlog exceeds the in-flight limit. */
async function measureOutage(servers: BenchServers): Promise<number[]> {
  servers.instant.freeze();
  await servers.subscribe('outage');
  await publishEvents(servers.pubsubPort, 'outage', outageBacklog);
  const subscriber = new MeasuredProcess({
    kind: 'relay',
    name: 'outage',
    warmUp: 0,
    events: outageBacklog,
    environment: servers.environment('instant'),
  });
  await subscriber.ready();
  const rss: number[] = [];
  for (let second = 0; second < outageSeconds; second++) {
    await sleep(1000);
    rss.push((await subscriber.rssBytes()) / 1e6);
  }
  await subscriber.stop();
  return [Math.max(...rss)];
}

function speedFigures({ twin, pull, instant, local }: Record<What, Round[]>): Figure[] {
  const rate = (runs: Round[] = []) => runs.map(({ seconds }) => events / seconds);
  const cpu = (runs: Round[] = []) => runs.map(({ cpuSeconds }) => (cpuSeconds / events) * 1e6);
  const twinCpu = cpu(twin);
  const ratio = cpu(instant).map((own, round) => own / (twinCpu[round] ?? Number.NaN));
  return [
    toFigure('CPU an event: the twin', 'µs', twinCpu),
    toFigure('CPU an event: our pull, only acking', 'µs', cpu(pull)),
    toFigure('CPU an event: the subscriber, instant BigQuery', 'µs', cpu(instant)),
    toFigure('CPU an event ÷ the twin', '×', ratio, { atMost: 0.6 }),
    toFigure('the twin', 'events/s', rate(twin)),
    toFigure('the subscriber, instant BigQuery', 'events/s', rate(instant), { atLeast: 30_000 }),
    toFigure('the subscriber, local/bigquery', 'events/s', rate(local), { atLeast: 20_000 }),
  ];
}

function countingFigures(instant: readonly Round[], counting: readonly number[]): Figure[] {
  const share = instant.map(({ cpuSeconds }, round) => {
    return ((counting[round] ?? Number.NaN) / ((cpuSeconds / events) * 1e6)) * 100;
  });
  return [
    toFigure('CPU an event: metrics and ledger', 'µs', counting),
    toFigure('CPU of metrics and ledger, of all', '%', share, { atMost: 5 }),
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
