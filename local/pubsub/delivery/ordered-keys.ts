import { messageType } from '../transport/protos.ts';
import type { Ready } from './backlog.ts';

const PubsubMessage = messageType('PubsubMessage');
/** Behind so many messages that wait for their ordering keys, those of other keys wait too. */
const MAX_PARKED = 100_000;

interface OrderingKey {
  /** Messages that are delivered and not acked, or rest after a nack. */
  readonly busy: Set<number>;
  /** Messages that wait for them, the oldest first. */
  parked: number[];
  /** The batch that began it; its other messages may go out in the same batch. */
  batch: number;
}

/**
 * Delivers the messages of each ordering key in order: a batch of them at a time, and the next after all are
 * acked. After a nack, all later messages of the key are delivered again too.
 */
export class OrderedKeys {
  readonly #keys = new Map<string, OrderingKey>();
  /** The ordering key of each message that is busy or parked. */
  readonly #keyOf = new Map<number, string>();
  /** The ordering keys with a parked message that may be delivered. */
  readonly #ready = new Set<string>();
  #begun: string[] = [];
  #batch = 0;

  /** How many messages it may have ready, at most. */
  get waitingCount(): number {
    return this.#keyOf.size;
  }

  beginBatch(): void {
    this.#batch++;
    for (const name of this.#begun) this.#refresh(name);
    this.#begun = [];
  }

  /** The next message for the batch: one that waited, else one of the backlog, in whose order `next` returns. */
  next(next: () => Ready | null, read: (message: number) => Ready | null): Ready | null {
    return this.#nextParked(read) ?? this.#nextOf(next);
  }

  /** To be called when the message is acked, or gone. */
  done(message: number): void {
    const name = this.#keyOf.get(message);
    if (name === undefined || !this.#keys.get(name)?.busy.delete(message)) return;
    this.#keyOf.delete(message);
    this.#refresh(name);
  }

  /**
   * Takes a message back, and those of its key that were delivered after it; returns these. Null if it has no
   * ordering key. A message that rests holds up its key until `release`.
   */
  retry(message: number, rests: boolean): number[] | null {
    const name = this.#keyOf.get(message);
    const key = name === undefined ? undefined : this.#keys.get(name);
    if (name === undefined || !key) return null;
    const later = [...key.busy].filter((other) => other > message);
    this.#park(key, rests ? later : [message, ...later]);
    this.#refresh(name);
    return later;
  }

  /** Ends a message's rest. Returns false if it has no ordering key. */
  release(message: number): boolean {
    const name = this.#keyOf.get(message);
    const key = name === undefined ? undefined : this.#keys.get(name);
    if (name === undefined || !key) return false;
    if (key.busy.has(message)) this.#park(key, [message]);
    this.#refresh(name);
    return true;
  }

  prune(isOutstanding: (message: number) => boolean): void {
    for (const message of this.#keyOf.keys()) if (!isOutstanding(message)) this.done(message);
  }

  clear(): void {
    this.#keys.clear();
    this.#keyOf.clear();
    this.#ready.clear();
  }

  #nextParked(read: (message: number) => Ready | null): Ready | null {
    for (const name of this.#ready) {
      const key = this.#keys.get(name);
      for (let message = key?.parked.shift(); key && message !== undefined; ) {
        const ready = read(message);
        if (ready) {
          this.#begin(name, key, message);
          if (key.parked.length === 0) this.#ready.delete(name);
          return ready;
        }
        this.#keyOf.delete(message);
        message = key.parked.shift();
      }
      this.#refresh(name);
    }
    return null;
  }

  #nextOf(next: () => Ready | null): Ready | null {
    while (this.#keyOf.size < MAX_PARKED) {
      const ready = next();
      const name = ready && orderingKeyOf(ready.payload);
      if (!name) return ready;
      const key = this.#keys.get(name) ?? { busy: new Set(), parked: [], batch: 0 };
      this.#keys.set(name, key);
      this.#keyOf.set(ready.key, name);
      if (this.#isFree(key) && key.parked.length === 0) {
        this.#begin(name, key, ready.key);
        return ready;
      }
      key.parked.push(ready.key);
    }
    return null;
  }

  #begin(name: string, key: OrderingKey, message: number): void {
    key.busy.add(message);
    if (key.batch === this.#batch) return;
    key.batch = this.#batch;
    this.#begun.push(name);
  }

  #isFree({ busy, batch }: OrderingKey): boolean {
    return busy.size === 0 || batch === this.#batch;
  }

  #park(key: OrderingKey, messages: readonly number[]): void {
    for (const message of messages) key.busy.delete(message);
    const parked = new Set([...messages, ...key.parked]);
    key.parked = [...parked].sort((left, right) => left - right);
    // What was taken back must not be overtaken in the same batch.
    key.batch = 0;
  }

  #refresh(name: string): void {
    const key = this.#keys.get(name);
    if (!key) return;
    if (key.parked.length > 0 && key.busy.size === 0) this.#ready.add(name);
    else this.#ready.delete(name);
    if (key.parked.length === 0 && key.busy.size === 0) this.#keys.delete(name);
  }
}

function orderingKeyOf(payload: Uint8Array): string {
  return (PubsubMessage.decode(payload) as unknown as { orderingKey: string }).orderingKey;
}
