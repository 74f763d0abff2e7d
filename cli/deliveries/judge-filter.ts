import type { Filter } from '../../shared/filters/condition.ts';
import { compileFilter, type EventTest, type FilteredEvent } from '../../shared/filters/filter.ts';

/** What two filters make of the stored events with one name. */
export interface NameCount {
  /** null: without a name. */
  event: string | null;
  /** Rows: only what was kept is stored. */
  rows: number;
  /** How many of them today's filter keeps: rows may be older than it. */
  keptToday: number;
  kept: number;
  dropped: number;
  /** By the census: events with this name that the filter dropped, of which there are no rows. */
  droppedToday: number;
  /** What the new filter does to those: `unknown` where it looks at more than the name. */
  ofThese: 'kept' | 'dropped' | 'unknown' | null;
}

/** Counts events by name, under today's filter and a new one. */
export class FilterComparison {
  readonly #today: EventTest;
  readonly #next: EventTest;
  readonly #nextFilter: Filter;
  readonly #counts = new Map<string | null, NameCount>();

  constructor(today: Filter | undefined, next: Filter) {
    this.#today = compileFilter(today).passes;
    this.#next = compileFilter(next).passes;
    this.#nextFilter = next;
  }

  add(event: FilteredEvent): void {
    const count = this.#countOf(event.name ?? null);
    count.rows++;
    if (this.#today(event)) count.keptToday++;
    if (this.#next(event)) count.kept++;
    else count.dropped++;
  }

  /** @param dropped how many events with this name the census counted */
  addDropped(event: string | null, dropped: number): void {
    const count = this.#countOf(event);
    count.droppedToday += dropped;
    count.ofThese = this.#judgeName(event);
  }

  /** The most frequent first. */
  counts(): NameCount[] {
    const all = [...this.#counts.values()];
    return all.sort((a, b) => b.rows + b.droppedToday - (a.rows + a.droppedToday));
  }

  #countOf(event: string | null): NameCount {
    const known = this.#counts.get(event);
    if (known) return known;
    const none = { rows: 0, keptToday: 0, kept: 0, dropped: 0, droppedToday: 0, ofThese: null };
    const made = { event, ...none };
    this.#counts.set(event, made);
    return made;
  }

  #judgeName(event: string | null): 'kept' | 'dropped' | 'unknown' {
    const { where, ...names } = this.#nextFilter;
    const isNamed = names.event !== undefined || names.events !== undefined;
    // The census leaves out names that are too many or too long.
    if (event === null) return 'unknown';
    if (isNamed && !compileFilter(names).passes({ name: event })) return 'dropped';
    return where === undefined ? 'kept' : 'unknown';
  }
}
