/** A metric as Prometheus, OpenTelemetry and docs/metrics.md have it. */
export interface MetricRow {
  name: string;
  kind: 'counter' | 'gauge' | 'histogram';
  unit: string;
  attributes: readonly string[];
  meaning: string;
  /** Of a histogram: the upper bounds of its buckets. */
  bounds?: readonly number[];
}

/** As the conventions for messaging advise: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/ */
const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** A delivery may be hours late after an outage. */
const freshnessBounds = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800, 7200];
const rowBounds = [1, 5, 10, 50, 100, 500, 1000, 2000, 5000];

const messaging = [
  'messaging.system',
  'messaging.operation.name',
  'messaging.destination.subscription.name',
];

/** All metrics of the subscriber. */
export const metricTable = {
  consumed: {
    name: 'messaging.client.consumed.messages',
    kind: 'counter',
    unit: '{message}',
    attributes: messaging,
    meaning: 'Messages pulled from the subscription, redelivered ones included.',
  },
  process: {
    name: 'messaging.process.duration',
    kind: 'histogram',
    unit: 's',
    attributes: [...messaging, 'error.type'],
    meaning: 'From a message to its ack or nack; a nack has `error.type` "nacked".',
    bounds: durationBounds,
  },
  rowsWritten: {
    name: 'tributary.rows.written',
    kind: 'counter',
    unit: '{row}',
    attributes: ['stream'],
    meaning: 'Rows that BigQuery acknowledged.',
  },
  freshness: {
    name: 'tributary.freshness',
    kind: 'histogram',
    unit: 's',
    attributes: ['stream'],
    meaning:
      'From a delivery at the edge to its rows in the table, by the clocks of both. Replays are left out.',
    bounds: freshnessBounds,
  },
  appendDuration: {
    name: 'tributary.append.duration',
    kind: 'histogram',
    unit: 's',
    attributes: [],
    meaning: 'From an append request to the answer that its rows are written.',
    bounds: durationBounds,
  },
  appendRows: {
    name: 'tributary.append.rows',
    kind: 'histogram',
    unit: '{row}',
    attributes: [],
    meaning: 'Rows in an append request that was written.',
    bounds: rowBounds,
  },
  appendRetries: {
    name: 'tributary.append.retries',
    kind: 'counter',
    unit: '{retry}',
    attributes: ['reaction'],
    meaning:
      'Append requests that are sent again, by the reaction that the failure asks for (docs/errors.md).',
  },
  deadLetters: {
    name: 'tributary.dead_letters',
    kind: 'counter',
    unit: '{message}',
    attributes: ['stream', 'reason'],
    meaning: 'Dead letters stored. The reasons are below.',
  },
  inFlightMessages: {
    name: 'tributary.in_flight.messages',
    kind: 'gauge',
    unit: '{message}',
    attributes: [],
    meaning: 'Messages that are pulled and neither acked nor nacked.',
  },
  inFlightBytes: {
    name: 'tributary.in_flight.bytes',
    kind: 'gauge',
    unit: 'By',
    attributes: [],
    meaning: 'The bytes of these messages.',
  },
  inFlightFullness: {
    name: 'tributary.in_flight.fullness',
    kind: 'gauge',
    unit: '1',
    attributes: [],
    meaning:
      'The share of the in-flight limit that is used, 0 to 1, by messages or bytes, whichever is more. Scale on it.',
  },
  oldestAge: {
    name: 'tributary.oldest.age',
    kind: 'gauge',
    unit: 's',
    attributes: [],
    meaning: 'How long ago the edge received the oldest message in flight; 0 without one.',
  },
  tablesRefused: {
    name: 'tributary.tables.refused',
    kind: 'gauge',
    unit: '{table}',
    attributes: ['stream'],
    meaning: '1 while BigQuery refuses all rows of the table of the stream, else 0.',
  },
  exportBytes: {
    name: 'tributary.exports.bytes',
    kind: 'counter',
    unit: 'By',
    attributes: ['stream'],
    meaning: 'Bytes of export files that were downloaded.',
  },
} satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof metricTable;

/** The classes of reasons of `tributary.dead_letters`. */
export const deadLetterReasons = {
  column: 'a value of a column that must have one does not fit; the message has no row',
  in_part: 'written in part: an optional value does not fit, and is NULL in the row',
  other: 'the body, the export or the row is wrong in another way',
  stream: 'the stream is not in the config of the subscriber',
  envelope: 'the message names no stream: it does not come from the edge',
} as const;

export type DeadLetterReason = keyof typeof deadLetterReasons;
