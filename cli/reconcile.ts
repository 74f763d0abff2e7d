import { Command, Option } from 'commander';
import { backfill } from '../history/backfill/backfill.ts';
import type { Reconciliation } from '../history/reconcile/hour-report.ts';
import { reconcile } from '../history/reconcile/reconcile.ts';
import { cutWindows, shortInstant, type TimeWindow } from '../history/time-window.ts';
import { addBigQueryOptions, type BigQueryOptions } from './find/bigquery.ts';
import { addRangeOptions, openRejected, type RangeOptions } from './history/options.ts';
import { type Repair, reconcileFormats } from './history/reconcile-report.ts';
import { openStreamHistory, openWriter, type StreamHistory } from './history/stream-history.ts';
import { countFrom } from './program/option-values.ts';
import { countText, ProgressBar } from './terminal/progress-bar.ts';

interface ReconcileCommandOptions extends BigQueryOptions, RangeOptions {
  repair: boolean;
  format: keyof typeof reconcileFormats;
  ids: number;
}

export function reconcileCommand(): Command {
  const command = new Command('reconcile')
    .description("compare the table with the sender's history, event by event")
    .argument('<stream>', 'stream whose sender has an API for its history');
  return addBigQueryOptions(addRangeOptions(command))
    .option('--repair', 'write the missing events', false)
    .addOption(
      new Option('--format <format>', 'output format')
        .choices(Object.keys(reconcileFormats))
        .default('table'),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .addOption(
      new Option('--ids <count>', 'maximum number of ids to list for an hour, of each kind')
        .argParser(countFrom(0))
        .default(100),
    )
    .action(runReconcile);
}

async function runReconcile(name: string, options: ReconcileCommandOptions): Promise<void> {
  const history = await openStreamHistory(name, options);
  const found = await compare(history, options);
  const repair = options.repair ? await fillGaps(found, history, options) : undefined;
  const left = repair ? repair.left : found.totals.missing;
  process.stdout.write(reconcileFormats[options.format](found, repair, options));
  if (left > 0) process.exitCode = 1;
}

async function compare(
  history: StreamHistory,
  { from, to, ids: idsPerHour }: ReconcileCommandOptions,
): Promise<Reconciliation> {
  const bar = new ProgressBar(to - from);
  const onProgress = (window: TimeWindow, lines: number) =>
    bar.show(window.from - from, () => `${shortInstant(window.from)}: ${countText(lines)} lines`);
  try {
    return await reconcile({ ...history, idsPerHour, onProgress });
  } finally {
    bar.end();
  }
}

/** Backfills only the gaps, then compares again. */
async function fillGaps(
  { gaps }: Reconciliation,
  history: StreamHistory,
  options: ReconcileCommandOptions,
): Promise<Repair> {
  if (gaps.length === 0) return { written: 0, left: 0 };
  const windows = gaps.flatMap((gap) => cutWindows(gap, options.window));
  const client = await openWriter(history, options);
  const rejectedRecords = openRejected({});
  try {
    const { written } = await backfill({ ...history, windows, client, rejectedRecords });
    // The webhook may have brought some meanwhile, and BigQuery may refuse others.
    const { totals } = await compare(history, options);
    return { written, left: totals.missing };
  } finally {
    rejectedRecords.close();
    await client.close();
  }
}
