import type { IdTable } from '../table/id-table.ts';
import type { KnownEvent } from '../table/known-ids.ts';

/** An event of the sender is to be written, in the table already, or a repetition in the same export. */
export type EventState = 'new' | 'present' | 'repeated';

/** A time within a window, in milliseconds, and one more bit fit into 32 bits: some 24 days. */
const latestOffset = 0x7fff_fffe;
const sentBit = 1;

/**
 * What is known of the events of one window, in an id table. If the stream has a key, rows can be replaced, and a
 * later state of a row counts as new.
 */
export class WindowStates {
  readonly #ids: IdTable;
  readonly #from: number;
  readonly #hasStates: boolean;

  /**
   * @param ids is cleared
   * @param from Unix milliseconds, before the times of all events
   */
  constructor(ids: IdTable, from: number, hasStates: boolean) {
    ids.clear();
    this.#ids = ids;
    this.#from = from;
    this.#hasStates = hasStates;
  }

  noteRow({ id, timeMs }: KnownEvent): void {
    // No event can be later than a row without a time.
    const offset = timeMs === undefined ? latestOffset : this.#offsetOf(timeMs);
    const found = this.#ids.get(id);
    if (found === 0 || offset > offsetIn(found)) this.#ids.set(id, toValue(offset, 0));
  }

  noteSent({ id, timeMs }: KnownEvent): void {
    this.#ids.set(id, toValue(this.#offsetOf(timeMs), sentBit));
  }

  stateOf({ id, timeMs }: KnownEvent): EventState {
    const found = this.#ids.get(id);
    if (found === 0 || this.#offsetOf(timeMs) > offsetIn(found)) return 'new';
    return (found & sentBit) === 0 ? 'present' : 'repeated';
  }

  #offsetOf(timeMs = this.#from): number {
    return this.#hasStates ? Math.min(latestOffset, Math.max(0, timeMs - this.#from)) : 0;
  }
}

/** Never 0, which means in an id table that the id is absent. */
function toValue(offset: number, bit: number): number {
  return (offset + 1) * 2 + bit;
}

function offsetIn(value: number): number {
  return (value >>> 1) - 1;
}
