import { EventReader } from '../../history/events/event-reader.ts';
import { readHistory, readHistorySource } from '../../history/fetch/history-api.ts';
import { IdTable } from '../../history/table/id-table.ts';
import type { EventTable } from '../../history/table/known-ids.ts';
import type { TimeWindow } from '../../history/time-window.ts';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { openWriteClient, type WriteClient } from '../../subscriber/bigquery/client.ts';
import { ensureTable } from '../../subscriber/bigquery/tables/ensure-table.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';
import { type BigQueryOptions, findBigQuery, findStack } from '../find/bigquery.ts';
import { readSecrets } from '../find/secrets.ts';
import { findStream } from '../find/stream.ts';
import { printAboveBar } from '../terminal/progress-bar.ts';
import { type RangeOptions, windowsOf } from './options.ts';

/** A stream's table, and how lines become rows of it. */
export interface StreamTable {
  relay: Relay;
  reader: EventReader;
  table: EventTable;
  /** Aborted by Ctrl-C: what is not committed by then is not written. */
  signal: AbortSignal;
}

/** The same with the sender's export of history. */
export interface StreamHistory extends StreamTable {
  /** The windows of the range that the command was given. */
  windows: TimeWindow[];
  open: (window: TimeWindow) => AsyncIterable<Uint8Array>;
  ids: IdTable;
  maxIds: number;
}

/** A window with more events is split in two. With the ids of so many the process stays below 256 MB. */
const maxIds = 1_400_000;

/** @throws RelayError `config.*`, `stream.unknown`, `stream.no-rows`, `stream.no-id`, `bigquery.nowhere` */
export async function openStreamTable(
  name: string,
  options: BigQueryOptions,
): Promise<StreamTable> {
  const relay = await loadRelay();
  const reader = new EventReader(findStream(relay, name), Date.now());
  const { stream, columns } = reader;
  const bigquery = findBigQuery(relay, options);
  return {
    relay,
    reader,
    table: { bigquery, project: relay.project, table: stream.table, columns },
    signal: stopSignal(),
  };
}

/** @throws RelayError as openStreamTable, `range.empty`, `stream.no-time`, `environment.invalid` */
export async function openStreamHistory(
  name: string,
  options: BigQueryOptions & RangeOptions,
): Promise<StreamHistory> {
  const windows = windowsOf(options);
  const opened = await openStreamTable(name, options);
  const { stream, columns } = opened.reader;
  if (columns.time === undefined) {
    const problem = `the stream "${name}" has no column with the time of its events`;
    throw new RelayError('stream.no-time', problem);
  }
  const source = readHistorySource(readSecrets(options.secrets), stream, (problem, waitMs) =>
    printAboveBar(`${problem}; next try in ${Math.ceil(waitMs / 1000)} s`),
  );
  const open = (window: TimeWindow) => readHistory(source, window, opened.signal);
  return { ...opened, windows, open, ids: new IdTable(), maxIds };
}

/**
 * Creates the table if it is missing, and opens the client that writes into it.
 *
 * @throws RelayError `table.incompatible`, `table.refused`, `table.unreachable`, `bigquery.credentials`
 */
export async function openWriter(
  { relay, table: { bigquery }, reader }: StreamTable,
  options: BigQueryOptions,
): Promise<WriteClient> {
  const [dataset = '', table = ''] = reader.stream.table.split('.');
  try {
    await ensureTable(bigquery, { dataset, table }, reader.layout, relay.location);
  } catch (cause) {
    if (cause instanceof RelayError) throw cause;
    const problem = `the table ${relay.project}.${dataset}.${table} can be neither created nor read: ${(cause as Error).message}`;
    throw new RelayError('table.unreachable', problem, { cause });
  }
  const stack = findStack(options);
  return await openWriteClient({
    projectId: relay.project,
    ...(stack && { endpoint: `127.0.0.1:${stack.ports.bigqueryGrpc}` }),
  });
}

function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const stopped = new RelayError('command.stopped', `stopped by ${signal}`);
    process.once(signal, () => stop.abort(stopped));
  }
  return stop.signal;
}
