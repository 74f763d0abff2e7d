import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Relay, RelayStream } from '../shared/config.ts';
import { RelayError } from '../shared/error.ts';
import type { EventReader } from '../subscriber/backfill/event-reader.ts';
import type { EventTable } from '../subscriber/backfill/known-ids.ts';
import {
  cutWindows,
  parseInstant,
  parseSpan,
  type TimeWindow,
} from '../subscriber/backfill/time-window.ts';
import { openWriteClient, type WriteClient } from '../subscriber/bigquery/client.ts';
import { ensureTable } from '../subscriber/bigquery/tables.ts';
import { findBigQuery } from './find-bigquery.ts';
import { findRunning } from './running.ts';

/** Where the tables are, as the commands of history are told. */
export interface PlaceOptions {
  on?: 'local' | 'google';
  state: string;
}

export interface RangeOptions {
  from: number;
  to: number;
  window: number;
}

/** A window with more events is cut in two: with their ids the process stays below 256 MB. */
export const maxIds = 1_400_000;

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

export function addRangeOptions(command: Command): Command {
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
        .default(86_400_000, '1d'),
    );
}

/** @throws RelayError `range.empty` */
export function windowsOf({ from, to, window }: RangeOptions): TimeWindow[] {
  if (from >= to) throw new RelayError('range.empty', 'setup', '--from must be before --to');
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
  if (span === undefined) throw new InvalidArgumentError('a span is such as 30m, 6h or 1d');
  return span;
}

/** @throws RelayError `stream.unknown` */
export function findStream(relay: Relay, name: string): RelayStream {
  const stream = relay.streams.get(name);
  if (stream) return stream;
  const known = [...relay.streams.keys()].join(', ');
  throw new RelayError('stream.unknown', 'setup', `no stream "${name}"; there is: ${known}`);
}

/** @throws RelayError `stream.no-time`: its history can't be had window by window */
export function requireTime({ stream, columns }: EventReader): void {
  if (columns.time !== undefined) return;
  const problem = `"${stream.name}" has no column that says when its events happened: use import`;
  throw new RelayError('stream.no-time', 'setup', problem);
}

/** @throws RelayError `bigquery.nowhere` */
export function findTable(relay: Relay, reader: EventReader, options: PlaceOptions): EventTable {
  return {
    bigquery: findBigQuery(relay, options),
    project: relay.project,
    table: reader.stream.table,
    columns: reader.columns,
  };
}

/**
 * Makes the table where it is missing, and opens the way into it.
 *
 * @throws RelayError `table.incompatible`, `bigquery.credentials`
 */
export async function openForWriting(
  relay: Relay,
  { bigquery }: EventTable,
  reader: EventReader,
  options: PlaceOptions,
): Promise<WriteClient> {
  const [dataset = '', table = ''] = reader.stream.table.split('.');
  await ensureTable(bigquery, { dataset, table }, reader.layout, relay.location);
  const running = options.on === 'google' ? undefined : findRunning(options.state);
  return await openWriteClient({
    projectId: relay.project,
    ...(running && { endpoint: `127.0.0.1:${running.ports.bigqueryGrpc}` }),
  });
}

/** What the process was started with, and below it what the secrets' file holds. */
export function readSecretsOver(file: string): NodeJS.ProcessEnv {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return { ...parseEnv(text), ...process.env };
}

/** Ends what runs at Ctrl-C: what is not committed by then is not written. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const problem = `stopped by ${signal}: run it again to go on`;
    process.once(signal, () => stop.abort(new RelayError('stopped', 'transient', problem)));
  }
  return stop.signal;
}
