// Google's bad days, scripted into the local servers: what shall go wrong, on what, how often. The
// servers ask for a fault at the points where it would strike; docs/faults.md says how to write one.

import { status } from '@grpc/grpc-js';

/** A status of gRPC by its name. */
export type StatusName = Exclude<keyof typeof status, 'OK'>;

/** One thing that shall go wrong. Which parameters a fault takes stands in FAULTS. */
export interface Fault {
  name: FaultName;
  /** Strikes only what has this in its name: a table's or a subscription's path, or `POST /upload`. */
  on?: string;
  /** Lets as many go by first. */
  after?: number;
  /** How often it strikes; once, where FAULTS says nothing else. */
  times?: number | 'always';
  ms?: number;
  code?: StatusName;
  /** The HTTP status. */
  status?: number;
  /** What was sent takes effect all the same. */
  stored?: boolean;
  /** The error comes in a response, and the stream goes on. */
  inBand?: boolean;
  /** Strikes what has this text in its bytes. */
  contains?: string;
  /** False: no row of the request is named. */
  named?: boolean;
}

type Parameter = Exclude<keyof Fault, 'name'>;

interface FaultKind {
  /** Whose it is. */
  server: 'bigquery' | 'pubsub' | 'both';
  /** Besides `on`, and `after` and `times` where it waits for what it strikes. */
  takes: readonly Parameter[];
  /** It strikes when it is scripted, not when something comes that it waits for. */
  atOnce?: true;
  times?: 'always';
}

export const FAULTS = {
  'append.lost-ack': { server: 'bigquery', takes: [] },
  'append.delayed-ack': { server: 'bigquery', takes: ['ms'] },
  'append.status': { server: 'bigquery', takes: ['code', 'inBand', 'stored'] },
  'append.stream-end': { server: 'bigquery', takes: ['stored'] },
  'append.frozen': { server: 'bigquery', takes: ['stored'] },
  'append.idle-close': { server: 'bigquery', takes: ['ms'] },
  'append.new-table': { server: 'bigquery', takes: ['ms', 'code'], times: 'always' },
  'append.updated-schema': { server: 'bigquery', takes: [] },
  'append.extra-fields': { server: 'bigquery', takes: [] },
  'append.bad-row': { server: 'bigquery', takes: ['contains', 'named'], times: 'always' },
  'rest.status': { server: 'bigquery', takes: ['status'] },
  'rest.lost-answer': { server: 'bigquery', takes: [] },
  'rest.delay': { server: 'bigquery', takes: ['ms'] },
  'rest.hang': { server: 'bigquery', takes: [] },
  'publish.status': { server: 'pubsub', takes: ['code'] },
  'publish.hang': { server: 'pubsub', takes: [] },
  'publish.delay': { server: 'pubsub', takes: ['ms'] },
  'publish.lost-ack': { server: 'pubsub', takes: [] },
  'ack.lost': { server: 'pubsub', takes: [] },
  'ack.lost-answer': { server: 'pubsub', takes: [] },
  'ack.status': { server: 'pubsub', takes: ['code'] },
  'deliver.twice': { server: 'pubsub', takes: [] },
  'deliver.out-of-order': { server: 'pubsub', takes: [] },
  'leases.redeliver': { server: 'pubsub', takes: [], atOnce: true },
  'leases.expire': { server: 'pubsub', takes: [], atOnce: true },
  'streams.reset': { server: 'both', takes: ['code'], atOnce: true },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;

/** A fault with what has become of it. */
export interface ScriptedFault extends Fault {
  struck: number;
}

interface Entry {
  readonly fault: Fault;
  left: number;
  toPass: number;
  struck: number;
}

/** A fault that cannot be: its message says why. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}

/** What shall go wrong in one server; first scripted, first struck. */
export class Faults {
  readonly #entries: Entry[] = [];
  readonly #performers: ((fault: Fault) => void)[] = [];

  constructor(...faults: readonly Fault[]) {
    this.add(...faults);
  }

  /** Throws a FaultError for one that is malformed, and then adds none. */
  add(...faults: readonly Fault[]): void {
    for (const fault of faults) checkFault(fault);
    for (const fault of faults) {
      const kind: FaultKind = FAULTS[fault.name];
      if (kind.atOnce) {
        for (const perform of this.#performers) perform(fault);
        this.#entries.push({ fault, left: 0, toPass: 0, struck: 1 });
      } else {
        const times = fault.times ?? kind.times ?? 1;
        const left = times === 'always' ? Number.POSITIVE_INFINITY : times;
        this.#entries.push({ fault, left, toPass: fault.after ?? 0, struck: 0 });
      }
    }
  }

  /** Forgets what has not struck yet. A call that hangs hangs on. */
  clear(): void {
    this.#entries.length = 0;
  }

  /** Every fault since the last `clear`, with how often it has struck. */
  list(): ScriptedFault[] {
    return this.#entries.map(({ fault, struck }) => ({ ...fault, struck }));
  }

  /** The first of these faults that strikes here; `applies` looks at its own parameters. */
  take(
    names: readonly FaultName[],
    on: string,
    applies: (fault: Fault) => boolean = () => true,
  ): Fault | undefined {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (entry.left <= 0 || !names.includes(fault.name)) continue;
      if (!strikesOn(fault, on) || !applies(fault)) continue;
      if (entry.toPass > 0) {
        entry.toPass--;
        continue;
      }
      entry.left--;
      entry.struck++;
      return fault;
    }
    return undefined;
  }

  /** `perform` is called for each fault that strikes at once. */
  onPerform(perform: (fault: Fault) => void): void {
    this.#performers.push(perform);
  }
}

export function strikesOn(fault: Fault, name: string): boolean {
  return fault.on === undefined || name.includes(fault.on);
}

const CHECKS: Record<Parameter, (value: unknown) => boolean> = {
  on: (value) => typeof value === 'string',
  after: isCount,
  times: (value) => value === 'always' || isCount(value),
  ms: isCount,
  code: (value) => typeof value === 'string' && value !== 'OK' && Object.hasOwn(status, value),
  status: (value) => isCount(value) && Number(value) >= 400 && Number(value) < 600,
  stored: (value) => typeof value === 'boolean',
  inBand: (value) => typeof value === 'boolean',
  contains: (value) => typeof value === 'string' && value !== '',
  named: (value) => typeof value === 'boolean',
};

/** Faults come as JSON too, so that nothing is taken on trust. */
function checkFault(fault: Fault): void {
  const { name, ...parameters } = fault;
  if (!Object.hasOwn(FAULTS, name)) throw new FaultError(`there is no fault ${name}`);
  const kind: FaultKind = FAULTS[name];
  const known: Parameter[] = [...kind.takes, 'on', ...(kind.atOnce ? [] : WAITING)];
  for (const [key, value] of Object.entries(parameters)) {
    const parameter = known.find((each) => each === key);
    if (!parameter) throw new FaultError(`${name} takes no ${key}`);
    if (!CHECKS[parameter](value)) {
      throw new FaultError(`${name}: ${key} cannot be ${JSON.stringify(value)}`);
    }
  }
  if (name === 'append.bad-row' && fault.contains === undefined) {
    throw new FaultError('append.bad-row needs contains: the text of the rows that are bad');
  }
}

const WAITING = ['after', 'times'] as const satisfies readonly Parameter[];

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
