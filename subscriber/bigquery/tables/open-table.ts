import type { BigQuery } from '@google-cloud/bigquery';
import type { TableLayout } from '../../../shared/columns.ts';
import type { Relay } from '../../../shared/config/config.ts';
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

/** A table as rows are written to it. */
export interface OpenTable {
  encoder: RowEncoder;
  queue: TableQueue;
  close(graceMs: number): Promise<void>;
}

export interface TableSettings {
  /** `dataset.table` */
  name: string;
  layout: TableLayout;
  invalidValues: InvalidValues;
  maxPending: RowsAndBytes;
}

/**
 * Opens a table and its connection. A table that can't be opened now has a queue all the same.
 *
 * @throws RelayError `bigquery.credentials`
 */
export async function openTable(
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
