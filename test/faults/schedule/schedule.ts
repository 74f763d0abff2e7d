import { type Random, seededRandom } from '../../../local/absmartly/sample-export.ts';
import { type FaultCase, faultCases, makeFault } from './fault-cases.ts';

export type Action =
  | { kind: 'SIGKILL' | 'SIGTERM'; part: string; awayMs: number }
  | { kind: 'SIGSTOP'; part: string; ms: number }
  | { kind: 'faults'; fault: FaultCase }
  | { kind: 'outage'; what: Outage }
  /** Until so many more deliveries are acknowledged. */
  | { kind: 'calm'; deliveries: number };

/**
 * What shows a bug for sure. `written`: BigQuery stands still while deliveries are acknowledged, they are delivered
 * again, and every subscriber is killed: what was acked without a row, or without a dead letter, is lost.
 * `published`: Pub/Sub refuses everything for a while: what is acknowledged meanwhile is lost.
 */
export type Outage = 'written' | 'published';

/** An action, and the pause before it. */
export interface Planned {
  afterMs: number;
  action: Action;
}

/** What happens at the same time: processes are signalled, and faults are scripted. */
export interface Schedule {
  processes: readonly Planned[];
  faults: readonly Planned[];
  /** What has not begun by then is left out: a loaded machine takes longer for each action. */
  withinMs?: number;
}

export interface ScheduleOptions {
  seed: number;
  minutes: number;
  replicas: number;
  senders: number;
}

/** The mean pause before an action on a process: an edge that was killed takes some seconds to start. */
const betweenProcessesMs = 4000;
const betweenFaultsMs = 1800;

/** The same options always give the same schedule. Every kind of action comes once, in any order, then again. */
export function makeSchedule({ seed, minutes, ...system }: ScheduleOptions): Schedule {
  const random = seededRandom(seed);
  for (let skipped = 0; skipped < 8; skipped++) random();
  const ms = minutes * 60_000;
  return {
    withinMs: ms,
    processes: fill(ms, betweenProcessesMs, random, () => processActions(system, random)),
    faults: fill(ms, betweenFaultsMs, random, () =>
      faultCases.map((one) => ({ kind: 'faults', fault: makeFault(one, random) })),
    ),
  };
}

function fill(ms: number, meanMs: number, random: Random, bag: () => Action[]): Planned[] {
  const planned: Planned[] = [];
  let left = ms;
  let actions: Action[] = [];
  for (;;) {
    const afterMs = Math.round(meanMs * (0.5 + random()));
    left -= afterMs;
    if (left < 0) return planned;
    if (actions.length === 0) actions = shuffled(bag(), random);
    const action = actions.pop();
    if (action) planned.push({ afterMs, action });
  }
}

function processActions(
  { replicas, senders }: Omit<ScheduleOptions, 'seed' | 'minutes'>,
  random: Random,
): Action[] {
  const numbered = (name: string, count: number) =>
    Array.from({ length: count }, (_, n) => `${name}-${n + 1}`);
  const subscribers = numbered('subscriber', replicas);
  // Of the senders one: a sender is no part of the relay.
  const sender = numbered('sender', senders)[Math.floor(random() * senders)] ?? 'sender-1';
  const parts = ['edge', 'workerd', 'pubsub', 'bigquery', 'absmartly', sender, ...subscribers];
  const away = () => Math.round(random() * 1200);
  return [
    ...parts.map((part): Action => ({ kind: 'SIGKILL', part, awayMs: away() })),
    ...parts
      .filter((part) => part !== sender)
      .map((part): Action => ({ kind: 'SIGTERM', part, awayMs: away() })),
    ...parts.map((part): Action => {
      return { kind: 'SIGSTOP', part, ms: 200 + Math.round(random() ** 2 * 4000) };
    }),
    // Both at once: nobody is left who has the messages.
    { kind: 'outage', what: 'written' },
    { kind: 'outage', what: 'published' },
  ];
}

function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** A few actions for a test: what shows a planted bug, once or twice, after some deliveries. */
export function scheduleOf(...more: readonly Action[]): Schedule {
  const actions: Action[] = [{ kind: 'calm', deliveries: 200 }, ...more];
  return { processes: actions.map((action) => ({ afterMs: 500, action })), faults: [] };
}
