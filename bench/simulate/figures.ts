/** What an event costs, as `npm run bench` measured it on a quiet machine with two cores of an AMD EPYC, 1 KiB bodies. */
export const measured = {
  readOn: '2026-11',
  /** CPU of the edge for a published delivery. */
  edgeUs: 150,
  /** CPU of the subscriber. */
  subscriberUs: 39,
  /** More CPU for each further KiB of a body. */
  edgeUsPerKib: 5,
  subscriberUsPerKib: 20,
  /** The greatest resident set of a replica, with any backlog. */
  replicaMb: 300,
} as const;

/** Of what is there, so much is planned with: the rest takes peaks. */
export const plannedShare = 0.7;

/** How the subscriber is made. */
export const replica = {
  /** StreamingPull streams. */
  streams: 4,
  /** Appends wait on a connection until so many bytes are unanswered; then another one is opened. */
  connectionsPerTable: 10,
  inFlightMessages: 10_000,
  inFlightMb: 32,
} as const;

export interface Quota {
  name: string;
  /** MB/s, or a count. */
  limit: number;
  unit: 'MB/s' | '';
  source: string;
}

/** Defaults; most can be raised by a request to Google. */
export const quotas = {
  publishSmall: {
    name: 'Pub/Sub, published, a small region',
    limit: 50,
    unit: 'MB/s',
    source: 'https://cloud.google.com/pubsub/quotas',
  },
  publishLarge: {
    name: 'Pub/Sub, published, a large region',
    limit: 200,
    unit: 'MB/s',
    source: 'https://cloud.google.com/pubsub/quotas',
  },
  stream: {
    name: 'Pub/Sub, one StreamingPull',
    limit: 10,
    unit: 'MB/s',
    source: 'https://cloud.google.com/pubsub/quotas',
  },
  connection: {
    name: 'Storage Write, one connection',
    limit: 1,
    unit: 'MB/s',
    source: 'https://cloud.google.com/bigquery/docs/write-api-best-practices',
  },
  writeRegion: {
    name: 'Storage Write, a region',
    limit: 300,
    unit: 'MB/s',
    source: 'https://cloud.google.com/bigquery/quotas',
  },
  writeMulti: {
    name: 'Storage Write, EU or US',
    limit: 3000,
    unit: 'MB/s',
    source: 'https://cloud.google.com/bigquery/quotas',
  },
  connectionsRegion: {
    name: 'Storage Write, connections, a region',
    limit: 1000,
    unit: '',
    source: 'https://cloud.google.com/bigquery/quotas',
  },
} as const satisfies Record<string, Quota>;
