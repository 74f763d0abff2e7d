import { Command, InvalidArgumentError, Option } from 'commander';
import { backfill } from '../../history/backfill/backfill.ts';
import { describeReject, Rejects } from '../../history/lines/rejected-records.ts';
import { type Reconciliation, reconcile } from '../../history/reconcile/reconcile.ts';
import { cutWindows, shortInstant, type TimeWindow } from '../../history/time-window.ts';
import { relay } from '../../tributary.config.ts';
import { countText, ProgressBar, sayAbove } from '../terminal/progress-bar.ts';
import {
  addPlaceOptions,
  addSenderOptions,
  type PlaceOptions,
  type SenderOptions,
  windowsOf,
} from './history-options.ts';
import { findHistory, openForWriting, type StreamHistory } from './history-place.ts';
import { type Repair, reconcileFormats } from './reconcile-report.ts';

interface ReconcileCommandOptions extends PlaceOptions, SenderOptions {
  repair: boolean;
  format: keyof typeof reconcileFormats;
  ids: number;
}

export function reconcileCommand(): Command {
  const command = new Command('reconcile')
    .description("compare the table with the sender's export of history, event by event")
    .argument('<stream>', 'a stream whose sender has an export of history');
  return addPlaceOptions(addSenderOptions(command))
    .option('--repair', 'write what is missing', false)
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(Object.keys(reconcileFormats))
        .default('table'),
    )
    .addOption(
      new Option('--ids <count>', 'how many ids of each kind are named for an hour, at most')
        .argParser(readCount)
        .default(100),
    )
    .action(runReconcile);
}

function readCount(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('a count is a whole number');
  return Number(text);
}

async function runReconcile(name: string, options: ReconcileCommandOptions): Promise<void> {
  const windows = windowsOf(options);
  const history = findHistory(relay, name, options);
  const found = await compare(windows, history, options);
  const repair = options.repair ? await fillGaps(found, history, options) : undefined;
  const left = repair ? repair.left : found.totals.missing;
  process.stdout.write(reconcileFormats[options.format](found, repair, options));
  if (left > 0) process.exitCode = 1;
}

async function compare(
  windows: readonly TimeWindow[],
  history: StreamHistory,
  { from, to, ids: idsPerHour }: ReconcileCommandOptions,
): Promise<Reconciliation> {
  const bar = new ProgressBar(to - from);
  const onProgress = (window: TimeWindow, lines: number) =>
    bar.show(window.from - from, () => `${shortInstant(window.from)}: ${countText(lines)} lines`);
  try {
    return await reconcile({ ...history, windows, idsPerHour, onProgress });
  } finally {
    bar.end();
  }
}

/** Backfills the gaps, and nothing else; then looks at them again. */
async function fillGaps(
  { gaps }: Reconciliation,
  history: StreamHistory,
  options: ReconcileCommandOptions,
): Promise<Repair> {
  if (gaps.length === 0) return { written: 0, left: 0 };
  const windows = gaps.flatMap((gap) => cutWindows(gap, options.window));
  const client = await openForWriting(relay, history, options);
  const rejects = new Rejects({
    strict: false,
    onReject: (reject) => sayAbove(describeReject(reject)),
  });
  try {
    const { written } = await backfill({ ...history, windows, client, rejects });
    // What the webhook has brought meanwhile is no longer missing, and what BigQuery refuses still is.
    const { totals } = await compare(windows, history, options);
    return { written, left: totals.missing };
  } finally {
    rejects.close();
    await client.close();
  }
}
