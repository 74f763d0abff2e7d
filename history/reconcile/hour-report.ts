import { hourMs, type TimeWindow } from '../time-window.ts';
import type { Reconciliation } from './reconcile.ts';

/**
 * `missing`: the sender has it, the table has not. `extra`: the table has it, the sender has not.
 * `duplicate`: a row too many.
 */
export type Difference = 'missing' | 'extra' | 'duplicate';

export interface ReconcileTotals {
  /** Different events of the sender that pass the stream's filter. */
  sent: number;
  rows: number;
  missing: number;
  extra: number;
  duplicate: number;
  filtered: number;
  /** Lines that can't become rows. */
  unusable: number;
  /** Events of another time than was asked for: those of no window are not compared. */
  outside: number;
}

export interface HourDifference {
  /** Unix milliseconds; absent for events without a time. */
  hour?: number;
  counts: Record<Difference, number>;
  /** The first of each kind. */
  ids: Record<Difference, string[]>;
}

/** Differences, counted by the hour. */
export class HourReport {
  readonly totals: ReconcileTotals = {
    sent: 0,
    rows: 0,
    missing: 0,
    extra: 0,
    duplicate: 0,
    filtered: 0,
    unusable: 0,
    outside: 0,
  };
  readonly #idsPerHour: number;
  readonly #hours = new Map<number | undefined, HourDifference>();
  /** By where they begin. */
  readonly #gaps = new Map<number, TimeWindow>();

  constructor(idsPerHour: number) {
    this.#idsPerHour = idsPerHour;
  }

  count(difference: Difference, id: string, timeMs: number | undefined): void {
    this.totals[difference]++;
    this.#count(difference, hourOf(timeMs), 1, [id]);
  }

  addGap(gap: TimeWindow): void {
    const known = this.#gaps.get(gap.from);
    if (!known || known.to < gap.to) this.#gaps.set(gap.from, gap);
  }

  add(other: HourReport): void {
    for (const name of Object.keys(this.totals) as (keyof ReconcileTotals)[]) {
      this.totals[name] += other.totals[name];
    }
    for (const { hour, counts, ids } of other.#hours.values()) {
      for (const difference of Object.keys(counts) as Difference[]) {
        this.#count(difference, hour, counts[difference], ids[difference]);
      }
    }
    for (const gap of other.#gaps.values()) this.addGap(gap);
  }

  result(): Reconciliation {
    const inOrder = ({ hour: a = Infinity }: HourDifference, { hour: b = Infinity }) => a - b;
    return {
      totals: this.totals,
      hours: [...this.#hours.values()].sort(inOrder),
      gaps: joinWindows([...this.#gaps.values()]),
    };
  }

  #count(
    difference: Difference,
    hour: number | undefined,
    count: number,
    ids: readonly string[],
  ): void {
    if (count === 0) return;
    let entry = this.#hours.get(hour);
    if (!entry) {
      entry = {
        ...(hour !== undefined && { hour }),
        counts: { missing: 0, extra: 0, duplicate: 0 },
        ids: { missing: [], extra: [], duplicate: [] },
      };
      this.#hours.set(hour, entry);
    }
    entry.counts[difference] += count;
    const kept = entry.ids[difference];
    // Some hours have more ids than a call takes arguments.
    for (const id of ids.slice(0, this.#idsPerHour - kept.length)) kept.push(id);
  }
}

function hourOf(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.floor(timeMs / hourMs) * hourMs;
}

/** Those that touch or overlap become one. */
function joinWindows(windows: TimeWindow[]): TimeWindow[] {
  const joined: TimeWindow[] = [];
  for (const { from, to } of windows.sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}
