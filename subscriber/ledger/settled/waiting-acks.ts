import { RecentIds } from '../../pull/redeliveries.ts';

/** A delivery whose id is counted and not written yet. Its message waits for that, or was nacked. */
interface Waiting {
  since: number;
  /** Its message is acked even if the ledger takes no rows. */
  isOptional: boolean;
  isNacked: boolean;
  resolve: (mayAck: boolean) => void;
}

/** The deliveries whose messages are acked when the ledger holds their ids. */
export class WaitingAcks {
  /** By delivery id. */
  readonly #waiting = new Map<string, Waiting>();
  /** Ids that were written after their messages had been nacked: the messages come again. */
  readonly #storedLate: RecentIds;

  constructor(rememberedIds: number) {
    this.#storedLate = new RecentIds(rememberedIds);
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Whether the delivery is counted, and its id is not written. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Whether the message came again after the id was written. */
  isStored(id: string): boolean {
    return this.#storedLate.has(id);
  }

  /** @returns whether the message may be acked, once that is known */
  add(id: string, isOptional: boolean, now: number): Promise<boolean> {
    this.#waiting.get(id)?.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(id, { since: now, isOptional, isNacked: false, resolve });
    return promise;
  }

  /** The row with this id is written. */
  release(id: string): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (waiting.isNacked) this.#storedLate.add(id);
    waiting.resolve(true);
  }

  /** The message waits no longer. The id of one that is nacked is kept, so that the delivery is counted once. */
  giveUp(id: string): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (waiting.isOptional) this.#waiting.delete(id);
    else waiting.isNacked = true;
    waiting.resolve(waiting.isOptional);
  }

  giveUpAll(): void {
    for (const id of this.#waiting.keys()) this.giveUp(id);
  }

  /** @param before those that have waited since then, or longer */
  giveUpOptional(before: number): void {
    for (const [id, { isOptional, since }] of this.#waiting) {
      if (isOptional && since <= before) this.giveUp(id);
    }
  }
}
