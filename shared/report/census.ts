import type { TableLayout } from '../columns.ts';
import type { Relay } from '../config/config.ts';

/** A count of events that the edge acknowledged and did not relay. It holds no payloads. */
export interface CensusCount {
  stream: string;
  /** Absent where the events have no name, or where there were too many names at once. */
  event?: string;
  /** `event-filter`, or `ignored` for a delivery of a kind that the stream does not take. */
  cause: string;
  dropped: number;
  /** Unix milliseconds, by the edge's clock. */
  firstAt: number;
  lastAt: number;
}

/** `dataset.table`, in the dataset of the dead letters. */
export function censusTable(relay: Relay): string {
  return `${relay.deadLetters.split('.')[0]}.census`;
}

export const censusLayout: TableLayout = {
  columns: [
    { name: 'stream', type: 'STRING' },
    { name: 'event_name', type: 'STRING', description: 'NULL: unnamed, or one of too many names' },
    { name: 'cause', type: 'STRING', description: 'event-filter or ignored' },
    { name: 'dropped', type: 'INT64', description: 'Sum it: there are many rows for each name' },
    { name: 'first_at', type: 'TIMESTAMP' },
    { name: 'last_at', type: 'TIMESTAMP' },
    { name: 'census_id', type: 'STRING', description: 'Of the report that the count came in' },
  ],
  partitionBy: { column: 'last_at', by: 'DAY' },
  clusterBy: ['stream'],
  description:
    'Events that were acknowledged and not relayed, counted by the edge; some may be missing',
};
