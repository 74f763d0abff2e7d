import type { WaitingRow } from './waiting-row.ts';

/** The rows of one append that have no fate yet. */
export interface Append {
  rows: readonly WaitingRow[];
  /** When BigQuery refused them, where it did: the writer's own count. */
  refusedAt?: number | undefined;
}

/** The appends of one table that are under way, oldest first. */
export class SentRows {
  readonly #appends = new Map<Append, Promise<void>>();
  #rows = 0;
  #bytes = 0;

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest of them came. */
  get since(): number | undefined {
    const [append] = this.#appends.keys();
    return append?.rows[0]?.since;
  }

  /**
   * @param settle ends when each of the rows has its fate; never rejects
   * @param onEnd is called then, before `ended` resolves
   */
  add(
    rows: readonly WaitingRow[],
    settle: (append: Append) => Promise<void>,
    onEnd: () => void,
  ): void {
    const append = { rows };
    const bytes = rows.reduce((sum, row) => sum + row.bytes.byteLength, 0);
    this.#rows += rows.length;
    this.#bytes += bytes;
    const ended = settle(append).then(() => {
      this.#appends.delete(append);
      this.#rows -= rows.length;
      this.#bytes -= bytes;
      onEnd();
    });
    this.#appends.set(append, ended);
  }

  letGo(reason: string): void {
    for (const { rows } of this.#appends.keys()) for (const row of rows) row.letGo(reason);
  }

  /** Resolves when none is under way any more; one that ends may begin another. */
  async ended(): Promise<void> {
    while (this.#appends.size > 0) await Promise.all(this.#appends.values());
  }
}
