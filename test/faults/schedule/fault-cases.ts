import type { Random } from '../../../local/absmartly/sample-export.ts';
import type { Fault, FaultName } from '../../../local/faults/faults.ts';
import { poison } from '../senders/deliveries.ts';

export type FaultServer = 'bigquery' | 'pubsub';

export interface FaultCase {
  server: FaultServer;
  faults: readonly Fault[];
  /** How long it stays at most: until all have struck, or for this time if one strikes always. */
  ms: number;
}

type Case = (random: Random) => Fault | readonly Fault[];

const upTo = (random: Random, ms: number) => Math.round(ms * (0.2 + 0.8 * random()));
const oneOf = <Item>(random: Random, items: readonly Item[]): Item =>
  items[Math.floor(random() * items.length)] as Item;

const aFew = (random: Random) => 1 + Math.floor(random() * 3);
const transient = [
  'UNAVAILABLE',
  'ABORTED',
  'INTERNAL',
  'RESOURCE_EXHAUSTED',
  'CANCELLED',
] as const;

/** Of the tables; what strikes always strikes one of them alone. */
const appends: Partial<Record<FaultName, Case>> = {
  'append.lost-ack': (random) => ({ name: 'append.lost-ack', times: aFew(random) }),
  'append.delayed-ack': (random) => ({ name: 'append.delayed-ack', ms: upTo(random, 1500) }),
  'append.status': (random) => ({
    ...{ name: 'append.status', code: oneOf(random, transient), times: aFew(random) },
    ...{ inBand: random() < 0.5, stored: random() < 0.5 },
  }),
  'append.stream-end': (random) => ({ name: 'append.stream-end', stored: random() < 0.5 }),
  'append.frozen': (random) => ({ name: 'append.frozen', stored: random() < 0.5 }),
  'append.idle-close': (random) => ({ name: 'append.idle-close', ms: upTo(random, 100) }),
  'append.new-table': () => ({ name: 'append.new-table', on: 'tables/forms', ms: 1e9 }),
  'append.updated-schema': (random) => ({ name: 'append.updated-schema', times: aFew(random) }),
  'append.extra-fields': () => ({ name: 'append.extra-fields', on: 'tables/typed' }),
  'append.bad-row': (random) => ({
    ...{ name: 'append.bad-row', on: 'tables/raw', contains: poison, named: random() < 0.5 },
  }),
};

const rests: Partial<Record<FaultName, Case>> = {
  'rest.status': (random) => ({ name: 'rest.status', status: oneOf(random, [500, 502, 503, 429]) }),
  'rest.lost-answer': () => ({ name: 'rest.lost-answer' }),
  'rest.delay': (random) => ({ name: 'rest.delay', ms: upTo(random, 2000) }),
  'rest.hang': () => ({ name: 'rest.hang', on: 'POST /upload' }),
};

const publishes: Partial<Record<FaultName, Case>> = {
  'publish.status': (random) => ({
    ...{ name: 'publish.status', code: oneOf(random, transient), times: aFew(random) * 5 },
  }),
  'publish.hang': (random) => ({ name: 'publish.hang', times: aFew(random) }),
  'publish.delay': (random) => ({ name: 'publish.delay', ms: upTo(random, 3000), times: 3 }),
  'publish.lost-ack': (random) => ({ name: 'publish.lost-ack', times: aFew(random) * 2 }),
};

const opened = { name: 'streams.end' } as const;

/** What strikes a stream when it is opened needs one that is opened again. */
const pulls: Partial<Record<FaultName, Case>> = {
  'ack.lost': (random) => ({ name: 'ack.lost', times: aFew(random) }),
  'ack.lost-answer': (random) => ({ name: 'ack.lost-answer', times: aFew(random) }),
  'ack.status': (random) => ({
    ...{ name: 'ack.status', code: oneOf(random, transient), times: aFew(random) },
  }),
  'ack.delayed-answer': (random) => ({ name: 'ack.delayed-answer', ms: upTo(random, 1500) }),
  'ack.hang': () => ({ name: 'ack.hang' }),
  'stream.status': (random) => [
    { name: 'stream.status', code: oneOf(random, transient), times: aFew(random) },
    opened,
  ],
  'stream.silent': () => [{ name: 'stream.silent' }, opened],
  'stream.frozen': () => [{ name: 'stream.frozen' }, opened],
  'deliver.twice': (random) => ({ name: 'deliver.twice', times: aFew(random) }),
  'deliver.out-of-order': (random) => ({ name: 'deliver.out-of-order', times: aFew(random) }),
  'leases.redeliver': () => ({ name: 'leases.redeliver' }),
  'leases.expire': () => ({ name: 'leases.expire' }),
  'streams.end': () => ({ name: 'streams.end' }),
  'connections.goaway': () => ({ name: 'connections.goaway' }),
  'connections.cut': () => ({ name: 'connections.cut' }),
};

/** Only leases of some age are extended, and messages nacked when a subscriber stops: it takes longer until one strikes. */
const extensions: Partial<Record<FaultName, Case>> = {
  'modack.lost': (random) => ({ name: 'modack.lost', times: aFew(random) }),
  'modack.status': (random) => ({ name: 'modack.status', code: oneOf(random, transient) }),
};

const reset: Case = (random) => ({ name: 'streams.reset', code: oneOf(random, transient) });

const permissions = ['pubsub.topics.publish', 'pubsub.subscriptions.consume'];

interface NamedCase {
  name: FaultName;
  server: FaultServer;
  make: Case;
  ms: number;
}

function casesOf(server: FaultServer, made: Partial<Record<FaultName, Case>>, ms: number) {
  return Object.entries(made).map(([name, make]) => ({
    ...{ name: name as FaultName, server, make, ms },
  }));
}

/** Every fault that the local servers have; those of both servers twice. */
export const faultCases: readonly NamedCase[] = [
  ...casesOf('bigquery', appends, 2500),
  // Few requests: exports, and subscribers that start.
  ...casesOf('bigquery', rests, 12_000),
  ...casesOf('pubsub', publishes, 3000),
  ...casesOf('pubsub', pulls, 3000),
  ...casesOf('pubsub', extensions, 12_000),
  { name: 'streams.reset', server: 'bigquery', make: reset, ms: 1000 },
  { name: 'streams.reset', server: 'pubsub', make: reset, ms: 1000 },
  {
    ...{ name: 'iam.denied', server: 'bigquery', ms: 1500 },
    make: () => ({ name: 'iam.denied', on: 'tables/lists' }),
  },
  {
    ...{ name: 'iam.denied', server: 'pubsub', ms: 1500 },
    make: (random) => ({ name: 'iam.denied', on: oneOf(random, permissions) }),
  },
];

export function makeFault({ server, make, ms }: NamedCase, random: Random): FaultCase {
  const made = make(random);
  return { server, ms, faults: Array.isArray(made) ? made : [made as Fault] };
}
