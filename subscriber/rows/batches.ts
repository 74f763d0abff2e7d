/** A batch is sent as soon as it reaches one of these limits. */
export interface BatchLimits {
  rows: number;
  bytes: number;
  /** How long the first row may wait for others, in milliseconds. */
  lingerMs: number;
}

/** A short wait fills a batch under load and hardly delays a lone row. BigQuery advises 0.5 to 2 MB a request. */
export const defaultLimits: BatchLimits = { rows: 5000, bytes: 1_000_000, lingerMs: 50 };

export interface BatchSize {
  rows: number;
  bytes: number;
}

/**
 * Where one more row goes. `closesBefore`: the batch would exceed its bytes, so the row begins the next one.
 * `closesAfter`: the row fills its batch.
 */
export function placeRow(
  batch: BatchSize,
  rowBytes: number,
  limits: BatchLimits,
): { closesBefore: boolean; closesAfter: boolean } {
  const closesBefore = batch.rows > 0 && batch.bytes + rowBytes > limits.bytes;
  const rows = closesBefore ? 1 : batch.rows + 1;
  const bytes = closesBefore ? rowBytes : batch.bytes + rowBytes;
  return { closesBefore, closesAfter: rows >= limits.rows || bytes >= limits.bytes };
}

interface Batch<Item> {
  items: Item[];
  bytes: number;
}

/** Rows that wait to be sent, in order: full batches, and one that is still open. */
export class Batches<Item extends { readonly bytes: Uint8Array }> {
  readonly #limits: BatchLimits;
  readonly #full: Batch<Item>[] = [];
  #open: Batch<Item> = { items: [], bytes: 0 };

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** How many rows the open batch holds. */
  get openRows(): number {
    return this.#open.items.length;
  }

  get oldest(): Item | undefined {
    return this.#full[0]?.items[0] ?? this.#open.items[0];
  }

  /** @returns whether a batch is full now */
  add(item: Item): boolean {
    const size = { rows: this.#open.items.length, bytes: this.#open.bytes };
    const rowBytes = item.bytes.byteLength;
    const { closesBefore, closesAfter } = placeRow(size, rowBytes, this.#limits);
    if (closesBefore) this.#close();
    this.#open.items.push(item);
    this.#open.bytes += rowBytes;
    if (closesAfter) this.#close();
    return closesBefore || closesAfter;
  }

  /** The next full batch; without one, the open batch if it is due. */
  take(isDue: boolean): readonly Item[] | undefined {
    if (this.#full.length === 0 && isDue && this.#open.items.length > 0) this.#close();
    return this.#full.shift()?.items;
  }

  takeAll(): Item[] {
    const batches = [...this.#full.splice(0), this.#open];
    this.#open = { items: [], bytes: 0 };
    return batches.flatMap(({ items }) => items);
  }

  #close(): void {
    this.#full.push(this.#open);
    this.#open = { items: [], bytes: 0 };
  }
}
