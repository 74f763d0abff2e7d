import { Command } from 'commander';
import { drawTable } from '../cli/terminal/draw-table.ts';
import type { Figure } from './figure.ts';
import { describeMachine, type Machine } from './machine.ts';

/** Measures, reports its progress with `say`, and returns its figures. */
export type Bench = (say: (what: string) => void) => Promise<Figure[]>;

/** A command that prints the figures of a bench as a table or JSON. `open` reads the options. */
export function benchCommand(
  name: string,
  description: string,
  open: (options: Record<string, unknown>) => Bench | Promise<Bench>,
  onReport: (options: Record<string, unknown>, report: Report) => void = () => {},
): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'print one JSON object and nothing else', false)
    .action(async ({ json, ...options }: { json: boolean } & Record<string, unknown>) => {
      const bench = await open(options);
      const figures = await bench((what) => process.stderr.write(`${what} …\n`));
      const report = { bench: name, machine: describeMachine(), figures };
      process.stdout.write(json ? `${JSON.stringify(report)}\n` : toText(report));
      onReport(options, report);
    });
}

export interface Report {
  bench: string;
  machine: Machine;
  figures: Figure[];
}

export function toText({ bench, machine, figures }: Report): string {
  const head = ['figure', 'median', 'unit', 'min … max', 'target', ''];
  const rows = figures.map(({ name, value, unit, spread, target = '', holds }) => {
    const verdict = holds === undefined ? '' : holds ? 'holds' : 'missed';
    return [name, round(value), unit, spread.map(round).join(' … '), target, verdict];
  });
  const table = drawTable([head, ...rows], ['left', 'right', 'left', 'right', 'right', 'left']);
  const { cpu, cores, memoryGiB, os, node, load } = machine;
  return `bench ${bench}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${os}, Node ${node}, load ${load}\n${table}`;
}

/** Three significant digits, more than repeated runs agree on. */
function round(value: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 3 }).format(value);
}
