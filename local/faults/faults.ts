// Faults that tests inject into the local servers: what goes wrong, on which resource, and how often. The
// servers ask for a fault at each point where one can apply. docs/faults.md describes every fault.

import { status } from '@grpc/grpc-js';

/** The name of a gRPC status. */
export type StatusName = Exclude<keyof typeof status, 'OK'>;

/** One fault. FAULTS lists the parameters of each. */
export interface Fault {
  name: FaultName;
  /** Applies only to names that contain this: a table's or subscription's path, a permission, or `POST /upload`. */
  on?: string;
  /** How many matches to skip first. */
  after?: number;
  /** How often it applies. The default is once, unless FAULTS says otherwise. */
  times?: number | 'always';
  ms?: number;
  code?: StatusName;
  /** The HTTP status. */
  status?: number;
  /** The request takes effect in spite of the fault. */
  stored?: boolean;
  /** The error comes in a response, and the stream continues. */
  inBand?: boolean;
  /** Applies to rows whose bytes contain this text. */
  contains?: string;
  /** With false the response names no row. */
  named?: boolean;
}

type Parameter = Exclude<keyof Fault, 'name'>;

interface FaultKind {
  /** The servers that have the fault. */
  server: 'bigquery' | 'pubsub' | 'both';
  /** Its parameters besides `on`, `after` and `times`. */
  takes: readonly Parameter[];
  /** It applies at once when it is added; then `after` and `times` do not exist. */
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
  'ack.delayed-answer': { server: 'pubsub', takes: ['ms'] },
  'ack.hang': { server: 'pubsub', takes: [] },
  'modack.lost': { server: 'pubsub', takes: [] },
  'modack.status': { server: 'pubsub', takes: ['code'] },
  'stream.status': { server: 'pubsub', takes: ['code'] },
  'stream.silent': { server: 'pubsub', takes: [] },
  'stream.frozen': { server: 'pubsub', takes: [] },
  'deliver.twice': { server: 'pubsub', takes: [] },
  'deliver.out-of-order': { server: 'pubsub', takes: [] },
  'leases.redeliver': { server: 'pubsub', takes: [], atOnce: true },
  'leases.expire': { server: 'pubsub', takes: [], atOnce: true },
  'iam.denied': { server: 'both', takes: [], times: 'always' },
  'streams.reset': { server: 'both', takes: ['code'], atOnce: true },
  'streams.end': { server: 'pubsub', takes: [], atOnce: true },
  'connections.goaway': { server: 'pubsub', takes: [], atOnce: true },
  'connections.cut': { server: 'pubsub', takes: [], atOnce: true },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;

/** A fault, and how often it has applied. */
export interface ScriptedFault extends Fault {
  struck: number;
}

interface Entry {
  readonly fault: Fault;
  left: number;
  toSkip: number;
  struck: number;
}

/** A malformed fault; the message says why. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}

/** The faults of one server. They apply in the order in which they were added. */
export class Faults {
  readonly #entries: Entry[] = [];
  readonly #performers: ((fault: Fault) => void)[] = [];

  constructor(...faults: readonly Fault[]) {
    this.add(...faults);
  }

  /** Throws a FaultError for a malformed fault, and then adds none. */
  add(...faults: readonly Fault[]): void {
    for (const fault of faults) checkFault(fault);
    for (const fault of faults) {
      const kind: FaultKind = FAULTS[fault.name];
      if (kind.atOnce) {
        for (const perform of this.#performers) perform(fault);
        this.#entries.push({ fault, left: 0, toSkip: 0, struck: 1 });
      } else {
        const times = fault.times ?? kind.times ?? 1;
        const left = times === 'always' ? Number.POSITIVE_INFINITY : times;
        this.#entries.push({ fault, left, toSkip: fault.after ?? 0, struck: 0 });
      }
    }
  }

  /** Removes all faults. A call that hangs already still hangs. */
  clear(): void {
    this.#entries.length = 0;
  }

  /** All faults since the last `clear`. */
  list(): ScriptedFault[] {
    return this.#entries.map(({ fault, struck }) => ({ ...fault, struck }));
  }

  /** The next of these faults that applies to `on`. `applies` checks the fault's other parameters. */
  take(
    names: readonly FaultName[],
    on: string,
    applies: (fault: Fault) => boolean = () => true,
  ): Fault | undefined {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (entry.left <= 0 || !names.includes(fault.name)) continue;
      if (!matchesName(fault, on) || !applies(fault)) continue;
      if (entry.toSkip > 0) {
        entry.toSkip--;
        continue;
      }
      entry.left--;
      entry.struck++;
      return fault;
    }
    return undefined;
  }

  /** Registers a handler of faults that apply at once. */
  onPerform(perform: (fault: Fault) => void): void {
    this.#performers.push(perform);
  }
}

export function matchesName(fault: Fault, name: string): boolean {
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

/** Checks everything, because faults can also come as JSON. */
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
