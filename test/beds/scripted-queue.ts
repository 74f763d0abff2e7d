import { onTestFinished } from 'vitest';
import type { TableLayout } from '../../shared/columns.ts';
import { TableWriter } from '../../subscriber/bigquery/append/writer.ts';
import { openWriteClient } from '../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../subscriber/bigquery/encode/encode.ts';
import { InFlightLimit } from '../../subscriber/pull/in-flight-limit.ts';
import { TableQueue, type TableQueueOptions } from '../../subscriber/rows/table-queue.ts';
import {
  type Hand,
  type Received,
  startStorageWriteScriptBed,
} from './storage-write-script-bed.ts';

const layout: TableLayout = { columns: [{ name: 'id', type: 'STRING', mode: 'REQUIRED' }] };
const encoder = createEncoder(layout, Date.now);

/** An encoded row of the table. */
export function rowOf(id: string): Uint8Array {
  const encoded = encoder.encode({ id });
  if (!encoded.ok) throw new Error(encoded.reason);
  return encoded.row;
}

/** A queue to a BigQuery that behaves as the script says, until the test is over. */
export async function openScripted(
  script: (received: Received, hand: Hand) => void,
  options: Partial<TableQueueOptions> = {},
  maxRequestBytes = 1_000_000,
) {
  const server = await startStorageWriteScriptBed(script);
  onTestFinished(() => server.stop());
  const client = await openWriteClient({ projectId: 'demo', endpoint: server.endpoint });
  onTestFinished(() => client.close());
  const writer = new TableWriter(client, {
    table: 'projects/demo/datasets/d/tables/t',
    descriptor: encoder.descriptor,
    setupRetryMs: 0,
    random: () => 0.01,
    maxRequestBytes,
  });
  const queue = new TableQueue({
    writer,
    inFlight: new InFlightLimit({ messages: 1000, bytes: 1_000_000 }),
    limits: { rows: 5000, bytes: 1_000_000, lingerMs: 5 },
    maxPending: { rows: 3000, bytes: 8_000_000 },
    random: () => 0.01,
    onSetupFailure: () => Promise.resolve(),
    ...options,
  });
  return { queue, server };
}

/** What BigQuery says of a table that it does not have. */
export const notFound = { error: { code: 5, message: 'Requested entity was not found' } };

/** What it says of the first row of a request. */
export const badRow = (why: string) => ({
  error: { code: 3, message: 'errors in rows' },
  rowErrors: [{ index: 0, code: 1, message: why }],
});
