import { setTimeout as sleep } from 'node:timers/promises';
import type { System } from '../parts/system.ts';
import type { FaultCase, FaultServer } from './fault-cases.ts';
import { FaultScript } from './fault-script.ts';
import type { Action, Outage, Planned, Schedule } from './schedule.ts';

/** How many more acknowledgements an outage waits for, and how long. */
const enough = 100;
const enoughWithinMs = 8000;
const calmWithinMs = 120_000;

/** Carries out a schedule, and counts what was done. */
export class Performer {
  readonly #system: System;
  readonly scripts: Record<FaultServer, FaultScript>;
  readonly #signal: AbortSignal;
  /** Signals, by kind and part, and outages. */
  readonly done = new Map<string, number>();
  /** When an edge, or its workerd, ended: the counts of its last seconds are lost. */
  readonly edgeEnds: number[] = [];
  readonly subscriberEnds: number[] = [];

  constructor(system: System, signal: AbortSignal) {
    this.#system = system;
    this.#signal = signal;
    const { ports } = system;
    this.scripts = {
      bigquery: new FaultScript('bigquery', () => ports.bigquery),
      pubsub: new FaultScript('pubsub', () => ports.pubsub),
    };
  }

  async run({ processes, faults, withinMs }: Schedule): Promise<void> {
    const until = performance.now() + (withinMs ?? Number.POSITIVE_INFINITY);
    await Promise.all([this.#runAll(processes, until), this.#runAll(faults, until)]);
    if (withinMs !== undefined) await this.#pause(until - performance.now());
    await this.heal();
  }

  /** Nothing goes wrong any more. */
  async heal(): Promise<void> {
    for (const part of this.#system.all) part.signal('SIGCONT');
    this.#system.edge.signal('SIGCONT', 'child');
    await Promise.all(Object.values(this.scripts).map((script) => script.clear()));
  }

  async #runAll(planned: readonly Planned[], until: number): Promise<void> {
    for (const { afterMs, action } of planned) {
      await this.#pause(afterMs);
      if (this.#signal.aborted || performance.now() > until) return;
      await this.#perform(action);
    }
  }

  async #perform(action: Action): Promise<void> {
    if (action.kind === 'faults') return await this.#script(action.fault);
    if (action.kind === 'calm') return await this.#acknowledged(action.deliveries, calmWithinMs);
    if (action.kind === 'outage') return await this.#outage(action.what);
    const { kind, part } = action;
    const whose = part === 'workerd' ? 'child' : 'own';
    const target = this.#system.find(part === 'workerd' ? 'edge' : part);
    // What is still starting is left alone: it would never be ready.
    await target.whenReady();
    if (kind === 'SIGSTOP') {
      this.#count(`SIGSTOP ${part}`, target.signal('SIGSTOP', whose));
      await this.#pause(action.ms);
      target.signal('SIGCONT', whose);
      return;
    }
    await this.#keepCounts(part);
    if (target === this.#system.edge) this.edgeEnds.push(Date.now());
    if (this.#system.subscribers.includes(target)) this.subscriberEnds.push(Date.now());
    this.#count(`${kind} ${part}`, target.end(kind, action.awayMs, whose));
  }

  async #script({ server, faults, ms }: FaultCase): Promise<void> {
    await this.#system.find(server).whenReady();
    const script = this.scripts[server];
    // A server that cuts connections cuts this one as well.
    await script.add(faults);
    for (const until = performance.now() + ms; performance.now() < until; ) {
      await this.#pause(150);
      if (this.#signal.aborted || (await script.isDone())) break;
    }
    await script.clear();
  }

  async #outage(what: Outage): Promise<void> {
    const { servers, subscribers, edge } = this.#system;
    await Promise.all([...servers, ...subscribers, edge].map((part) => part.whenReady()));
    this.#count(`outage: nothing ${what}`, true);
    if (what === 'published') {
      await this.scripts.pubsub.add([{ name: 'publish.status', times: 'always' }]);
      await this.#pause(3500);
      await this.scripts.pubsub.clear();
      return;
    }
    const bigquery = this.#system.find('bigquery');
    bigquery.signal('SIGSTOP');
    await this.#acknowledged(enough, enoughWithinMs);
    await this.#pause(500);
    await this.scripts.pubsub.add([{ name: 'leases.expire' }]);
    await this.#pause(700);
    await this.scripts.pubsub.clear();
    this.subscriberEnds.push(Date.now());
    for (const subscriber of subscribers) {
      this.#count(`SIGKILL ${subscriber.name}`, subscriber.end('SIGKILL', 0));
    }
    bigquery.signal('SIGCONT');
  }

  async #acknowledged(more: number, withinMs: number): Promise<void> {
    const before = this.#system.counts.acknowledged;
    const until = performance.now() + withinMs;
    while (this.#system.counts.acknowledged < before + more && performance.now() < until) {
      await this.#pause(100);
      if (this.#signal.aborted) return;
    }
  }

  /** A server that ends takes with it what struck. */
  async #keepCounts(part: string): Promise<void> {
    if (part === 'bigquery' || part === 'pubsub') await this.scripts[part].clear();
  }

  #count(what: string, isDone: boolean): void {
    if (isDone) this.done.set(what, (this.done.get(what) ?? 0) + 1);
  }

  async #pause(ms: number): Promise<void> {
    await sleep(Math.max(0, ms), undefined, { signal: this.#signal }).catch(() => {});
  }
}
