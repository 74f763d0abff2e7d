import { JsonText } from '../../shared/json/json-text.ts';
import type { Mapping } from '../../shared/shape/map-columns.ts';

/** More bytes than one append takes, so that a table never waits for rows. */
const maxBytes = 8_000_000;

/** Of an event besides its text: an object, a promise and a place in a batch. */
const overheadBytes = 1000;

/**
 * Limits the memory of rows that come from one stream's deliveries of many events. A body of 1 MB may hold
 * 350,000 events, and each of 1,000 rows may repeat half of the body: mapping it all at once would end the
 * process, and the delivery would come again.
 */
export class EventBudget {
  #usedBytes = 0;
  #last: Promise<unknown> = Promise.resolve();
  #onFreed = () => {};

  /** Runs one delivery after another. */
  inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** An event that exceeds the budget by itself fits when no other uses it. */
  fits(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= maxBytes;
  }

  /** Resolves when the bytes fit. Only the delivery whose turn it is may wait. */
  async untilFits(bytes: number): Promise<void> {
    while (!this.fits(bytes)) {
      await new Promise<void>((resolve) => {
        this.#onFreed = resolve;
      });
    }
  }

  use(bytes: number): void {
    this.#usedBytes += bytes;
  }

  free(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#onFreed();
  }
}

/** Roughly the memory that a mapped event takes, in bytes. */
export function sizeOf(mapping: Mapping): number {
  let bytes = overheadBytes;
  if (!mapping.ok) return bytes + mapping.reason.length;
  for (const value of Object.values(mapping.row)) {
    // Most values are text, or JSON as text; the others are small.
    bytes += typeof value === 'string' ? value.length : textLength(value);
  }
  return bytes;
}

function textLength(value: unknown): number {
  return value instanceof JsonText ? value.text.length : 0;
}
