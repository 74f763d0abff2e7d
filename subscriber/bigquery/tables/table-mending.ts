import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../append/backoff.ts';

export interface TableMendingOptions {
  /** Mends the table, if it can. */
  mend: (reason: string) => Promise<void>;
  /** Ends what is under way. */
  signal: AbortSignal;
  /** Called each time when it may be tried whether the table takes rows again. */
  onEnd: () => void;
  random: () => number;
}

/** How long one try to mend a table may take. */
const mendWithinMs = 30_000;

/** A table that BigQuery refuses is mended once for all the appends that it refuses; each pause is longer. */
export class TableMending {
  readonly #options: TableMendingOptions;
  #underWay: Promise<void> | undefined;
  #tries = 0;
  #isHeld = false;

  constructor(options: TableMendingOptions) {
    this.#options = options;
  }

  get isUnderWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** Is it known that the table can take no rows? */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** How often it was mended since it took rows. */
  get tries(): number {
    return this.#tries;
  }

  /** The table takes rows. */
  succeeded(): void {
    this.#tries = 0;
  }

  /** Nothing is to be sent until the table is open; if it never opens, nothing ever. */
  hold(isOpen: Promise<boolean>): void {
    this.#isHeld = true;
    this.#underWay = new Promise((resolve) => {
      void isOpen.then((open) => {
        if (!open) return;
        this.#isHeld = false;
        this.#underWay = undefined;
        resolve();
        this.#options.onEnd();
      });
    });
  }

  /** Resolves when it may be tried again, whichever append asked first. */
  run(reason: string): Promise<void> {
    this.#underWay ??= this.#mend(reason).finally(() => {
      this.#underWay = undefined;
      this.#options.onEnd();
    });
    return this.#underWay;
  }

  async #mend(reason: string): Promise<void> {
    const { mend, random } = this.#options;
    // A call that is never answered must hold up neither the next try nor the close.
    await Promise.race([mend(reason), this.#pause(mendWithinMs)]);
    await this.#pause(backoffMs('throttled', this.#tries++, random));
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  }
}
