import { type Chunk, without } from './chunk.ts';
import type { WriteFailure } from './classify-reply.ts';

/** The result of one append, by row; each index is in exactly one of the three lists. */
export interface AppendResult {
  /** Acknowledged by BigQuery, and visible. */
  written: number[];
  /** BigQuery named these rows as bad, or refused them both before and after it took another. */
  invalid: { index: number; reason: string }[];
  /** Not written, although nothing is known to be wrong with these rows; `failure` says why. */
  retryable: number[];
  failure?: WriteFailure;
  /** When they were refused, if they were: to be passed to `append` on the next try. */
  refusedAt?: number;
}

/** Rows that were refused without naming one: either they are bad, or the table does not fit the request. */
export interface Suspect {
  chunk: Chunk;
  failure: WriteFailure;
  /** How many requests had been sent when they were first refused, alone or with others. */
  refusedAt: number;
}

/** Collects the results of an append's chunks. */
export class AppendResultBuilder {
  readonly #written: number[] = [];
  readonly #invalid: { index: number; reason: string }[] = [];
  readonly #retryable: number[] = [];
  #failure: WriteFailure | undefined;
  #refusedAt = 0;
  readonly suspects: Suspect[] = [];

  written(chunk: Chunk): void {
    this.#written.push(...chunk.indexes);
  }

  invalid(index: number, reason: string): void {
    this.#invalid.push({ index, reason });
  }

  /** Notes the rows that BigQuery named, by position, as invalid, and returns the chunk without them. */
  dropInvalid(chunk: Chunk, reasons: ReadonlyMap<number, string>): Chunk {
    for (const [position, reason] of reasons) this.invalid(chunk.indexes[position] ?? 0, reason);
    return without(chunk, new Set(reasons.keys()));
  }

  /** @param refusedAt infinite if they were not refused: then it proves nothing that others are written */
  retryable(chunk: Chunk, failure: WriteFailure, refusedAt = Number.POSITIVE_INFINITY): void {
    this.#retryable.push(...chunk.indexes);
    this.#failure = failure;
    this.#refusedAt = Math.max(this.#refusedAt, refusedAt);
  }

  /** Each list is sorted by index. */
  build(): AppendResult {
    const result: AppendResult = {
      written: this.#written.sort((a, b) => a - b),
      invalid: this.#invalid.sort((a, b) => a.index - b.index),
      retryable: this.#retryable.sort((a, b) => a - b),
    };
    if (this.#failure) result.failure = this.#failure;
    if (this.#refusedAt > 0 && Number.isFinite(this.#refusedAt)) result.refusedAt = this.#refusedAt;
    return result;
  }
}
