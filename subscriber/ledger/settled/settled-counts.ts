import { freshnessBucket, type SettledOutcome } from '../../../shared/report/ledger.ts';

/** The deliveries of a stream, minute and outcome that were settled since the last report. */
export interface SettledCount {
  stream: string;
  /** Unix minutes. */
  minute: number;
  outcome: SettledOutcome;
  /** Below 0 where replays turned more into something else. */
  deliveries: number;
  rows: number;
  freshness: number[];
  ids: string[];
}

export interface Settled {
  stream: string;
  /** Unix milliseconds. */
  receivedAt: number;
  outcome: SettledOutcome;
  /** 1 by default. */
  deliveries?: number;
  rows: number;
  freshnessMs?: number;
  /** Of a delivery that leaves no lasting trace in a table. */
  id?: string;
}

/** Minutes that nobody has counts for but a flood of wild times; what exceeds the limit is found by a recount. */
const maxCounts = 10_000;
const yearMs = 365 * 86_400_000;

/** Counts in plain numbers: every delivery pays for it. Its memory is bounded, however long nobody takes the counts. */
export class SettledCounts {
  /** By stream, minute and outcome. */
  #counts = new Map<string, Map<number, Map<SettledOutcome, SettledCount>>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /**
   * @param now Unix milliseconds
   * @returns false where it is not counted: there are too many counts, or its time is wild
   */
  add(settled: Settled, now: number): boolean {
    const { deliveries = 1, rows, freshnessMs, id } = settled;
    const count = this.#find(settled, now);
    if (!count) return false;
    count.deliveries += deliveries;
    count.rows += rows;
    if (id !== undefined) count.ids.push(id);
    if (freshnessMs === undefined) return true;
    const bucket = freshnessBucket(freshnessMs);
    while (count.freshness.length <= bucket) count.freshness.push(0);
    count.freshness[bucket] = (count.freshness[bucket] ?? 0) + 1;
    return true;
  }

  /** The counts since the last call. */
  take(): SettledCount[] {
    const taken = [...this.#counts.values()].flatMap((minutes) =>
      [...minutes.values()].flatMap((outcomes) => [...outcomes.values()]),
    );
    this.#counts = new Map();
    this.#size = 0;
    return taken;
  }

  #find({ stream, receivedAt, outcome }: Settled, now: number): SettledCount | undefined {
    let minutes = this.#counts.get(stream);
    if (!minutes) {
      minutes = new Map();
      this.#counts.set(stream, minutes);
    }
    const minute = Math.floor(receivedAt / 60_000);
    let outcomes = minutes.get(minute);
    if (!outcomes) {
      if (!isCountable(receivedAt, now)) return undefined;
      outcomes = new Map();
      minutes.set(minute, outcomes);
    }
    let count = outcomes.get(outcome);
    if (!count && this.#size < maxCounts) {
      count = { stream, minute, outcome, deliveries: 0, rows: 0, freshness: [], ids: [] };
      outcomes.set(outcome, count);
      this.#size++;
    }
    return count;
  }
}

/** A table that is partitioned by the minute takes no others. */
export function isCountable(receivedAt: number, now: number): boolean {
  return receivedAt > now - 9 * yearMs && receivedAt < now + 0.9 * yearMs;
}
