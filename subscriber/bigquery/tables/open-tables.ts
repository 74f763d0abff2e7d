import type { BigQuery } from '@google-cloud/bigquery';
import { censusLayout, censusStream, censusTable } from '../../../shared/census.ts';
import { keyedLayout, type TableLayout } from '../../../shared/columns.ts';
import type { Relay } from '../../../shared/config/config.ts';
import { sources } from '../../../shared/sources/registry.ts';
import { deadLetterLayout } from '../../dead-letters/dead-letters.ts';
import type { Log } from '../../log.ts';
import type { WaitingRoom } from '../../pull/waiting-room.ts';
import { TableQueue, type UnderWay } from '../../rows/table-queue.ts';
import { TableWriter } from '../append/writer.ts';
import { openWriteClient } from '../client.ts';
import { createEncoder, type InvalidValues } from '../encode/encode.ts';
import { openLater, tryToOpen } from './table-opening.ts';
import { TableTrouble } from './table-trouble.ts';

export interface TableDependencies {
  relay: Relay;
  bigquery: BigQuery;
  /** `host:port` of a Storage Write server without TLS; Google's own when absent. */
  storageEndpoint?: string;
  /** How long an append may stay unanswered. */
  appendTimeoutMs?: number;
  room: WaitingRoom;
  log: Log;
}

export interface OpenTables {
  /** By the stream's name. */
  rows: ReadonlyMap<string, TableQueue>;
  deadLetters: TableQueue;
  /** Writes what waits, for at most `graceMs`; dead letters last. */
  close(graceMs: number): Promise<void>;
}

/** What one table may have under way. */
const rowsUnderWay = 3000;
const mostBytesUnderWay = 8_000_000;
/** What all of them may: it stays in memory while they are frozen. */
const bytesUnderWay = 64_000_000;

/** Of the time to close: a letter that a table's last answer makes is stored in what is left. */
const deadLettersShare = 0.2;

/**
 * Opens each stream's table and the dead letters', after making what is missing. A table that BigQuery does
 * not give now, or that can't take its rows, is open all the same: its rows wait, and no other table's wait for
 * them.
 *
 * @throws RelayError `bigquery.credentials`
 */
export async function openTables(dependencies: TableDependencies): Promise<OpenTables> {
  const { relay } = dependencies;
  const rows = rowTables(relay);
  const share = bytesUnderWay / (rows.length + 1);
  const underWay = { rows: rowsUnderWay, bytes: Math.min(share, mostBytesUnderWay) };
  const open = ({ table, layout, invalidValues }: Omit<RowTable, 'stream'>) =>
    openTable({ name: table, layout, invalidValues, underWay }, dependencies);
  const [deadLetters, ...tables] = await Promise.all([
    open({ table: relay.deadLetters, layout: deadLetterLayout, invalidValues: 'dead-letter' }),
    ...rows.map(async ({ stream, ...row }) => ({ stream, ...(await open(row)) })),
  ]);
  return {
    rows: new Map(tables.map(({ stream, queue }) => [stream, queue])),
    deadLetters: deadLetters.queue,
    async close(graceMs) {
      const lastMs = graceMs * deadLettersShare;
      const begun = performance.now();
      await Promise.all(tables.map((table) => table.close(graceMs - lastMs)));
      // Last: until now, what is in hand may still turn out to be a dead letter.
      await deadLetters.close(Math.max(lastMs, graceMs - (performance.now() - begun)));
    },
  };
}

export interface RowTable {
  stream: string;
  table: string;
  layout: TableLayout;
  invalidValues: InvalidValues;
}

/** The tables of all streams of rows, and the census, which is a stream of the edge's own. */
export function rowTables(relay: Relay): RowTable[] {
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
  queue: TableQueue;
  close(graceMs: number): Promise<void>;
}

interface TableSettings {
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
  invalidValues: InvalidValues;
  underWay: UnderWay;
}

async function openTable(
  { name, layout, invalidValues, underWay }: TableSettings,
  { relay, bigquery, storageEndpoint, appendTimeoutMs, room, log }: TableDependencies,
): Promise<OpenTable> {
  const [dataset = '', table = ''] = name.split('.');
  let rowsWritten = () => 0;
  const trouble = new TableTrouble(log, () => rowsWritten());
  const opening = { bigquery, name, layout, location: relay.location, trouble };
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
    onFailure: ({ reaction, message }) => {
      trouble.say('writing', {
        severity: 'WARNING',
        message: 'not written, trying again',
        table: name,
        reaction,
        cause: message,
      });
    },
  });
  const queue = new TableQueue({
    encoder,
    writer,
    room,
    underWay,
    async onSetupFailure(reason) {
      trouble.say('refusal', {
        severity: 'ERROR',
        message: 'BigQuery refuses every row',
        table: name,
        cause: reason,
      });
      // It may have been deleted. Whatever else is wrong a person must mend; until then the rows wait.
      await tryToOpen(opening);
    },
  });
  rowsWritten = () => queue.rowsWritten;
  const closing = new AbortController();
  if (opened !== 'open') {
    const isOpen = openLater(opening, closing.signal);
    // What BigQuery may only not show now is sent before: it is refused, or taken.
    if (opened === 'broken') queue.hold(isOpen);
  }
  return {
    queue,
    async close(graceMs) {
      closing.abort();
      await queue.close(graceMs);
      await client.close();
    },
  };
}
