import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, RelayError } from '../shared/errors.ts';
import { backoffMs } from '../subscriber/bigquery/append/backoff.ts';

/** What a new try may mend. Whatever else is transient has been tried for as long as there is patience. */
const passing = new Set<ErrorCode>([
  'history.broken',
  'bigquery.query',
  'bigquery.commit',
  'bigquery.row-count',
]);
const maxTries = 6;

export interface TryOptions {
  /** Called after each try that failed. */
  undo?: () => void;
  signal?: AbortSignal | undefined;
}

/**
 * Does a part of the work anew where its failure is a passing one. The work must be such that nothing is doubled.
 *
 * @throws what the last try threw, or the signal's reason
 */
export async function tryAgain<Result>(
  work: () => Promise<Result>,
  { undo, signal }: TryOptions,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      undo?.();
      signal?.throwIfAborted();
      const isPassing = error instanceof RelayError && passing.has(error.code);
      if (!isPassing || tries === maxTries) throw error;
    }
    await sleep(backoffMs('throttled', tries, Math.random), undefined, signal && { signal }).catch(
      () => {},
    );
    signal?.throwIfAborted();
  }
}
