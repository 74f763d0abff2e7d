import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { EventReader } from '../events/event-reader.ts';
import type { EventTable } from '../table/known-ids.ts';
import { PendingWrite } from './pending-write.ts';
import { UpsertWrite } from './upsert-write.ts';

/** Encoded rows on their way into a table. */
export interface RowWrite<Origin> {
  /** True when there is enough under way: then wait for `room`. */
  add(row: Uint8Array, origin: Origin): boolean;
  /** @throws RelayError `bigquery.*` when the rows can't be written */
  room(): Promise<void>;
  /**
   * Ends with every row visible that was not refused.
   *
   * @throws RelayError `bigquery.*`
   */
  commit(): Promise<void>;
  /** Ends at once what is under way. After a commit it does nothing. */
  abandon(): void;
}

/**
 * Upserts for a table with a key, which may be sent twice; elsewhere a commit of all rows or none. BigQuery
 * takes upserts on the default stream alone, so that there is no both:
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
