import { type ErrorCode, RelayError } from '../shared/errors.ts';
import { Retry } from '../subscriber/retry.ts';

/** Other transient errors come from requests that have retried on their own. */
const retriedCodes = new Set<ErrorCode>([
  'history.broken',
  'bigquery.query',
  'bigquery.commit',
  'bigquery.row-count',
]);
const retryPolicy = { maxTries: 7 };

export interface RetryOptions {
  /** Called after each failed try. */
  undo?: () => void;
  signal?: AbortSignal | undefined;
}

/**
 * Repeats a part of the work after a transient failure. The work must be such that a repetition doubles nothing.
 *
 * @throws the error of the last try, or the signal's reason
 */
export async function retryWork<Result>(
  work: () => Promise<Result>,
  { undo, signal }: RetryOptions,
): Promise<Result> {
  for (const retry = new Retry(retryPolicy, signal); ; ) {
    try {
      return await work();
    } catch (error) {
      undo?.();
      signal?.throwIfAborted();
      const isRetried = error instanceof RelayError && retriedCodes.has(error.code);
      if (!isRetried || !(await retry.next('throttled'))) throw error;
    }
  }
}
