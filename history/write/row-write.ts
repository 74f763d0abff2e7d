import type { protos } from '@google-cloud/bigquery-storage';
import { RelayError } from '../../shared/errors.ts';
import type { WriteFailure } from '../../subscriber/bigquery/append/classify-reply.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import type { RetryPolicy } from '../../subscriber/retry.ts';

/** Encoded rows on their way into a table. */
export interface RowWrite<Origin> {
  /** True when enough is in flight: then wait for `waitForCapacity`. */
  add(row: Uint8Array, origin: Origin): boolean;
  /** @throws RelayError `bigquery.*` when the rows can't be written */
  waitForCapacity(): Promise<void>;
  /**
   * Resolves when every row that BigQuery did not reject is visible.
   *
   * @throws RelayError `bigquery.*`
   */
  commit(): Promise<void>;
  /** Stops what is in flight. After a commit it does nothing. */
  abandon(): void;
}

export interface RowWriteOptions<Origin> {
  client: WriteClient;
  /** `projects/…/datasets/…/tables/…` */
  table: string;
  descriptor: protos.google.protobuf.IDescriptorProto;
  /** BigQuery has rejected this row as bad, and it is left out. */
  onRefused: (origin: Origin, reason: string) => void;
  /** Abandons the write. */
  signal?: AbortSignal | undefined;
  retryPolicy?: RowRetryPolicy;
  appendTimeoutMs?: number;
}

export type RowRetryPolicy = Required<Omit<RetryPolicy, 'maxTries'>>;

export const defaultRetryPolicy: RowRetryPolicy = {
  maxElapsedMs: 300_000,
  // BigQuery may reject a new table for a minute.
  maxSetupElapsedMs: 75_000,
  random: Math.random,
};

/** Why a table accepts no rows: BigQuery rejects them, or was not reachable for too long. */
export function writeError(
  step: 'bigquery.append' | 'bigquery.stream',
  table: string,
  { reaction, message }: Pick<WriteFailure, 'reaction' | 'message'>,
): RelayError {
  const name = table.replace(/^projects\/(.+)\/datasets\/(.+)\/tables\/(.+)$/, '$1.$2.$3');
  const isRefused = reaction === 'setup' || reaction === 'invalid';
  const code = isRefused ? 'bigquery.refused' : step;
  return new RelayError(code, `the table ${name} accepts no rows: ${message}`);
}
