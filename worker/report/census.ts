import { type CensusCount, censusStream, writeCount } from '../../shared/report/census.ts';
import type { Dropped } from '../outcome.ts';
import { type Message, toMessageText } from '../publish/message.ts';
import { type Destination, publish } from '../publish/publish.ts';
import { newDeliveryId } from '../receive/delivery-id.ts';
import { factsOf, writeLog } from './log.ts';

/** In UTF-16 units; the limit of filters. */
const maxNameLength = 256;

/** Senders choose the names, so their number is limited. Events with further names are counted without a name. */
const maxNames = 200;

/** A cancelled request never publishes its counts. After this time, another request may. */
const overdueMs = 60_000;

/** Nobody waits for it, but waitUntil() ends after 30 s. */
const publishBudgetMs = 10_000;

/**
 * Counts dropped events by name, without their payloads. The counts are kept in memory, so an isolate that ends
 * loses those that it has not published: the census is an indication, and must not delay a delivery.
 */
export class Census {
  readonly #counts = new Map<string, CensusCount>();
  #publishAt: number | undefined;

  /** Counts the dropped events of one delivery; `now` in Unix milliseconds. */
  add(stream: string, { cause, names }: Dropped, now: number): void {
    for (const name of names) this.#addOne(stream, name, cause, now);
  }

  /** True if there are counts and no request will publish them. Then the caller must, after `afterMs`. */
  isDue(now: number, afterMs: number): boolean {
    if (this.#counts.size === 0) return false;
    if (this.#publishAt !== undefined && now <= this.#publishAt + overdueMs) return false;
    this.#publishAt = now + afterMs;
    return true;
  }

  /** Returns the counts as messages, and resets them. */
  take(): Message[] {
    const counts = [...this.#counts.values()];
    this.#counts.clear();
    this.#publishAt = undefined;
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
    // Neither a stream nor a cause contains a line break, so the keys are unambiguous.
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

/** Publishes the counts after `afterMs`, together with those that are added until then. Never rejects. */
export async function publishCensus(
  census: Census,
  afterMs: number,
  openDestination: () => Destination,
): Promise<void> {
  await scheduler.wait(afterMs);
  const messages = census.take();
  if (messages.length === 0) return;
  try {
    const texts = messages.map(toMessageText);
    const { ok, ...facts } = await publish(texts, openDestination(), publishBudgetMs);
    if (!ok) writeLog({ outcome: 'census-lost', ...facts });
  } catch (error) {
    writeLog({ outcome: 'census-lost', ...factsOf(error) });
  }
}
