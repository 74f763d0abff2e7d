import type { Reaction } from '../../shared/errors.ts';

/** The attributes of an envelope's message, as they came: they may lack anything. */
type Attributes = Readonly<Record<string, string>>;

/**
 * What the parts of the subscriber report about their work. It is called for every message, so it must cost next to
 * nothing. What a part counts anyway is read when the metrics are collected: see `SubscriberState`.
 */
export interface Metrics {
  /** A time to be passed back later; in milliseconds. */
  now(): number;
  /** A delivery was handled to its end: its messages are acked or nacked. */
  processed(begunAt: number, isNacked: boolean): void;
  /**
   * The rows of a delivery are written.
   *
   * @param receivedAt when the edge received it, in Unix milliseconds
   */
  written(attributes: Attributes, receivedAt: number | undefined): void;
  /** BigQuery took the rows of one request. */
  appended(begunAt: number, rows: number): void;
  /** Rows are sent again. */
  retried(reaction: Reaction): void;
  /** @param hasColumn whether its problem names a column */
  deadLetter(attributes: Attributes, problem: { isInPart: boolean; hasColumn: boolean }): void;
  /** The file of an export was downloaded. */
  fetched(stream: string, bytes: number): void;
}

/** Used where no metrics are exported. */
export const noMetrics: Metrics = {
  now: () => 0,
  processed() {},
  written() {},
  appended() {},
  retried() {},
  deadLetter() {},
  fetched() {},
};

/** The same metrics; the observer hears of what it has a method for, after them. */
export function observed(metrics: Metrics, observer: Partial<Omit<Metrics, 'now'>>): Metrics {
  return {
    now: () => metrics.now(),
    processed(begunAt, isNacked) {
      metrics.processed(begunAt, isNacked);
      observer.processed?.(begunAt, isNacked);
    },
    written(attributes, receivedAt) {
      metrics.written(attributes, receivedAt);
      observer.written?.(attributes, receivedAt);
    },
    appended(begunAt, rows) {
      metrics.appended(begunAt, rows);
      observer.appended?.(begunAt, rows);
    },
    retried(reaction) {
      metrics.retried(reaction);
      observer.retried?.(reaction);
    },
    deadLetter(attributes, problem) {
      metrics.deadLetter(attributes, problem);
      observer.deadLetter?.(attributes, problem);
    },
    fetched(stream, bytes) {
      metrics.fetched(stream, bytes);
      observer.fetched?.(stream, bytes);
    },
  };
}

/** What the subscriber's parts know by themselves. */
export interface SubscriberState {
  /** How many messages were pulled since the start. */
  pulled: number;
  inFlight: { messages: number; bytes: number; fullness: number };
  /** Of the messages in flight, in Unix milliseconds; undefined while there is none. */
  oldestReceivedAt: number | undefined;
  tables: Iterable<{ stream: string; rowsWritten?: number; isRefused: boolean }>;
}
