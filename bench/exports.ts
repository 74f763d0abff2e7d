import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeArchive } from './exports/archive.ts';
import type { LoadOrder, LoadReport } from './exports/loader.ts';
import type { SinkReady } from './exports/sink.ts';
import { type Figure, toFigure } from './figure.ts';

const rounds = 3;
const inflatedBytes = 1e9;

/** Loads a large export, in turns with a twin that only inflates and uploads it. */
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
  const server = start('sink', [zip]);
  const [{ port }] = (await once(server, 'message')) as [SinkReady];
  const sink = `http://127.0.0.1:${port}`;
  const relay: LoadReport[] = [];
  const twin: LoadReport[] = [];
  for (let round = 0; round <= rounds; round++) {
    say(`export of 1 GB: the twin and the relay, round ${round} of ${rounds}`);
    const twins = await load({ who: 'twin', zip, sink, round });
    const relays = await load({ who: 'relay', zip, sink, round });
    // The first round warms up the sink and the file's pages.
    if (round === 0) continue;
    twin.push(twins);
    relay.push(relays);
  }
  server.disconnect();
  return figuresOf(relay, twin);
}

function figuresOf(relay: LoadReport[], twin: LoadReport[]): Figure[] {
  const seconds = (reports: LoadReport[]) => reports.map((report) => report.seconds);
  const peaks = (reports: LoadReport[]) => reports.map((report) => report.peakRssMiB);
  // Within a round, so that what slows the machine for a while slows both.
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
    // Without credentials Google's client would look for its metadata server first.
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
