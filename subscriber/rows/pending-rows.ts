import type { DeliveryTrace } from '../traces/delivery-trace.ts';
import type { WriteResult } from './write-result.ts';

/** An encoded row in its table's queue. */
export class PendingRow {
  readonly bytes: Uint8Array;
  /** When it was queued, in milliseconds of the queue's clock. */
  readonly since: number;
  /** Of its delivery, if that is sampled. */
  readonly trace: DeliveryTrace | undefined;
  #resolve: (result: WriteResult) => void;

  constructor(
    bytes: Uint8Array,
    since: number,
    trace: DeliveryTrace | undefined,
    resolve: (result: WriteResult) => void,
  ) {
    this.bytes = bytes;
    this.since = since;
    this.trace = trace;
    this.#resolve = resolve;
  }

  settle(result: WriteResult): void {
    this.#resolve(result);
  }

  /** Nacks its message although the row was sent and may still be written: `settle` then resolves `later`. */
  nackUnanswered(reason: string): void {
    const resolve = this.#resolve;
    const later = new Promise<WriteResult>((settle) => {
      this.#resolve = settle;
    });
    resolve({ kind: 'nacked', reason, later });
  }
}

/** The rows of one append that are not settled yet. */
export interface PendingAppend {
  rows: readonly PendingRow[];
  /** When BigQuery refused them, if it did: the writer's own count. */
  refusedAt?: number | undefined;
}

/** The pending appends of one table, oldest first. */
export class PendingAppends {
  readonly #appends = new Map<PendingAppend, Promise<void>>();
  #rows = 0;
  #bytes = 0;

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest row was queued. */
  get since(): number | undefined {
    const [append] = this.#appends.keys();
    return append?.rows[0]?.since;
  }

  /**
   * @param settle resolves when every row is settled; never rejects
   * @param onEnd called then, before `ended` resolves
   */
  add(
    rows: readonly PendingRow[],
    settle: (append: PendingAppend) => Promise<void>,
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

  nackUnanswered(reason: string): void {
    for (const { rows } of this.#appends.keys()) {
      for (const row of rows) row.nackUnanswered(reason);
    }
  }

  /** Resolves when none is pending; one that ends may begin another. */
  async ended(): Promise<void> {
    while (this.#appends.size > 0) await Promise.all(this.#appends.values());
  }
}
