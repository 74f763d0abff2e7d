import { type Command, InvalidArgumentError, Option } from 'commander';
import { describeRejected, RejectedRecords } from '../../history/lines/rejected-records.ts';
import { cutWindows, hourMs, parseSpan, type TimeWindow } from '../../history/time-window.ts';
import { RelayError } from '../../shared/errors.ts';
import { readInstant } from '../program/option-values.ts';
import { printAboveBar } from '../terminal/progress-bar.ts';

/** The range of the sender's history, and how it is fetched. */
export interface RangeOptions {
  from: number;
  to: number;
  window: number;
  secrets: string;
}

/** How lines are written into the table. */
export interface WriteOptions {
  dryRun: boolean;
  /** The file for rejected lines. */
  rejected?: string;
  strict: boolean;
}

/** The ids of a window are kept with their times relative to it: see window-states.ts. */
const maxWindowMs = 14 * 24 * hourMs;

export function addRangeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--from <time>', 'start: a day (UTC) or an instant, ISO 8601')
        .argParser(readInstant)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--to <time>', 'end, not included')
        .argParser(readInstant)
        .default(Date.now(), 'now'),
    )
    .addOption(
      new Option('--window <span>', 'time span of one request and one write: 30m, 6h, 1d')
        .argParser(readSpan)
        .default(24 * hourMs, '1d'),
    )
    .option(
      '--secrets <file>',
      'file with <STREAM>_API_KEY, if it is not in the environment',
      '.dev.vars',
    );
}

export function addWriteOptions(command: Command): Command {
  return (
    command
      .option('--dry-run', 'write nothing, only count', false)
      .option('--rejected <file>', 'save the lines that can never become rows, as JSONL')
      // Its name in older versions.
      .addOption(new Option('--rejects <file>').hideHelp())
      .on('option:rejects', (file: string) => command.setOptionValue('rejected', file))
      .option('--strict', 'stop at the first rejected line', false)
  );
}

/** @throws RelayError `range.empty` */
export function windowsOf({ from, to, window }: RangeOptions): TimeWindow[] {
  if (from >= to) throw new RelayError('range.empty', '--from must be before --to');
  return cutWindows({ from, to }, window);
}

/** @throws RelayError `rejected.file` */
export function openRejected({ rejected, strict }: Partial<WriteOptions>): RejectedRecords {
  return new RejectedRecords({
    ...(rejected !== undefined && { file: rejected }),
    strict: strict ?? false,
    onRejected: (record) => printAboveBar(describeRejected(record)),
  });
}

function readSpan(text: string): number {
  const span = parseSpan(text);
  if (span === undefined || span > maxWindowMs) {
    throw new InvalidArgumentError('a span looks like 30m, 6h or 1d, and is 14d at most');
  }
  return span;
}
