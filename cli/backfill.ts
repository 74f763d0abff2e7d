import { Command } from 'commander';
import { backfill } from '../history/backfill/backfill.ts';
import type { WindowCounts } from '../history/backfill/fill-window.ts';
import { describeWindow, type TimeWindow } from '../history/time-window.ts';
import { addBigQueryOptions, type BigQueryOptions } from './find/bigquery.ts';
import {
  type CountColumns,
  type CountsReport,
  countsDocument,
  describeCounts,
} from './history/counts-report.ts';
import {
  addRangeOptions,
  addWriteOptions,
  openRejected,
  type RangeOptions,
  type WriteOptions,
} from './history/options.ts';
import { openStreamHistory, openWriter } from './history/stream-history.ts';
import { jsonOption, printJson } from './terminal/manners.ts';
import { countText, ProgressBar } from './terminal/progress-bar.ts';

type BackfillOptions = BigQueryOptions & RangeOptions & WriteOptions & { json: boolean };

export function backfillCommand(): Command {
  const command = new Command('backfill')
    .description("write the events of the sender's history that are not in the table")
    .argument('<stream>', 'stream whose sender has an API for its history');
  return addWriteOptions(addBigQueryOptions(addRangeOptions(command)))
    .addOption(jsonOption())
    .action(runBackfill);
}

async function runBackfill(name: string, options: BackfillOptions): Promise<void> {
  const history = await openStreamHistory(name, options);
  const bar = new ProgressBar(options.to - options.from);
  const rejectedRecords = openRejected(options);
  const client = options.dryRun ? undefined : await openWriter(history, options);
  const filled: [TimeWindow, WindowCounts][] = [];
  let done = 0;
  try {
    const total = await backfill({
      ...history,
      client,
      rejectedRecords,
      onWindow(window, counts) {
        done += window.to - window.from;
        filled.push([window, counts]);
      },
      onProgress: ({ lines, written }) =>
        bar.show(done, () => `${countText(lines)} lines, ${countText(written)} rows`),
    });
    bar.end();
    printCounts(filled, total, options);
    if (total.rejected > 0) process.exitCode = 1;
  } finally {
    bar.end();
    rejectedRecords.close();
    await client?.close();
  }
}

const columns = {
  lines: 'lines',
  written: 'written',
  present: 'already there',
  repeated: 'repeated',
  filtered: 'filtered',
  outside: 'outside the window',
  rejected: 'rejected',
} as const satisfies CountColumns<keyof WindowCounts>;

/** A day, or two times that can be wrapped. */
function shortWindow(window: TimeWindow): string {
  const [day = '', clock] = new Date(window.from).toISOString().split('T');
  const isDay = window.to - window.from === 86_400_000 && clock === '00:00:00.000Z';
  return isDay ? day : describeWindow(window).replaceAll('T', ' ').replaceAll('Z', '');
}

/** Longer reports show only the total. */
const maxWindowLines = 366;

function printCounts(
  filled: readonly [TimeWindow, WindowCounts][],
  total: WindowCounts,
  { dryRun, rejected, json }: BackfillOptions,
): void {
  const each = !json && filled.length > maxWindowLines ? [] : filled;
  const report: CountsReport<keyof typeof columns> = {
    of: 'window (UTC)',
    columns,
    lines: each.map(([window, counts]) => {
      return [json ? describeWindow(window) : shortWindow(window), counts] as const;
    }),
    total,
    dryRun,
    rejected: total.rejected > 0 ? rejected : undefined,
  };
  if (json) printJson(countsDocument(report));
  else process.stdout.write(describeCounts(report));
}
