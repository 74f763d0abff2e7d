import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader } from '../events/event-reader.ts';
import type { EventTable } from '../table/known-ids.ts';
import { PendingWrite } from './pending-write.ts';
import type { RowWrite } from './row-write.ts';
import { UpsertWrite } from './upsert-write.ts';

/**
 * Upserts for a table with a key, which may be sent twice; for other tables one commit of all rows or none.
 * BigQuery accepts upserts only on the default stream, so a table can't have both:
 * https://cloud.google.com/bigquery/docs/change-data-capture#prerequisites
 */
export function openRowWrite<Origin>(
  client: WriteClient,
  { project, table }: EventTable,
  { encoder, stream }: EventReader,
  onRefused: (origin: Origin, reason: string) => void,
  signal?: AbortSignal,
): RowWrite<Origin> {
  const [dataset, name] = table.split('.');
  const options = {
    client,
    table: `projects/${project}/datasets/${dataset}/tables/${name}`,
    descriptor: encoder.descriptor,
    onRefused,
    signal,
  };
  return stream.key ? new UpsertWrite(options) : new PendingWrite(options);
}
