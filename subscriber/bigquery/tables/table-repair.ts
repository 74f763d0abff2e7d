import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../append/backoff.ts';

export interface TableRepairOptions {
  /** Repairs the table, if it can. */
  repair: (reason: string) => Promise<void>;
  /** Ends the current pause. */
  signal: AbortSignal;
  /** Called each time the table may be tried again. */
  onEnd: () => void;
  random: () => number;
}

/** How long one try to repair a table may take. */
const repairTimeoutMs = 30_000;

/** Repairs a table once for all the appends that BigQuery refuses, with growing pauses between the tries. */
export class TableRepair {
  readonly #options: TableRepairOptions;
  #running: Promise<void> | undefined;
  #tries = 0;
  #isPaused = false;

  constructor(options: TableRepairOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Whether it is known that the table can take no rows. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** How often it was repaired since it last took rows. */
  get tries(): number {
    return this.#tries;
  }

  /** The table takes rows. */
  succeeded(): void {
    this.#tries = 0;
  }

  /** Counts as running until the table is open; forever if it never opens. */
  pauseUntil(isOpen: Promise<boolean>): void {
    this.#isPaused = true;
    this.#running = new Promise((resolve) => {
      void isOpen.then((open) => {
        if (!open) return;
        this.#isPaused = false;
        this.#running = undefined;
        resolve();
        this.#options.onEnd();
      });
    });
  }

  /** Resolves when the table may be tried again, whichever append asked first. */
  run(reason: string): Promise<void> {
    this.#running ??= this.#repair(reason).finally(() => {
      this.#running = undefined;
      this.#options.onEnd();
    });
    return this.#running;
  }

  async #repair(reason: string): Promise<void> {
    const { repair, random } = this.#options;
    // A call that is never answered must delay neither the next try nor the close.
    await Promise.race([repair(reason), this.#pause(repairTimeoutMs)]);
    await this.#pause(backoffMs('throttled', this.#tries++, random));
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
