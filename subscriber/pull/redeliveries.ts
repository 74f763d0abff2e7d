/**
 * Recognizes redelivered messages: the ids of deliveries that were written recently. Pub/Sub delivers at least
 * once; a duplicate of a written message is acked and not written again. Bounded: the oldest ids go first.
 */
export class RecentIds {
  readonly #capacity: number;
  // Two generations instead of a linked list: a lookup is one hash, and forgetting is free.
  #young = new Set<string>();
  #old = new Set<string>();

  /** Remembers at least `capacity` ids, and at most twice as many. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Only after BigQuery's answer. */
  add(id: string): void {
    this.#young.add(id);
    if (this.#young.size < this.#capacity) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  has(id: string): boolean {
    if (this.#young.size === 0 && this.#old.size === 0) return false;
    return this.#young.has(id) || this.#old.has(id);
  }
}
