import { protos } from '@google-cloud/bigquery-storage';
import { RelayError } from '../../shared/errors.ts';
import { classifyReply } from '../../subscriber/bigquery/append/classify-reply.ts';
import type { WriteClient } from '../../subscriber/bigquery/client.ts';
import { Retry, type RetryPolicy } from '../../subscriber/retry.ts';
import { writeError } from './row-write.ts';

const { StorageErrorCode } = protos.google.cloud.bigquery.storage.v1.StorageError;

/**
 * Creates a PENDING stream. Its rows are invisible until it is committed.
 *
 * @param table `projects/…/datasets/…/tables/…`
 * @param signal stops it; BigQuery may still create the stream, which is then never used
 * @returns the stream's name
 * @throws RelayError `bigquery.stream`, `bigquery.refused`
 */
export async function createStream(
  client: WriteClient,
  table: string,
  retryPolicy: RetryPolicy,
  signal: AbortSignal,
): Promise<string> {
  const create = () =>
    client.createWriteStream({ parent: table, writeStream: { type: 'PENDING' } }, noRetries);
  const [{ name }] = await withRetry(table, retryPolicy, create, signal);
  if (!name) throw new RelayError('bigquery.stream', 'a stream without a name');
  return name;
}

/**
 * Closes the stream for further rows.
 *
 * @returns its row count
 * @throws RelayError `bigquery.stream`, `bigquery.refused`
 */
export async function finalizeStream(
  client: WriteClient,
  table: string,
  name: string,
  retryPolicy: RetryPolicy,
): Promise<number> {
  const [{ rowCount }] = await withRetry(table, retryPolicy, () =>
    client.finalizeWriteStream({ name }, noRetries),
  );
  return Number(rowCount ?? 0);
}

/**
 * Makes the rows of a finalized stream visible, all at once.
 *
 * @throws RelayError `bigquery.stream`, `bigquery.refused` if nothing was committed; `bigquery.commit` with BigQuery's reason
 */
export async function commitStream(
  client: WriteClient,
  table: string,
  name: string,
  retryPolicy: RetryPolicy,
): Promise<void> {
  const [{ streamErrors }] = await withRetry(table, retryPolicy, () =>
    client.batchCommitWriteStreams({ parent: table, writeStreams: [name] }, noRetries),
  );
  // An earlier try may have committed it, and its response was lost.
  const errors = (streamErrors ?? []).filter(({ code }) => !isCommitted(code));
  if (errors.length === 0) return;
  const reasons = errors.map(({ errorMessage }) => errorMessage).join('; ');
  throw new RelayError('bigquery.commit', `the rows were not committed: ${reasons}`);
}

function isCommitted(code: unknown): boolean {
  const committed = StorageErrorCode.STREAM_ALREADY_COMMITTED;
  return code === committed || code === StorageErrorCode[committed];
}

/** Turns off the package's own retries. */
const noRetries = { retry: null, timeout: 60_000 };

async function withRetry<Result>(
  table: string,
  retryPolicy: RetryPolicy,
  call: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  for (const retry = new Retry(retryPolicy, signal); ; ) {
    try {
      return await call();
    } catch (cause) {
      const { code = 2, message } = cause as Error & { code?: number };
      const verdict = classifyReply({ kind: 'lost', code, message, alone: true }, 0);
      const reaction = verdict.kind === 'failed' ? verdict.failure.reaction : 'invalid';
      if (reaction === 'invalid' || !(await retry.next(reaction))) {
        throw writeError('bigquery.stream', table, { reaction, message });
      }
    }
  }
}
