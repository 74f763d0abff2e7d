import { RelayError } from '../../shared/errors.ts';
import type { WriteFailure } from '../../subscriber/bigquery/append/verdict.ts';

/** How long a failure is tried again; from then on it is the caller's. */
export interface Patience {
  /** While BigQuery is away or busy. */
  ms: number;
  /** While it refuses the table, as it may a new one for a minute. */
  setupMs: number;
  random: () => number;
}

export const defaultPatience: Patience = { ms: 300_000, setupMs: 75_000, random: Math.random };

/** Why a table takes no rows: BigQuery refuses them, or was away for as long as it was asked. */
export function writeError(
  step: 'bigquery.append' | 'bigquery.stream',
  table: string,
  { reaction, message }: Pick<WriteFailure, 'reaction' | 'message'>,
): RelayError {
  const name = table.replace(/^projects\/(.+)\/datasets\/(.+)\/tables\/(.+)$/, '$1.$2.$3');
  const isRefused = reaction === 'setup' || reaction === 'invalid';
  const code = isRefused ? 'bigquery.refused' : step;
  return new RelayError(code, `the table ${name} takes no rows: ${message}`);
}
