import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  cutWindows,
  hourMs,
  parseInstant,
  parseSpan,
  type TimeWindow,
} from '../../history/time-window.ts';
import { RelayError } from '../../shared/errors.ts';
import type { Place } from '../find-bigquery.ts';

/** Where the tables are, as the commands of history are told. */
export type PlaceOptions = Place;

/** What the sender's export is asked for, and with what. */
export interface SenderOptions {
  from: number;
  to: number;
  window: number;
  secrets: string;
}

/** The ids of a window are kept with their times in it: see window-states.ts. */
const maxWindowMs = 14 * 24 * hourMs;

export function addPlaceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--on <place>',
        'where the table is (default: local if a stack runs here, else google)',
      ).choices(['local', 'google']),
    )
    .option('--state <folder>', 'the state of the local stack', '.tributary');
}

export function addSenderOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--from <time>', 'the beginning: a day (UTC) or an instant, ISO 8601')
        .argParser(readInstant)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--to <time>', 'the end, which is not included')
        .argParser(readInstant)
        .default(Date.now(), 'now'),
    )
    .addOption(
      new Option('--window <span>', 'how much is asked for, and written, at once: 30m, 6h, 1d')
        .argParser(readSpan)
        .default(24 * hourMs, '1d'),
    )
    .option(
      '--secrets <file>',
      'where <STREAM>_API_KEY is, if not in the environment',
      '.dev.vars',
    );
}

/** @throws RelayError `range.empty` */
export function windowsOf({ from, to, window }: SenderOptions): TimeWindow[] {
  if (from >= to) throw new RelayError('range.empty', '--from must be before --to');
  return cutWindows({ from, to }, window);
}

function readInstant(text: string): number {
  const time = parseInstant(text);
  if (time === undefined) {
    throw new InvalidArgumentError('a time is such as 2026-01-31 or 2026-01-31T08:00:00+01:00');
  }
  return time;
}

function readSpan(text: string): number {
  const span = parseSpan(text);
  if (span === undefined || span > maxWindowMs) {
    throw new InvalidArgumentError('a span is such as 30m, 6h or 1d, and 14d at most');
  }
  return span;
}
