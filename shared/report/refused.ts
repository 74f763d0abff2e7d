import type { TableLayout } from '../columns.ts';
import type { Relay, TableName } from '../config/config.ts';

/** A delivery that the edge refused, with what helps to find out why. It holds no secret and no signature. */
export interface RefusedDelivery {
  /** Empty if no stream answers at the path. */
  stream: string;
  /** Unix milliseconds. */
  at: number;
  /** Absent if the request reached no endpoint. */
  deliveryId?: string;
  outcome: string;
  cause?: string;
  method: string;
  /** Masked after its first segment: the second may be a key. */
  path: string;
  /** Values only of headers that cannot hold a secret; of the others, what they look like: `(64 hex digits)`. */
  headers: Record<string, string>;
  bytes?: number;
  /** The beginning of the body in base64, if the config allows it. */
  body?: string;
  /** The likely mistake, in words. */
  hint?: string;
}

/** `dataset.table`, in the dataset of the dead letters. */
export function refusedTable(relay: Relay): TableName {
  return `${relay.deadLetters.split('.')[0]}.refused`;
}

/** Partitions are deleted after a day. */
export const refusedLayout: TableLayout = {
  columns: [
    { name: 'at', type: 'TIMESTAMP', description: 'By the clock of the edge' },
    { name: 'stream', type: 'STRING', description: 'Empty: no stream answers at the path' },
    { name: 'delivery_id', type: 'STRING' },
    { name: 'outcome', type: 'STRING' },
    { name: 'cause', type: 'STRING' },
    { name: 'hint', type: 'STRING', description: 'The likely mistake' },
    { name: 'method', type: 'STRING' },
    { name: 'path', type: 'STRING', description: 'Masked after its first segment' },
    { name: 'headers', type: 'JSON', description: 'Masked: no secret, no signature' },
    { name: 'body_bytes', type: 'INT64' },
    { name: 'body', type: 'BYTES', description: 'Its beginning, if the config allows it' },
    { name: 'report_id', type: 'STRING' },
  ],
  partitionBy: { column: 'at', by: 'HOUR' },
  expiresAfterDays: 1,
  clusterBy: ['stream', 'cause'],
  description: 'Deliveries that the edge refused, the last of each stream and cause, for a day',
};
