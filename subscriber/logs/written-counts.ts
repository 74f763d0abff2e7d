import type { Log } from '../log.ts';
import { type Metrics, observed } from '../service/metrics.ts';

export interface WrittenCountsOptions {
  log: Log;
  /** How many rows of a stream were written since the start; undefined for a stream of exports. */
  rowsOf: (stream: string) => number | undefined;
  /** Unix milliseconds. */
  now?: () => number;
}

interface Counts {
  deliveries: number;
  /** From the edge to the row, in milliseconds. */
  ages: number[];
  rowsBefore: number;
}

const everyMs = 1000;
/** For the percentile; more would not change it much. */
const maxAges = 10_000;

/**
 * Logs what was written as counts: for each stream at most one line a second, and none while nothing comes. It is
 * for a person who watches; in production the metrics and the ledger have the counts.
 */
export class WrittenCounts {
  readonly #options: Required<WrittenCountsOptions>;
  readonly #streams = new Map<string, Counts>();
  readonly #timer: NodeJS.Timeout;
  #reportedAt: number;

  constructor(options: WrittenCountsOptions) {
    this.#options = { now: Date.now, ...options };
    this.#reportedAt = this.#options.now();
    this.#timer = setInterval(() => this.report(), everyMs).unref();
  }

  /** What the parts report, counted, and passed on. */
  count(metrics: Metrics): Metrics {
    return observed(metrics, {
      written: (attributes, receivedAt) => this.#add(attributes['stream'] ?? '', receivedAt),
    });
  }

  report(): void {
    const { log, rowsOf, now } = this.#options;
    const seconds = Math.max(1, (now() - this.#reportedAt) / 1000);
    this.#reportedAt = now();
    for (const [stream, counts] of this.#streams) {
      const { deliveries, ages, rowsBefore } = counts;
      if (deliveries === 0) continue;
      const rows = rowsOf(stream);
      ages.sort((a, b) => a - b);
      log({
        severity: 'INFO',
        message: 'written',
        stream,
        per_second: Math.round(deliveries / seconds) || 1,
        ...(rows !== undefined && { rows: rows - rowsBefore }),
        p95_ms: ages[Math.ceil(ages.length * 0.95) - 1],
      });
      this.#streams.set(stream, { deliveries: 0, ages: [], rowsBefore: rows ?? 0 });
    }
  }

  /** Reports a last time. */
  stop(): void {
    clearInterval(this.#timer);
    this.report();
  }

  #add(stream: string, receivedAt: number | undefined): void {
    const counts = this.#streams.get(stream) ?? { deliveries: 0, ages: [], rowsBefore: 0 };
    this.#streams.set(stream, counts);
    counts.deliveries++;
    // The clock of the edge may be ahead.
    if (receivedAt === undefined || counts.ages.length >= maxAges) return;
    counts.ages.push(Math.max(0, this.#options.now() - receivedAt));
  }
}
