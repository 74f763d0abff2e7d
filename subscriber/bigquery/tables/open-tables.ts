import type { BigQuery } from '@google-cloud/bigquery';
import { keyedLayout, type TableLayout } from '../../../shared/columns.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { censusLayout, censusStream, censusTable } from '../../../shared/report/census.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { deadLetterLayout } from '../../dead-letters/dead-letter-rows.ts';
import { replayLayout, replaysTable } from '../../dead-letters/replay-results.ts';
import { type Log, TableLog } from '../../log.ts';
import type { InFlightLimit } from '../../pull/in-flight-limit.ts';
import { type RowsAndBytes, TableQueue } from '../../rows/table-queue.ts';
import { type Metrics, noMetrics } from '../../service/metrics.ts';
import type { Traces } from '../../traces/traces.ts';
import { TableWriter } from '../append/writer.ts';
import { openWriteClient } from '../client.ts';
import { createEncoder, type InvalidValues, type RowEncoder } from '../encode/encode.ts';
import { openLater, tryToOpen } from './table-opening.ts';

export interface TableDependencies {
  relay: Relay;
  bigquery: BigQuery;
  /** `host:port` of a Storage Write server without TLS; Google's own when absent. */
  storageEndpoint?: string;
  /** How long an append may stay unanswered. */
  appendTimeoutMs?: number;
  inFlight: InFlightLimit;
  log: Log;
  metrics?: Metrics;
  /** Absent where no traces are exported. */
  traces?: Pick<Traces, 'append'> | undefined;
}

export interface OpenTables {
  /** By the stream's name. */
  rows: ReadonlyMap<string, OpenTable>;
  deadLetters: OpenTable;
  /** Opens the table of what became of replayed dead letters, when the first one comes. */
  replays(): Promise<OpenTable>;
  /** Writes what is queued, for at most `graceMs`; dead letters last. */
  close(graceMs: number): Promise<void>;
}

/** What one table may have sent and not answered. */
const maxPendingRows = 3000;
const maxPendingBytes = 8_000_000;
/** The same of all tables: it stays in memory while BigQuery does not answer. */
const maxPendingBytesOfAll = 64_000_000;

/** Part of the time to close: the last answer of a table may still make a dead letter. */
const deadLettersShare = 0.2;

/**
 * Opens the table of each stream and of the dead letters, and creates what is missing. A table that can't be
 * opened now has a queue all the same: its rows wait there, and no other table's rows wait for them.
 *
 * @throws RelayError `bigquery.credentials`
 */
export async function openTables(dependencies: TableDependencies): Promise<OpenTables> {
  const { relay } = dependencies;
  const rows = tablesOf(relay);
  const share = maxPendingBytesOfAll / (rows.length + 1);
  const maxPending = { rows: maxPendingRows, bytes: Math.min(share, maxPendingBytes) };
  const open = ({ table, layout, invalidValues }: Omit<TableOfStream, 'stream'>) =>
    openTable({ name: table, layout, invalidValues, maxPending }, dependencies);
  const [deadLetters, ...tables] = await Promise.all([
    open({ table: relay.deadLetters, layout: deadLetterLayout, invalidValues: 'dead-letter' }),
    ...rows.map(async ({ stream, ...row }) => ({ stream, ...(await open(row)) })),
  ]);
  let replays: Promise<OpenTable> | undefined;
  return {
    rows: new Map(tables.map(({ stream, ...table }) => [stream, table])),
    deadLetters,
    replays() {
      const table = replaysTable(relay);
      replays ??= open({ table, layout: replayLayout, invalidValues: 'dead-letter' });
      return replays;
    },
    async close(graceMs) {
      const lastMs = graceMs * deadLettersShare;
      const begun = performance.now();
      await Promise.all(tables.map((table) => table.close(graceMs - lastMs)));
      // Last: until now, a row in flight may still become a dead letter.
      const restMs = Math.max(lastMs, graceMs - (performance.now() - begun));
      await Promise.all([deadLetters.close(restMs), (await replays)?.close(restMs)]);
    },
  };
}

export interface TableOfStream {
  stream: string;
  table: string;
  layout: TableLayout;
  invalidValues: InvalidValues;
}

/** The tables of all streams of rows, and the census, which the edge itself sends. */
export function tablesOf(relay: Relay): TableOfStream[] {
  const census = {
    stream: censusStream,
    table: censusTable(relay),
    layout: censusLayout,
    invalidValues: 'dead-letter' as const,
  };
  const streams = [...relay.streams.values()].flatMap((stream) => {
    const source = sources[stream.source];
    if (source.delivers !== 'rows') return [];
    const layout = keyedLayout(source.layout(stream), stream);
    const { name, table, invalidValues = 'null' } = stream;
    return [{ stream: name, table, layout, invalidValues }];
  });
  return [...streams, census];
}

interface OpenTable {
  encoder: RowEncoder;
  queue: TableQueue;
  close(graceMs: number): Promise<void>;
}

interface TableSettings {
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
  invalidValues: InvalidValues;
  maxPending: RowsAndBytes;
}

async function openTable(
  { name, layout, invalidValues, maxPending }: TableSettings,
  {
    relay,
    bigquery,
    storageEndpoint,
    appendTimeoutMs,
    inFlight,
    log,
    metrics = noMetrics,
    traces,
  }: TableDependencies,
): Promise<OpenTable> {
  const [dataset = '', table = ''] = name.split('.');
  let rowsWritten = () => 0;
  const tableLog = new TableLog(log, () => rowsWritten());
  const opening = { bigquery, name, layout, location: relay.location, tableLog };
  const opened = await tryToOpen(opening);
  const client = await openWriteClient({
    projectId: relay.project,
    ...(storageEndpoint && { endpoint: storageEndpoint }),
  });
  const encoder = createEncoder(layout, Date.now, invalidValues);
  const writer = new TableWriter(client, {
    table: `projects/${relay.project}/datasets/${dataset}/tables/${table}`,
    descriptor: encoder.descriptor,
    ...(appendTimeoutMs !== undefined && { appendTimeoutMs }),
    metrics,
    onFailure: ({ reaction, message }) => {
      tableLog.report('writing', {
        severity: 'WARNING',
        message: 'not written, trying again',
        table: name,
        reaction,
        cause: message,
      });
    },
  });
  const queue = new TableQueue({
    writer,
    inFlight,
    maxPending,
    ...(traces && { traces: { begin: traces, table: name } }),
    async onSetupFailure(reason) {
      metrics.retried('setup');
      tableLog.report('refusal', {
        severity: 'ERROR',
        message: 'BigQuery refuses every row',
        table: name,
        cause: reason,
      });
      // It may have been deleted. Anything else a person must fix; until then the rows wait.
      await tryToOpen(opening);
    },
  });
  rowsWritten = () => queue.rowsWritten;
  const closing = new AbortController();
  if (opened !== 'open') {
    const isOpen = openLater(opening, closing.signal);
    // A table that BigQuery just does not show may still take rows; a broken one must not get any.
    if (opened === 'broken') queue.pauseUntil(isOpen);
  }
  return {
    encoder,
    queue,
    async close(graceMs) {
      closing.abort();
      await queue.close(graceMs);
      await client.close();
    },
  };
}
