import type { Destination } from '../destination.ts';
import type { Scope } from './names.ts';
import type { QueryParameter } from './parameters.ts';

/** The text of a query job, with its parameters. */
export interface Query {
  sql: string;
  scope: Scope;
  parameters: readonly QueryParameter[];
  jobId?: string;
  destination?: Destination;
  /** Ends a SELECT, however long it would run. */
  signal?: AbortSignal;
}
