import type { Piece } from './piece.ts';
import type { WriteFailure } from './verdict.ts';

/** What became of the rows of one append; each index is in exactly one of the three lists. */
export interface AppendOutcome {
  /** Acknowledged by BigQuery, and visible. */
  written: number[];
  /** Proven bad: another row of the table was taken while BigQuery refused these, or it named them. */
  invalid: { index: number; reason: string }[];
  /** Nothing is known to be wrong with these rows; `failure` says why they are not written. */
  retryable: number[];
  failure?: WriteFailure;
}

/** Collects what becomes of the pieces of one append. */
export class Tally {
  readonly #written: number[] = [];
  readonly #invalid: { index: number; reason: string }[] = [];
  readonly #retryable: number[] = [];
  #failure: WriteFailure | undefined;
  /** Rows that were refused alone, without a word of why: bad, or the table is at odds with the request. */
  readonly suspects: { piece: Piece; failure: WriteFailure }[] = [];

  written(piece: Piece): void {
    this.#written.push(...piece.indexes);
  }

  invalid(index: number, reason: string): void {
    this.#invalid.push({ index, reason });
  }

  retryable(piece: Piece, failure: WriteFailure): void {
    this.#retryable.push(...piece.indexes);
    this.#failure = failure;
  }

  /** Indexes ascend in each list, however the pieces came back. */
  outcome(): AppendOutcome {
    const outcome: AppendOutcome = {
      written: this.#written.sort((a, b) => a - b),
      invalid: this.#invalid.sort((a, b) => a.index - b.index),
      retryable: this.#retryable.sort((a, b) => a - b),
    };
    if (this.#failure) outcome.failure = this.#failure;
    return outcome;
  }
}
