import { isCountable } from './settled-counts.ts';

/** A delivery that is pulled and not settled. */
export interface InFlightDelivery {
  id: string;
  stream: string;
  /** Unix milliseconds. */
  receivedAt: number;
}

/** The deliveries of one stream and minute that are in flight. */
export interface InFlightCount {
  stream: string;
  /** Unix minutes. */
  minute: number;
  deliveries: number;
}

/** A gauge that says the same is repeated this often: then it is known that the replica still lives. */
const repeatAfterMs = 20_000;

/** A gauge older than this is of a replica that has ended. */
export const gaugeLivesMs = 75_000;

/** After an outage the messages in flight may be of thousands of minutes. The others count as not arrived. */
const maxCounts = 1000;

/** What a replica says about its deliveries in flight: only when it changed, or was said long ago. */
export class InFlightGauge {
  #last = '';
  #reportedAt = Number.NEGATIVE_INFINITY;

  /**
   * The whole gauge, if it must be reported now. Its first count is of `now` and the stream '': a replica's newest gauge
   * is found by it, whichever minutes it has.
   */
  read(deliveries: Iterable<InFlightDelivery>, now: number): InFlightCount[] | undefined {
    const counts = new Map<string, InFlightCount>();
    for (const { stream, receivedAt } of deliveries) {
      const minute = Math.floor(receivedAt / 60_000);
      const key = `${minute} ${stream}`;
      const count = counts.get(key);
      if (count) count.deliveries++;
      else if (counts.size < maxCounts && isCountable(receivedAt, now)) {
        counts.set(key, { stream, minute, deliveries: 1 });
      }
    }
    const gauge = [...counts.values()];
    const text = JSON.stringify(gauge);
    const isOld = gauge.length > 0 && now - this.#reportedAt >= repeatAfterMs;
    if (text === this.#last && !isOld) return undefined;
    if (gauge.length === 0 && this.#last === '') return undefined;
    this.#last = text;
    this.#reportedAt = now;
    return [{ stream: '', minute: Math.floor(now / 60_000), deliveries: 0 }, ...gauge];
  }
}
