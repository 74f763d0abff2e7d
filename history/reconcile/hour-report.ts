import { hourMs, type TimeWindow } from '../time-window.ts';

/**
 * `missing`: only the sender has it. `extra`: only the table has it. `duplicate`: a further row of the same event.
 */
export type Difference = 'missing' | 'extra' | 'duplicate';

export interface ReconcileTotals {
  /** Distinct events of the sender that pass the stream's filter. */
  sent: number;
  rows: number;
  missing: number;
  extra: number;
  duplicate: number;
  filtered: number;
  /** Lines and events that can't become rows. */
  unusable: number;
  /** Not in the requested window by their time. They are compared only in their own window. */
  outside: number;
}

export interface HourDifference {
  /** Unix milliseconds; absent for events without a time. */
  hour?: number;
  counts: Record<Difference, number>;
  /** The first of each kind. */
  ids: Record<Difference, string[]>;
}

export interface Reconciliation {
  totals: ReconcileTotals;
  /** The hours with differences, in order. */
  hours: HourDifference[];
  /** Windows with missing events, in order: a repair has to fill them. */
  gaps: TimeWindow[];
}

/** Counts differences by the hour. */
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
  /** By their beginning. */
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
    // One by one: an hour may have more ids than a call can have arguments.
    for (const id of ids.slice(0, this.#idsPerHour - kept.length)) kept.push(id);
  }
}

function hourOf(timeMs: number | undefined): number | undefined {
  return timeMs === undefined ? undefined : Math.floor(timeMs / hourMs) * hourMs;
}

/** Windows that touch or overlap become one. */
function joinWindows(windows: TimeWindow[]): TimeWindow[] {
  const joined: TimeWindow[] = [];
  for (const { from, to } of windows.sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}
