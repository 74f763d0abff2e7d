import { Deadlines, type Timed } from './deadlines.ts';
import { type RetryPolicy, restMs } from './retry-policy.ts';

interface Rest extends Timed {
  readonly key: number;
  returns: number;
}

/** The messages of one subscription that came back unacked, by key, and how often each did. */
export class Rests {
  readonly #rests = new Map<number, Rest>();
  readonly #deadlines: Deadlines<Rest>;

  /** `onRested` gets the messages that may be delivered again. */
  constructor(onRested: (keys: readonly number[]) => void) {
    this.#deadlines = new Deadlines((due) => {
      const rested = [...due];
      for (const rest of rested) this.#deadlines.delete(rest);
      onRested(rested.map(({ key }) => key));
    });
  }

  begin(key: number, policy: RetryPolicy): void {
    const rest = this.#rests.get(key) ?? { key, returns: 0, bucket: 0 };
    rest.returns++;
    this.#rests.set(key, rest);
    this.#deadlines.set(rest, restMs(policy, rest.returns));
  }

  /** The message was acked. */
  forget(key: number): void {
    const rest = this.#rests.get(key);
    if (rest) this.#deadlines.delete(rest);
    this.#rests.delete(key);
  }

  /** Forgets those that are not wanted any more. */
  prune(isWanted: (key: number) => boolean): void {
    for (const key of this.#rests.keys()) if (!isWanted(key)) this.forget(key);
  }

  close(): void {
    this.#deadlines.clear();
    this.#rests.clear();
  }
}
