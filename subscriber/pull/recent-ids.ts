/**
 * The ids of deliveries that were written lately: Pub/Sub delivers at least once, and a copy of what is
 * already a row is acked without writing it again. Remembered only after BigQuery's answer. Bounded:
 * the oldest is forgotten first.
 */
export class RecentIds {
  readonly #capacity: number;
  // Two generations instead of a linked list: lookups stay one hash, and forgetting is free.
  #young = new Set<string>();
  #old = new Set<string>();

  /** Remembers at least `capacity` ids, and at most twice as many. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

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
