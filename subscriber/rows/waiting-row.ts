import type { Fate } from './fate.ts';

/** An encoded row on its way to its table. */
export class WaitingRow {
  readonly bytes: Uint8Array;
  /** When it came, in milliseconds of the waiting room's clock. */
  readonly since: number;
  #resolve: (fate: Fate) => void;

  constructor(bytes: Uint8Array, since: number, resolve: (fate: Fate) => void) {
    this.bytes = bytes;
    this.since = since;
    this.#resolve = resolve;
  }

  settle(fate: Fate): void {
    this.#resolve(fate);
  }

  /** Gives its message back, although it was sent and may be written. What becomes of it is told later. */
  letGo(reason: string): void {
    const resolve = this.#resolve;
    const later = new Promise<Fate>((settle) => {
      this.#resolve = settle;
    });
    resolve({ kind: 'held', reason, later });
  }
}
