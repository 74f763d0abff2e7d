import { type Piece, without } from './piece.ts';
import type { WriteFailure } from './verdict.ts';

/** What became of the rows of one append; each index is in exactly one of the three lists. */
export interface AppendOutcome {
  /** Acknowledged by BigQuery, and visible. */
  written: number[];
  /** Proven bad: BigQuery refused these both before and after it took another, or it named them. */
  invalid: { index: number; reason: string }[];
  /** Nothing is known to be wrong with these rows; `failure` says why they are not written. */
  retryable: number[];
  failure?: WriteFailure;
  /** Where they were refused, when: `append` wants it when they are tried again. */
  refusedAt?: number;
}

/** Rows that were refused without a word of why: bad, or the table is at odds with the request. */
export interface Suspect {
  piece: Piece;
  failure: WriteFailure;
  /** How many requests had been sent when they were refused for the first time, be it among others. */
  refusedAt: number;
}

/** Collects what becomes of the pieces of one append. */
export class Tally {
  readonly #written: number[] = [];
  readonly #invalid: { index: number; reason: string }[] = [];
  readonly #retryable: number[] = [];
  #failure: WriteFailure | undefined;
  #refusedAt = 0;
  readonly suspects: Suspect[] = [];

  written(piece: Piece): void {
    this.#written.push(...piece.indexes);
  }

  invalid(index: number, reason: string): void {
    this.#invalid.push({ index, reason });
  }

  /** The piece without the rows that BigQuery named, each by its position, with what is wrong with it. */
  takeOut(piece: Piece, reasons: ReadonlyMap<number, string>): Piece {
    for (const [position, reason] of reasons) this.invalid(piece.indexes[position] ?? 0, reason);
    return without(piece, new Set(reasons.keys()));
  }

  /** @param refusedAt infinite where they were not refused: then it proves nothing that others are taken */
  retryable(piece: Piece, failure: WriteFailure, refusedAt = Number.POSITIVE_INFINITY): void {
    this.#retryable.push(...piece.indexes);
    this.#failure = failure;
    this.#refusedAt = Math.max(this.#refusedAt, refusedAt);
  }

  /** Indexes ascend in each list, however the pieces came back. */
  outcome(): AppendOutcome {
    const outcome: AppendOutcome = {
      written: this.#written.sort((a, b) => a - b),
      invalid: this.#invalid.sort((a, b) => a.index - b.index),
      retryable: this.#retryable.sort((a, b) => a - b),
    };
    if (this.#failure) outcome.failure = this.#failure;
    if (this.#refusedAt > 0 && Number.isFinite(this.#refusedAt))
      outcome.refusedAt = this.#refusedAt;
    return outcome;
  }
}
