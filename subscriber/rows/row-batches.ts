import { type BatchLimits, placeRow } from './batch.ts';

interface Batch<Item> {
  items: Item[];
  bytes: number;
}

/** Rows that wait to be sent, first come first sent, in batches: full ones, and one that is still open. */
export class RowBatches<Item extends { readonly bytes: Uint8Array }> {
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

  /** True when a batch has become full. */
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

  /** The next full batch; else, where it may not wait any longer, the open one. */
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
