import { type CensusCount, censusStream, writeCount } from '../../shared/census.ts';
import type { Dropped } from '../decide.ts';
import type { Message } from '../publish/message.ts';
import { newDeliveryId } from '../receive/delivery-id.ts';

/** In UTF-16 units, as filters cap them. */
const maxNameLength = 256;

/** Senders choose names. So many are told apart between two reports; what comes beyond is counted unnamed. */
const maxNames = 200;

/** A report that was begun for a request which was then cancelled never comes: after so long another may. */
const overdueMs = 60_000;

/**
 * Counts what is dropped, between two reports: so many of each name, and no payloads. Kept as values at
 * module level, so an isolate that ends takes with it what it has not reported: the census is an
 * indication, and not worth a moment of a delivery's time.
 */
export class Census {
  readonly #counts = new Map<string, CensusCount>();
  #reportAt: number | undefined;

  /** The events of one delivery, counted one by one; `now` in Unix milliseconds. */
  add(stream: string, { cause, names }: Dropped, now: number): void {
    for (const name of names) this.#addOne(stream, name, cause, now);
  }

  /** Is there anything to report, and nobody who will? Then whoever asks is to do so after `afterMs`. */
  isDue(now: number, afterMs: number): boolean {
    if (this.#counts.size === 0) return false;
    if (this.#reportAt !== undefined && now <= this.#reportAt + overdueMs) return false;
    this.#reportAt = now + afterMs;
    return true;
  }

  /** The counts so far, as messages; and begins anew. */
  take(): Message[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    this.#reportAt = undefined;
    return counts.map((count) => ({
      attributes: {
        stream: censusStream,
        delivery_id: newDeliveryId(count.lastAt),
        received_at: new Date(count.lastAt).toISOString(),
      },
      data: writeCount(count),
    }));
  }

  #addOne(stream: string, name: string | undefined, cause: string, now: number): void {
    const isFit = name !== undefined && name.length <= maxNameLength && name.isWellFormed();
    // Neither a stream nor a cause holds a line break, so that no two keys are one.
    const unnamed = `${stream}\n${cause}`;
    const named = isFit ? `${unnamed}\n${name}` : unnamed;
    const isKnown = this.#counts.has(named) || this.#counts.size < maxNames;
    const key = isKnown ? named : unnamed;
    const count = this.#counts.get(key);
    if (count) {
      count.dropped++;
      count.lastAt = now;
    } else {
      this.#counts.set(key, {
        stream,
        ...(isFit && isKnown && { event: name }),
        cause,
        dropped: 1,
        firstAt: now,
        lastAt: now,
      });
    }
  }
}
