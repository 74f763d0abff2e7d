import { JsonText } from '../../shared/json/json-text.ts';
import type { Mapping } from '../../shared/shape/map-columns.ts';

/**
 * What the rows of one stream's deliveries of many events may take up, in bytes: more than an append is
 * worth, so that the table never waits for them.
 */
const maxBytes = 8_000_000;

/** An object, a promise and a place in a batch. */
const bytesAnEvent = 1000;

/**
 * Bounds the rows that deliveries of many events become at once. A body of 1 MB may hold 350,000 events, and
 * each of 1,000 rows may repeat half of the body: mapped whole, one such delivery would end the process, and
 * come again. What is not mapped yet takes up its bytes alone.
 */
export class EventAllowance {
  #used = 0;
  #last: Promise<unknown> = Promise.resolve();
  #wake = () => {};

  /** One after another: the list of a delivery's events is kept while they are taken from it. */
  inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Is there room for so much more? There always is for one event. */
  has(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= maxBytes;
  }

  /** Resolves when there is room. To be awaited only by whose turn it is. */
  async freed(bytes: number): Promise<void> {
    while (!this.has(bytes)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  giveBack(bytes: number): void {
    this.#used -= bytes;
    this.#wake();
  }
}

/** About what an event takes up on its way, in bytes. */
export function sizeOf(mapping: Mapping): number {
  let bytes = bytesAnEvent;
  if (!mapping.ok) return bytes + mapping.reason.length;
  for (const value of Object.values(mapping.row)) {
    // Most are text, or JSON as text; the others are small.
    bytes += typeof value === 'string' ? value.length : textLength(value);
  }
  return bytes;
}

function textLength(value: unknown): number {
  return value instanceof JsonText ? value.text.length : 0;
}
