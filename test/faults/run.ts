import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Comparison } from './check/compare.ts';
import { Differences } from './check/differences.ts';
import type { StreamFigures } from './check/figures.ts';
import { readOutside } from './check/outside.ts';
import { compareLedger, type LedgerFigures } from './check/product-ledger.ts';
import { waitForRest } from './check/rest.ts';
import { Tables } from './check/tables.ts';
import { System } from './parts/system.ts';
import { makeProject } from './relay-under-test.ts';
import { faultCases } from './schedule/fault-cases.ts';
import { struckName } from './schedule/fault-script.ts';
import { Performer } from './schedule/perform.ts';
import type { Schedule } from './schedule/schedule.ts';

export interface RunOptions {
  seed: number;
  schedule: Schedule;
  replicas: number;
  senders: number;
  perSecond: number;
  atOnce: number;
  exportEveryMs?: number;
  /** The source of the product; this repository by default. */
  root?: string;
  /** How long it may take after the healing until all is at rest. */
  restWithinMs?: number;
  /** Whether the relay is stopped and started again after the healing; by default it is. */
  restarts?: boolean;
  /** If nothing changes for so long although something is missing, it will not come. */
  quietMs?: number;
  signal?: AbortSignal;
  say?: (line: string) => void;
}

export interface RunResult {
  machine: string;
  seed: number;
  seconds: number;
  deliveries: number;
  tries: number;
  /** How often each status was answered; 0 is no answer. */
  answers: Record<string, number>;
  /** What was done to processes. */
  actions: Record<string, number>;
  /** How often each scripted fault struck. */
  faults: Record<string, number>;
  /** Parts that ended by themselves, and were started again. */
  endedAlone: Record<string, number>;
  streams: StreamFigures[];
  ledger: LedgerFigures[];
  differences: Record<string, { count: number; examples: string[] }>;
  /** Of a run with differences: what it left. */
  directory?: string;
}

const ownRoot = fileURLToPath(new URL('../..', import.meta.url));
const finishWithinMs = 120_000;

/** Starts a relay, lets a schedule loose on it while senders send, heals it, and compares. */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { seed, schedule, replicas, signal = new AbortController().signal } = options;
  const directory = await mkdtemp(join(tmpdir(), 'tributary-faults-'));
  const root = options.root ?? ownRoot;
  const say = options.say ?? (() => {});
  const startedAt = Date.now();
  const endedAlone = new Map<string, number>();
  const project = await makeProject(directory, root);
  const system = new System({
    ...{ directory, root, project, replicas },
    senders: {
      ...{ seed, count: options.senders, perSecond: options.perSecond, atOnce: options.atOnce },
      ...(options.exportEveryMs !== undefined && { exportEveryMs: options.exportEveryMs }),
    },
    onExit: (name) => endedAlone.set(name, (endedAlone.get(name) ?? 0) + 1),
  });
  const performer = new Performer(system, signal);
  // Whatever is waited for then ends.
  signal.addEventListener('abort', () => void system.killAll(), { once: true });
  const differences = new Differences();
  const progress = setInterval(() => {
    const { acknowledged, underWay } = system.counts;
    say(
      `${Math.round((Date.now() - startedAt) / 1000)} s: ${acknowledged} acknowledged, ${underWay} under way`,
    );
  }, 10_000);
  let isKept = true;
  try {
    say('starting');
    await system.start();
    signal.throwIfAborted();
    say('the relay is ready');
    await system.startSenders();
    await performer.run(schedule);
    signal.throwIfAborted();
    say('healed; the senders finish');
    await Promise.all(system.all.map((part) => part.whenReady()));
    if (!(await system.finishSenders(finishWithinMs))) {
      differences.add('never acknowledged', `${system.counts.underWay} deliveries`);
    }
    performer.edgeEnds.push(Date.now());
    performer.subscriberEnds.push(Date.now());
    if (options.restarts ?? true) {
      say('the relay is started again');
      await system.stop();
      await system.startRest();
    } else {
      // What a subscriber had that was killed comes again now, and not when its leases are over.
      await performer.scripts.pubsub.add([{ name: 'leases.expire' }]);
      await performer.scripts.pubsub.clear();
    }
    const outside = await readOutside(system.ledgers);
    const tables = () => new Tables(project.relay.project, system.ports.bigquery);
    const left = await waitForRest(system, tables, outside, {
      ...{ directory, signal },
      withinMs: options.restWithinMs ?? 300_000,
      quietMs: options.quietMs ?? 45_000,
    });
    if (left > 0) differences.add('not at rest', `${left} messages are left in Pub/Sub`);
    say('comparing');
    const comparison = new Comparison(seed, outside, tables(), differences);
    const streams = await comparison.run();
    const source = { relay: project.relay, port: system.ports.bigquery };
    const ledger = await compareLedger(source, outside, comparison.ids, {
      startedAt,
      ...{ edgeEnds: performer.edgeEnds, subscriberEnds: performer.subscriberEnds },
      differences,
    });
    for (const part of system.all) {
      if (part.stopsByForce > 0) differences.add('a part did not stop', part.name);
    }
    isKept = differences.total > 0;
    return {
      machine: describeMachine(),
      seed,
      seconds: Math.round((Date.now() - startedAt) / 1000),
      deliveries: outside.deliveries,
      tries: outside.tries,
      answers: Object.fromEntries([...outside.answers].map(([status, n]) => [String(status), n])),
      actions: Object.fromEntries(performer.done),
      faults: struckOf(performer),
      endedAlone: Object.fromEntries(endedAlone),
      ...{ streams, ledger },
      differences: Object.fromEntries(
        [...differences.counts].map(([kind, count]) => [
          kind,
          { count, examples: differences.examples.get(kind) ?? [] },
        ]),
      ),
      ...(isKept && { directory }),
    };
  } finally {
    clearInterval(progress);
    await system.killAll();
    // Something may still be written by what was just killed.
    await sleep(50);
    if (!isKept || signal.aborted) await rm(directory, { recursive: true, force: true });
    else say(`kept: ${directory}`);
  }
}

function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpu?.model.trim()}, ${cpus().length} cores, ${memory} GiB, ${platform()} ${release()}, Node ${process.version}`;
}

function struckOf({ scripts }: Performer): Record<string, number> {
  const never = faultCases.map(({ name, server }) => [struckName(name, server), 0]);
  const struck = Object.values(scripts).flatMap((script) => [...script.struck]);
  return Object.fromEntries([...never, ...struck]);
}
