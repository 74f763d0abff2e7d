import { Deadlines, type Timed } from './deadlines.ts';
import { backoffMs, type RetryPolicy } from './retry-policy.ts';

interface Retry extends Timed {
  readonly key: number;
  /** How often the message was nacked or its lease expired. */
  attempts: number;
}

/** The messages of one subscription that were delivered without success, and when to try them again. */
export class RetryBackoff {
  readonly #retries = new Map<number, Retry>();
  readonly #deadlines: Deadlines<Retry>;

  /** `onDue` gets the messages that may be delivered again. */
  constructor(onDue: (keys: readonly number[]) => void) {
    this.#deadlines = new Deadlines((due) => {
      const retries = [...due];
      for (const retry of retries) this.#deadlines.delete(retry);
      onDue(retries.map(({ key }) => key));
    });
  }

  schedule(key: number, policy: RetryPolicy): void {
    const retry = this.#retries.get(key) ?? { key, attempts: 0, bucket: 0 };
    retry.attempts++;
    this.#retries.set(key, retry);
    this.#deadlines.set(retry, backoffMs(policy, retry.attempts));
  }

  /** To be called when the message is acked. */
  forget(key: number): void {
    const retry = this.#retries.get(key);
    if (retry) this.#deadlines.delete(retry);
    this.#retries.delete(key);
  }

  /** Forgets all messages that are not outstanding any more. */
  prune(isOutstanding: (key: number) => boolean): void {
    for (const key of this.#retries.keys()) if (!isOutstanding(key)) this.forget(key);
  }

  close(): void {
    this.#deadlines.clear();
    this.#retries.clear();
  }
}
