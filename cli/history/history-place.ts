import { EventReader } from '../../history/events/event-reader.ts';
import { readHistory, readHistorySource } from '../../history/fetch/history-api.ts';
import { IdTable } from '../../history/table/id-table.ts';
import type { EventTable } from '../../history/table/known-ids.ts';
import type { TimeWindow } from '../../history/time-window.ts';
import type { Relay } from '../../shared/config/config.ts';
import { RelayError } from '../../shared/errors.ts';
import { openWriteClient, type WriteClient } from '../../subscriber/bigquery/client.ts';
import { ensureTable } from '../../subscriber/bigquery/tables/tables.ts';
import { findBigQuery, findStack } from '../find-bigquery.ts';
import { findStream } from '../find-stream.ts';
import { readSecretsOver } from '../secrets-file.ts';
import { sayAbove } from '../terminal/progress-bar.ts';
import type { PlaceOptions, SenderOptions } from './history-options.ts';

/** A stream's table, and how lines become rows of it. */
export interface StreamTable {
  reader: EventReader;
  table: EventTable;
  /** Aborted at Ctrl-C: what is not committed by then is not written. */
  signal: AbortSignal;
}

/** With the sender's own export beside it. */
export interface StreamHistory extends StreamTable {
  open: (window: TimeWindow) => AsyncIterable<Uint8Array>;
  ids: IdTable;
  maxIds: number;
}

/** A window with more events is cut in two: with their ids the process stays below 256 MB. */
const maxIds = 1_400_000;

/** @throws RelayError `stream.unknown`, `stream.no-rows`, `stream.no-id`, `bigquery.nowhere` */
export function findTable(relay: Relay, name: string, options: PlaceOptions): StreamTable {
  const reader = new EventReader(findStream(relay, name), Date.now());
  const { stream, columns } = reader;
  const bigquery = findBigQuery(relay, options);
  return {
    reader,
    table: { bigquery, project: relay.project, table: stream.table, columns },
    signal: stopSignal(),
  };
}

/** @throws RelayError as findTable, `stream.no-time`, `environment.invalid` */
export function findHistory(
  relay: Relay,
  name: string,
  options: PlaceOptions & SenderOptions,
): StreamHistory {
  const place = findTable(relay, name, options);
  const { stream, columns } = place.reader;
  if (columns.time === undefined) {
    const problem = `"${name}" has no column that says when its events happened: use import`;
    throw new RelayError('stream.no-time', problem);
  }
  const source = readHistorySource(readSecretsOver(options.secrets), stream, (problem, waitMs) =>
    sayAbove(`${problem}; asked again in ${Math.ceil(waitMs / 1000)} s`),
  );
  const open = (window: TimeWindow) => readHistory(source, window, place.signal);
  return { ...place, open, ids: new IdTable(), maxIds };
}

/**
 * Makes the table where it is missing, and opens the way into it.
 *
 * @throws RelayError `table.incompatible`, `table.unreachable`, `bigquery.credentials`
 */
export async function openForWriting(
  relay: Relay,
  { table: { bigquery }, reader }: StreamTable,
  options: PlaceOptions,
): Promise<WriteClient> {
  const [dataset = '', table = ''] = reader.stream.table.split('.');
  try {
    await ensureTable(bigquery, { dataset, table }, reader.layout, relay.location);
  } catch (cause) {
    if (cause instanceof RelayError) throw cause;
    const problem = `the table ${relay.project}.${dataset}.${table} can't be made ready: ${(cause as Error).message}`;
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
    const problem = `stopped by ${signal}: run it again to go on`;
    process.once(signal, () => stop.abort(new RelayError('command.stopped', problem)));
  }
  return stop.signal;
}
