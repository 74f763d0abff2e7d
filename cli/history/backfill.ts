import { Command } from 'commander';
import { backfill } from '../../history/backfill/backfill.ts';
import type { WindowCounts } from '../../history/backfill/fill-window.ts';
import { describeReject, Rejects } from '../../history/lines/rejected-records.ts';
import { describeWindow, type TimeWindow } from '../../history/time-window.ts';
import { relay } from '../../tributary.config.ts';
import { countText, ProgressBar, sayAbove } from '../terminal/progress-bar.ts';
import { type CountColumns, describeCounts } from './counts-report.ts';
import {
  addPlaceOptions,
  addSenderOptions,
  type PlaceOptions,
  type SenderOptions,
  windowsOf,
} from './history-options.ts';
import { findHistory, openForWriting } from './history-place.ts';

interface BackfillCommandOptions extends PlaceOptions, SenderOptions {
  dryRun: boolean;
  rejects?: string;
  strict: boolean;
}

export function backfillCommand(): Command {
  const command = new Command('backfill')
    .description("write what the sender's export of history has and the table has not")
    .argument('<stream>', 'a stream whose sender has an export of history');
  return addPlaceOptions(addSenderOptions(command))
    .option('--dry-run', 'write nothing, and tell what would be', false)
    .option('--rejects <file>', 'keep the lines that can never become rows, as JSONL')
    .option('--strict', 'stop at the first such line', false)
    .action(runBackfill);
}

async function runBackfill(name: string, options: BackfillCommandOptions): Promise<void> {
  const windows = windowsOf(options);
  const history = findHistory(relay, name, options);
  const bar = new ProgressBar(options.to - options.from);
  const rejects = new Rejects({
    ...(options.rejects !== undefined && { file: options.rejects }),
    strict: options.strict,
    onReject: (reject) => sayAbove(describeReject(reject)),
  });
  const client = options.dryRun ? undefined : await openForWriting(relay, history, options);
  const filled: [TimeWindow, WindowCounts][] = [];
  let done = 0;
  try {
    const total = await backfill({
      ...history,
      windows,
      client,
      rejects,
      onWindow(window, counts) {
        done += window.to - window.from;
        filled.push([window, counts]);
      },
      onProgress: ({ lines, written }) =>
        bar.show(done, () => `${countText(lines)} lines, ${countText(written)} rows`),
    });
    bar.end();
    process.stdout.write(toText(filled, total, options));
  } finally {
    bar.end();
    rejects.close();
    await client?.close();
  }
}

const columns = {
  lines: 'lines',
  written: 'written',
  present: 'there already',
  repeated: 'repeated',
  filtered: 'filtered',
  outside: 'of another time',
  rejected: 'rejected',
} as const satisfies CountColumns<keyof WindowCounts>;

function toText(
  filled: readonly [TimeWindow, WindowCounts][],
  total: WindowCounts,
  { dryRun, rejects }: BackfillCommandOptions,
): string {
  // A year of days is as much as anybody reads.
  const each = filled.length > 366 ? [] : filled;
  return describeCounts({
    of: 'window (UTC)',
    columns,
    lines: [
      ...each.map(([window, counts]) => [describeWindow(window), counts] as const),
      ['all', total],
    ],
    dryRun,
    rejects: total.rejected > 0 ? rejects : undefined,
  });
}
