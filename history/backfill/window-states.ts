import type { IdTable } from '../table/id-table.ts';
import type { KnownEvent } from '../table/known-ids.ts';

/** What an event of the sender's is to the table: to be written, a row already, or sent before. */
export type Standing = 'news' | 'present' | 'repeated';

/** So that a time within a window, in milliseconds, and one more bit fit into 32 bits: some 24 days. */
const latest = 0x7fff_fffe;
const sentBit = 1;

/**
 * What is known of the events of one window, in an id table. Where a row may be replaced, as the stream has a
 * key, a later state of a row is news as well.
 */
export class WindowStates {
  readonly #ids: IdTable;
  readonly #from: number;
  readonly #hasStates: boolean;

  /**
   * @param ids is emptied
   * @param from Unix milliseconds: before all that will be told
   */
  constructor(ids: IdTable, from: number, hasStates: boolean) {
    ids.clear();
    this.#ids = ids;
    this.#from = from;
    this.#hasStates = hasStates;
  }

  noteRow({ id, timeMs }: KnownEvent): void {
    // Nothing is known to be later than a row without a time.
    const place = timeMs === undefined ? latest : this.#placeOf(timeMs);
    const found = this.#ids.get(id);
    if (found === 0 || place > placeIn(found)) this.#ids.set(id, toValue(place, 0));
  }

  noteSent({ id, timeMs }: KnownEvent): void {
    this.#ids.set(id, toValue(this.#placeOf(timeMs), sentBit));
  }

  standingOf({ id, timeMs }: KnownEvent): Standing {
    const found = this.#ids.get(id);
    if (found === 0 || this.#placeOf(timeMs) > placeIn(found)) return 'news';
    return (found & sentBit) === 0 ? 'present' : 'repeated';
  }

  #placeOf(timeMs = this.#from): number {
    return this.#hasStates ? Math.min(latest, Math.max(0, timeMs - this.#from)) : 0;
  }
}

/** Never 0, which is what the table says of an id that it doesn't have. */
function toValue(place: number, bit: number): number {
  return (place + 1) * 2 + bit;
}

function placeIn(value: number): number {
  return (value >>> 1) - 1;
}
