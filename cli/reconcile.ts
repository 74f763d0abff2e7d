import { Command, InvalidArgumentError, Option } from 'commander';
import { backfill } from '../subscriber/backfill/backfill.ts';
import { EventReader } from '../subscriber/backfill/event-reader.ts';
import {
  type HistorySource,
  readHistory,
  readHistorySource,
} from '../subscriber/backfill/history-api.ts';
import type { Difference, HourDifference } from '../subscriber/backfill/hour-report.ts';
import { IdTable } from '../subscriber/backfill/id-table.ts';
import type { EventTable } from '../subscriber/backfill/known-ids.ts';
import { type Reconciliation, reconcile } from '../subscriber/backfill/reconcile.ts';
import { describeReject, Rejects } from '../subscriber/backfill/rejects.ts';
import { cutWindows, shortInstant } from '../subscriber/backfill/time-window.ts';
import { relay } from '../tributary.config.ts';
import { drawTable } from './draw-table.ts';
import {
  addPlaceOptions,
  addRangeOptions,
  findStream,
  findTable,
  maxIds,
  openForWriting,
  type PlaceOptions,
  type RangeOptions,
  readSecretsOver,
  requireTime,
  stopSignal,
  windowsOf,
} from './history-options.ts';
import { countText, ProgressBar } from './progress-bar.ts';
import { keepHeapSmall } from './small-heap.ts';

interface ReconcileCommandOptions extends PlaceOptions, RangeOptions {
  repair: boolean;
  format: 'table' | 'json';
  ids: number;
  secrets: string;
}

export function reconcileCommand(): Command {
  const command = new Command('reconcile')
    .description("compare the table with the sender's export of history, event by event")
    .argument('<stream>', 'a stream whose sender has an export of history');
  return addPlaceOptions(addRangeOptions(command))
    .option('--repair', 'write what is missing', false)
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addOption(
      new Option('--ids <count>', 'how many ids of each kind are named for an hour, at most')
        .argParser(readCount)
        .default(100),
    )
    .option('--secrets <file>', 'where <STREAM>_API_KEY is, if not in the environment', '.dev.vars')
    .action(runReconcile);
}

function readCount(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('a count is a whole number');
  return Number(text);
}

async function runReconcile(name: string, options: ReconcileCommandOptions): Promise<void> {
  keepHeapSmall();
  const windows = windowsOf(options);
  const reader = new EventReader(findStream(relay, name), Date.now());
  requireTime(reader);
  const source = readHistorySource(readSecretsOver(options.secrets), reader.stream);
  const table = findTable(relay, reader, options);
  const signal = stopSignal();
  const bar = new ProgressBar(options.to - options.from);
  const found = await reconcile({
    table,
    reader,
    open: (window) => readHistory(source, window, signal),
    windows,
    ids: new IdTable(),
    maxIds,
    idsPerHour: options.ids,
    signal,
    onProgress: ({ from }, lines) =>
      bar.show(from - options.from, () => `${shortInstant(from)}: ${countText(lines)} lines`),
  }).finally(() => bar.end());
  const repaired = options.repair
    ? await repair(found, { table, reader, source, options, signal })
    : 0;
  process.stdout.write((options.format === 'json' ? toJson : toText)(found, repaired, options));
  if (found.totals.missing > repaired) process.exitCode = 1;
}

interface Repair {
  table: EventTable;
  reader: EventReader;
  source: HistorySource;
  options: ReconcileCommandOptions;
  signal: AbortSignal;
}

/** Backfills the gaps, and nothing else. Returns how many rows were written. */
async function repair(
  { gaps }: Reconciliation,
  { table, reader, source, options, signal }: Repair,
): Promise<number> {
  if (gaps.length === 0) return 0;
  const client = await openForWriting(relay, table, reader, options);
  const rejects = new Rejects({
    strict: false,
    onReject: (reject) => process.stderr.write(`${describeReject(reject)}\n`),
  });
  try {
    const { written } = await backfill({
      windows: gaps.flatMap((gap) => cutWindows(gap, options.window)),
      table,
      reader,
      open: (window) => readHistory(source, window, signal),
      client,
      rejects,
      ids: new IdTable(),
      maxIds,
      signal,
    });
    return written;
  } finally {
    rejects.close();
    await client.close();
  }
}

const differences: readonly Difference[] = ['missing', 'extra', 'duplicate'];

function toJson(
  { totals, hours }: Reconciliation,
  repaired: number,
  { from, to }: RangeOptions,
): string {
  const report = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...totals,
    repaired,
    hours: hours.map(({ hour, counts, ids }) => ({
      hour: hour === undefined ? null : new Date(hour).toISOString(),
      ...Object.fromEntries(
        differences.map((name) => [name, { count: counts[name], ids: ids[name] }]),
      ),
    })),
  };
  return `${JSON.stringify(report)}\n`;
}

function toText({ totals, hours }: Reconciliation, repaired: number): string {
  const { sent, rows, filtered, unusable } = totals;
  const summary = [
    `${countText(sent)} events of the sender, ${countText(rows)} rows`,
    ...differences.map((name) => `${countText(totals[name])} ${name}`),
    ...(filtered > 0 ? [`${countText(filtered)} filtered`] : []),
    ...(unusable > 0 ? [`${countText(unusable)} unusable`] : []),
    ...(repaired > 0 ? [`${countText(repaired)} repaired`] : []),
  ].join(', ');
  if (hours.length === 0) return `${summary}.\n`;
  const table = drawTable(
    [['hour (UTC)', ...differences, 'ids'], ...hours.map(toCells)],
    ['left', 'right', 'right', 'right', 'left'],
  );
  return `${table}${summary}.\n`;
}

function toCells({ hour, counts, ids }: HourDifference): string[] {
  return [
    hour === undefined ? 'no time' : shortInstant(hour),
    ...differences.map((name) => countText(counts[name])),
    differences
      .filter((name) => ids[name].length > 0)
      .map((name) => `${name}: ${some(ids[name], counts[name])}`)
      .join('\n'),
  ];
}

function some(ids: readonly string[], count: number): string {
  const shown = ids.slice(0, 3);
  return [...shown, ...(count > shown.length ? ['…'] : [])].join(', ');
}
