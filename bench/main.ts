// `npm run bench -- <name>`: runs one bench and prints its figures as a table or JSON. Each bench is a file
// here with a folder for its parts; figure.ts turns rounds into a median, a spread and a verdict. Timings are
// measured here only; no test asserts a time.

import { cpus, platform, release, totalmem } from 'node:os';
import { Argument, Command } from 'commander';
import { drawTable } from '../cli/terminal/draw-table.ts';
import { benchBackfill } from './backfill.ts';
import { benchEdge } from './edge.ts';
import { benchExports } from './exports.ts';
import type { Figure } from './figure.ts';
import { benchLocal } from './local.ts';
import { benchSubscriber } from './subscriber.ts';

/** Measures, reports its progress with `say`, and returns its figures. */
export type Bench = (say: (what: string) => void) => Promise<Figure[]>;

const benches: Record<string, Bench> = {
  backfill: benchBackfill,
  edge: benchEdge,
  exports: benchExports,
  local: benchLocal,
  subscriber: benchSubscriber,
};

await new Command('bench')
  .description('measure a part of the relay on this machine')
  .addArgument(new Argument('<name>', 'what to measure').choices(Object.keys(benches)))
  .option('--json', 'print one JSON object and nothing else', false)
  .action(async (name: string, options: { json: boolean }) => {
    const bench = benches[name];
    if (!bench) return;
    const figures = await bench((what) => process.stderr.write(`${what} …\n`));
    const report = { bench: name, machine: describeMachine(), figures };
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : toText(report));
  })
  .parseAsync();

interface Report {
  bench: string;
  machine: ReturnType<typeof describeMachine>;
  figures: Figure[];
}

function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()}`,
    node: process.version,
  };
}

function toText({ bench, machine, figures }: Report): string {
  const head = ['figure', 'median', 'unit', 'min … max', 'target', ''];
  const rows = figures.map(({ name, value, unit, spread, target = '', holds }) => {
    const verdict = holds === undefined ? '' : holds ? 'holds' : 'missed';
    return [name, round(value), unit, spread.map(round).join(' … '), target, verdict];
  });
  const table = drawTable([head, ...rows], ['left', 'right', 'left', 'right', 'right', 'left']);
  const { cpu, cores, memoryGiB, os, node } = machine;
  return `bench ${bench}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}\n${table}`;
}

/** Three significant digits, more than repeated runs agree on. */
function round(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}
