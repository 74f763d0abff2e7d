/** Deadlines are rounded up to a multiple of this, so that many items share one bucket. */
const TICK_MS = 50;

export interface Timed {
  /** The bucket that holds the item. Only Deadlines writes it. */
  bucket: number;
}

/** Items with a deadline. One timer runs for the earliest deadline; without items there is no timer. */
export class Deadlines<T extends Timed> {
  readonly #buckets = new Map<number, Set<T>>();
  readonly #onDue: (due: Iterable<T>) => void;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(onDue: (due: Iterable<T>) => void) {
    this.#onDue = onDue;
  }

  /** Sets or moves the item's deadline. */
  set(item: T, afterMs: number): void {
    const bucket = Math.ceil((performance.now() + afterMs) / TICK_MS);
    if (item.bucket === bucket) return;
    this.delete(item);
    item.bucket = bucket;
    const items = this.#buckets.get(bucket);
    if (items) items.add(item);
    else this.#buckets.set(bucket, new Set([item]));
    if (bucket < this.#armedFor) this.#arm(bucket);
  }

  delete(item: T): void {
    const items = this.#buckets.get(item.bucket);
    if (items?.delete(item) && items.size === 0) this.#buckets.delete(item.bucket);
    item.bucket = 0;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#buckets.clear();
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(bucket: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = bucket;
    if (bucket === Number.POSITIVE_INFINITY) return;
    const afterMs = Math.max(0, bucket * TICK_MS - performance.now());
    this.#timer = setTimeout(() => this.#fire(), afterMs);
    this.#timer.unref();
  }

  #fire(): void {
    const now = performance.now() / TICK_MS;
    let next = Number.POSITIVE_INFINITY;
    const due: T[] = [];
    for (const [bucket, items] of this.#buckets) {
      if (bucket <= now) due.push(...items);
      else next = Math.min(next, bucket);
    }
    this.#arm(next);
    if (due.length > 0) this.#onDue(due);
  }
}
