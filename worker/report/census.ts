import type { CensusCount } from '../../shared/report/census.ts';
import type { Dropped } from '../outcome.ts';

/** In UTF-16 units; the limit of filters. */
const maxNameLength = 256;

/** Senders choose the names, so their number is limited. Events with further names are counted without a name. */
const maxNames = 200;

/** The counts of one stream and cause. No text is put together to find one. */
interface Group {
  cause: Dropped['cause'];
  byName: Map<string | undefined, CensusCount>;
}

/**
 * Counts dropped events by name, without their payloads. The counts are kept in memory, so an isolate that ends
 * loses those that it has not reported: the census is an indication, and must not delay a delivery.
 */
export class Census {
  readonly #groups = new Map<string, Group[]>();
  #size = 0;

  /** Counts the dropped events of one delivery; `now` in Unix milliseconds. */
  add(stream: string, { cause, names }: Dropped, now: number): void {
    const { byName } = this.#groupOf(stream, cause);
    for (const name of names) {
      const count = byName.get(name) ?? this.#addCount(byName, stream, cause, name, now);
      count.dropped++;
      count.lastAt = now;
    }
  }

  /** Returns the counts, and begins anew. */
  take(): CensusCount[] {
    const counts = [...this.#groups.values()].flat().flatMap(({ byName }) => [...byName.values()]);
    this.#groups.clear();
    this.#size = 0;
    return counts;
  }

  #groupOf(stream: string, cause: Dropped['cause']): Group {
    const groups = this.#groups.get(stream);
    const known = groups?.find((group) => group.cause === cause);
    if (known) return known;
    const group = { cause, byName: new Map() };
    if (groups) groups.push(group);
    else this.#groups.set(stream, [group]);
    return group;
  }

  #addCount(
    byName: Group['byName'],
    stream: string,
    cause: Dropped['cause'],
    name: string | undefined,
    now: number,
  ): CensusCount {
    const isFit = name !== undefined && name.length <= maxNameLength && name.isWellFormed();
    const isNamed = isFit && this.#size < maxNames;
    const unnamed = isNamed ? undefined : byName.get(undefined);
    if (unnamed) return unnamed;
    this.#size++;
    const event = isNamed ? { event: name } : {};
    const count = { stream, ...event, cause, dropped: 0, firstAt: now, lastAt: now };
    byName.set(isNamed ? name : undefined, count);
    return count;
  }
}
