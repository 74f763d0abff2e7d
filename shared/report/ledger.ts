import type { TableLayout } from '../columns.ts';
import type { Relay, TableName } from '../config/config.ts';

/**
 * Deliveries of one stream, minute and outcome, as one isolate of the edge counted them. Their minute is that of
 * `received_at`, so the clocks of other machines do not matter.
 */
export interface EdgeCount {
  /** Unix minutes. */
  minute: number;
  /** Empty if no stream answers at the path. */
  stream: string;
  /** The edge's outcome: accepted, filtered, unauthorized, … */
  outcome: string;
  /** Why it was refused; `overflow` if overflow keeps what was accepted. */
  cause?: string;
  deliveries: number;
}

/** `dataset.table`, in the dataset of the dead letters. */
export function ledgerTable(relay: Relay): TableName {
  return `${relay.deadLetters.split('.')[0]}.ledger`;
}

/**
 * Counts, never single deliveries. Rows are added up; those with the same `report_id` and the same other columns
 * are one row that was written twice.
 */
export const ledgerLayout: TableLayout = {
  columns: [
    { name: 'minute', type: 'TIMESTAMP', description: 'Of received_at, by the clock of the edge' },
    { name: 'stream', type: 'STRING', description: 'Empty: no stream answers at the path' },
    {
      name: 'side',
      type: 'STRING',
      description:
        'edge, subscriber, or recount: the rows of the tables, counted; it replaces what the subscriber had counted until then',
    },
    {
      name: 'outcome',
      type: 'STRING',
      description:
        'Of the edge: accepted, filtered, unauthorized, …. Of the subscriber: written, written in part, dead letter, duplicate, no row, in flight',
    },
    { name: 'cause', type: 'STRING', description: 'Why the edge refused it; overflow' },
    { name: 'deliveries', type: 'INT64' },
    { name: 'row_count', type: 'INT64', description: 'The rows that these deliveries became' },
    {
      name: 'freshness',
      type: 'INT64',
      mode: 'REPEATED',
      description: 'From received_at until the append was answered: deliveries by bucket',
    },
    {
      name: 'delivery_ids',
      type: 'STRING',
      mode: 'REPEATED',
      description:
        'Of deliveries that leave no lasting trace in a table: duplicates, those without a row, and those of tables with a key',
    },
    { name: 'reporter', type: 'STRING', description: 'The isolate or the replica' },
    { name: 'report_id', type: 'STRING' },
    { name: 'reported_at', type: 'TIMESTAMP' },
  ],
  partitionBy: { column: 'minute', by: 'DAY' },
  clusterBy: ['stream'],
  description: 'Deliveries by stream and minute: what the edge accepted, and what became of it',
};

const bucketsPerDoubling = 2;
const freshnessBuckets = 46;

/**
 * The upper bounds of the buckets of `freshness`, in milliseconds: from 1 ms to 1.2 h, each √2 times the one before.
 * The last bucket has no bound. Stored counts depend on them.
 */
export const freshnessBounds: readonly number[] = Array.from(
  { length: freshnessBuckets - 1 },
  (_, bucket) => 2 ** (bucket / bucketsPerDoubling),
);

/** The bucket of a freshness. The clocks of edge and subscriber may differ: below 0 is 0. */
export function freshnessBucket(ms: number): number {
  if (ms <= 1) return 0;
  return Math.min(freshnessBuckets - 1, Math.ceil(Math.log2(ms) * bucketsPerDoubling));
}

/** What became of a delivery in the subscriber. */
export const settledOutcomes = [
  'written',
  'written in part',
  'dead letter',
  'duplicate',
  'no row',
] as const;

export type SettledOutcome = (typeof settledOutcomes)[number];

/** The outcome of the rows that say how many deliveries a replica has pulled and not settled. */
export const inFlightOutcome = 'in flight';
