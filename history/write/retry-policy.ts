import { RelayError } from '../../shared/error.ts';
import type { WriteFailure } from '../../subscriber/bigquery/append/classify-reply.ts';

/** How long a failure is tried again; from then on it is the caller's. */
export interface Patience {
  /** While BigQuery is away or busy. */
  ms: number;
  /** While it refuses the table, as it may a new one for a minute. */
  setupMs: number;
  random: () => number;
}

export const defaultPatience: Patience = { ms: 300_000, setupMs: 75_000, random: Math.random };

/** Why no rows get into a table, and what to look at. */
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
