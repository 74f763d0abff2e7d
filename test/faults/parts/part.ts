import { setTimeout as sleep } from 'node:timers/promises';
import type { Launched } from './launch.ts';

export interface PartEvents {
  /** Nobody had asked for it. */
  onExit: (part: Part) => void;
}

/** How long a part may take from its start until it is ready: on a machine that has little time for it. */
const readyWithinMs = 240_000;
/** How long it may take to stop: more than the subscriber allows itself. */
const stopWithinMs = 60_000;
const betweenStartsMs = 300;

/** One part, which is started again whenever its process ends. */
export class Part {
  readonly name: string;
  readonly #launch: () => Launched | Promise<Launched>;
  readonly #events: PartEvents;
  #launched: Launched | undefined;
  #isStopped = true;
  #isReady = false;
  #isKilled = false;
  /** How long it stays away before the next start. */
  #awayMs = 0;
  #changed: (() => void)[] = [];
  /** The parts that did not end in time after SIGTERM. */
  stopsByForce = 0;

  constructor(name: string, launch: () => Launched | Promise<Launched>, events: PartEvents) {
    this.name = name;
    this.#launch = launch;
    this.#events = events;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get process() {
    return this.#launched?.process;
  }

  /** Starts it, and again until it is ready. */
  async start(): Promise<void> {
    this.#isStopped = false;
    void this.#run();
    await this.whenReady();
  }

  async whenReady(): Promise<void> {
    const until = performance.now() + readyWithinMs;
    while (!this.#isReady && !this.#isStopped) {
      const left = until - performance.now();
      if (left <= 0) throw new Error(`${this.name} is not ready after ${readyWithinMs / 1000} s`);
      const next = new Promise<void>((resolve) => this.#changed.push(resolve));
      await Promise.race([next, sleep(Math.min(left, 1000))]);
    }
  }

  /** @returns whether there was a process to signal */
  signal(signal: NodeJS.Signals, whose: 'own' | 'child' = 'own'): boolean {
    const pid = whose === 'own' ? this.#launched?.process.pid : this.#launched?.children[0];
    return pid !== undefined && signalTo(pid, signal);
  }

  /** Ends its process, or the child's; it starts again after a time. */
  end(signal: 'SIGKILL' | 'SIGTERM', awayMs: number, whose: 'own' | 'child' = 'own'): boolean {
    this.#awayMs = awayMs;
    this.#isKilled = true;
    const { process } = this.#launched ?? {};
    const isSignalled = this.signal(signal, whose);
    if (signal === 'SIGTERM' && isSignalled) {
      const force = setTimeout(() => {
        this.stopsByForce++;
        this.#killAll();
      }, stopWithinMs);
      process?.once('exit', () => clearTimeout(force));
    }
    return isSignalled;
  }

  /** It is about to end by itself, and stays away. */
  stopsItself(): void {
    this.#isStopped = true;
  }

  /** Ends it for good. */
  async stop(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isStopped = true;
    const process = this.#launched?.process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const exited = new Promise((resolve) => process.once('exit', resolve));
    if (signal === 'SIGKILL') this.#killAll();
    else this.end(signal, 0);
    await exited;
  }

  #killAll(): void {
    // Those of its own end with it: see local/parts/part-process.ts.
    this.signal('SIGKILL');
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const launched = await this.#launch();
      this.#launched = launched;
      if (this.#isStopped) this.#killAll();
      const exited = new Promise<void>((resolve) => {
        launched.process.once('exit', () => resolve());
      });
      this.#isKilled = false;
      await launched.ready.then(
        () => this.#setReady(true),
        () => {},
      );
      await exited;
      if (this.#isReady && !this.#isKilled && !this.#isStopped) this.#events.onExit(this);
      this.#setReady(false);
      if (!this.#isStopped) await sleep(Math.max(this.#awayMs, betweenStartsMs));
      this.#awayMs = 0;
    }
  }

  #setReady(isReady: boolean): void {
    this.#isReady = isReady;
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

function signalTo(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended.
    return false;
  }
}
