import type { protos } from '@google-cloud/bigquery-storage';
import { RelayError } from '../../shared/error.ts';
import type { WriteFailure } from '../../subscriber/bigquery/append/verdict.ts';
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

/** Why a table accepts no rows, and what to check. */
export function writeError(
  code: 'bigquery.append' | 'bigquery.stream',
  table: string,
  { reaction, message }: Pick<WriteFailure, 'reaction' | 'message'>,
): RelayError {
  const name = table.replace(/^projects\/(.+)\/datasets\/(.+)\/tables\/(.+)$/, '$1.$2.$3');
  const advice =
    reaction === 'setup'
      ? '; the account needs the role BigQuery Data Editor on the dataset, and the table the columns of the stream'
      : '; run it again to go on';
  return new RelayError(code, reaction, `the table ${name} takes no rows: ${message}${advice}`);
}
