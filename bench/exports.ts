import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadReport } from './exports/loader.ts';
import { measureRowFreshness, type RowFreshness } from './exports/row-freshness.ts';
import type { SinkReady } from './exports/sink.ts';
import { writeArchive } from './exports/write-archive.ts';
import { type Figure, toFigure } from './figure.ts';

const rounds = 3;
const inflatedBytes = 1e9;
/** The pace of a network or of BigQuery, which limits a real export. */
const networkBytesPerSecond = 50e6;

/** Loads a large export, alternating with a twin that only inflates and uploads it. */
export async function benchExports(say: (what: string) => void): Promise<Figure[]> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  try {
    const zip = join(directory, 'export.zip');
    say('making a ZIP of three CSVs that inflates to 1 GB');
    await writeArchive(zip, inflatedBytes);
    return await measure(zip, say);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(zip: string, say: (what: string) => void): Promise<Figure[]> {
  const fast = await startSink(zip);
  const slow = await startSink(zip, networkBytesPerSecond);
  const relay: LoadReport[] = [];
  const twin: LoadReport[] = [];
  for (let round = 0; round <= rounds; round++) {
    say(`export of 1 GB: the twin and the relay, round ${round} of ${rounds}`);
    const twins = await load({ who: 'twin', zip, sink: fast.url, round });
    const relays = await load({ who: 'relay', zip, sink: fast.url, round });
    // The first round warms up the sink and the file's pages.
    if (round === 0) continue;
    twin.push(twins);
    relay.push(relays);
  }
  say(
    'freshness of 500 events/s alone, beside an export at 50 MB/s, and beside one without a limit',
  );
  const beside = await measureRowFreshness({ slow: slow.url, fast: fast.url }, rounds);
  for (const { process } of [fast, slow]) process.disconnect();
  return [...figuresOf(relay, twin), ...rowFreshnessFigures(beside)];
}

async function startSink(zip: string, bytesPerSecond = Number.POSITIVE_INFINITY) {
  const process = start('sink', [zip, String(bytesPerSecond)]);
  const [{ port }] = (await once(process, 'message')) as [SinkReady];
  return { process, url: `http://127.0.0.1:${port}` };
}

function rowFreshnessFigures({ freshness, peakRssMiB }: RowFreshness<'slow' | 'fast'>): Figure[] {
  const { alone, slow, fast } = freshness;
  const ratios = (beside: number[]) =>
    beside.map((p95, round) => p95 / (alone[round] ?? Number.NaN));
  return [
    toFigure('freshness p95 of 500 events/s, no export', 'ms', alone),
    toFigure('the same beside an export at 50 MB/s', 'ms', slow),
    toFigure('freshness beside an export at 50 MB/s ÷ alone', '×', ratios(slow), { atMost: 2 }),
    toFigure('freshness beside an export without a limit ÷ alone', '×', ratios(fast)),
    toFigure('peak RSS of a subscriber of rows and exports', 'MiB', [peakRssMiB]),
  ];
}

function figuresOf(relay: LoadReport[], twin: LoadReport[]): Figure[] {
  const seconds = (reports: LoadReport[]) => reports.map((report) => report.seconds);
  const peaks = (reports: LoadReport[]) => reports.map((report) => report.peakRssMiB);
  // Ratios within a round, so that a slow phase of the machine affects both.
  const ratios = relay.map(
    (report, round) => report.seconds / (twin[round]?.seconds ?? Number.NaN),
  );
  return [
    toFigure('export of 1 GB, the twin', 's', seconds(twin)),
    toFigure('export of 1 GB', 's', seconds(relay)),
    toFigure('export of 1 GB ÷ the twin', '×', ratios, { atMost: 1.5 }),
    toFigure('export of 1 GB: peak RSS of the twin', 'MiB', peaks(twin)),
    toFigure('export of 1 GB: peak RSS', 'MiB', peaks(relay), { atMost: 256 }),
  ];
}

function start(name: 'sink' | 'loader', args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(`./exports/${name}.ts`, import.meta.url)), args, {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Without this, Google's client looks for its metadata server first.
    env: { ...process.env, METADATA_SERVER_DETECTION: 'none' },
  });
}

async function load(order: LoadOrder): Promise<LoadReport> {
  const loader = start('loader', []);
  const report = once(loader, 'message');
  const failed = once(loader, 'exit').then(([code]) => {
    throw new Error(`the loader ended with ${code}`);
  });
  loader.send(order);
  const [{ seconds, peakRssMiB }] = (await Promise.race([report, failed])) as [LoadReport];
  await failed.catch(() => {});
  return { seconds, peakRssMiB };
}
