import { replayedMessageAttribute } from '../../shared/envelope.ts';
import type { Reaction } from '../../shared/errors.ts';
import {
  type DeadLetterReason,
  type MetricKey,
  type MetricRow,
  metricTable,
} from './metric-table.ts';
import type { Metrics, SubscriberState } from './metrics.ts';

/** The value of a histogram: `counts` has one more than the bounds. */
export interface HistogramValue {
  bounds: readonly number[];
  counts: readonly number[];
  sum: number;
  count: number;
}

export interface Series {
  attributes: Record<string, string>;
  value: number | HistogramValue;
}

export interface RecorderOptions {
  /** The name of the subscription. */
  subscription: string;
  /** The names of all streams in the config: no other value gets into the attribute. */
  streams: readonly string[];
  /** Unix milliseconds, and those of a clock that never jumps. */
  clock?: () => number;
  now?: () => number;
}

const reactions: readonly Reaction[] = ['transient', 'throttled', 'setup', 'invalid'];
const ownReasons: readonly DeadLetterReason[] = ['column', 'in_part', 'other'];
/** The stream of a dead letter whose stream is not in the config. */
const unknownStream = 'unknown';

/**
 * Counts in plain numbers, without an object or a look-up by attributes at each event: that would cost the
 * subscriber some percent of its CPU. The exporters read the sums.
 */
export class MetricsRecorder implements Metrics {
  readonly #subscription: string;
  readonly #clock: () => number;
  readonly now: () => number;
  readonly #acked = new Histogram(metricTable.process);
  readonly #nacked = new Histogram(metricTable.process);
  readonly #appendDuration = new Histogram(metricTable.appendDuration);
  readonly #appendRows = new Histogram(metricTable.appendRows);
  readonly #freshness: ReadonlyMap<string, Histogram>;
  readonly #retries = new Map<Reaction, number>(reactions.map((reaction) => [reaction, 0]));
  /** By stream, then by reason. */
  readonly #deadLetters: ReadonlyMap<string, Map<DeadLetterReason, number>>;
  readonly #exportBytes = new Map<string, number>();

  constructor({
    subscription,
    streams,
    clock = Date.now,
    now = () => performance.now(),
  }: RecorderOptions) {
    this.#subscription = subscription;
    this.#clock = clock;
    this.now = now;
    this.#freshness = new Map(streams.map((name) => [name, new Histogram(metricTable.freshness)]));
    // From 0, because Prometheus sees no increase in a series that begins with 1.
    const zeros = (reasons: readonly DeadLetterReason[]) =>
      new Map(reasons.map((reason) => [reason, 0]));
    this.#deadLetters = new Map([
      [unknownStream, zeros(['stream', 'envelope'])],
      ...streams.map((name) => [name, zeros(ownReasons)] as const),
    ]);
  }

  processed(begunAt: number, isNacked: boolean): void {
    const histogram = isNacked ? this.#nacked : this.#acked;
    histogram.record((this.now() - begunAt) / 1000);
  }

  written(attributes: Readonly<Record<string, string>>, receivedAt: number | undefined): void {
    if (receivedAt === undefined || attributes[replayedMessageAttribute] !== undefined) return;
    // The clock of the edge may be ahead.
    const seconds = Math.max(0, this.#clock() - receivedAt) / 1000;
    this.#freshness.get(attributes['stream'] ?? '')?.record(seconds);
  }

  appended(begunAt: number, rows: number): void {
    this.#appendDuration.record((this.now() - begunAt) / 1000);
    this.#appendRows.record(rows);
  }

  retried(reaction: Reaction): void {
    this.#retries.set(reaction, (this.#retries.get(reaction) ?? 0) + 1);
  }

  deadLetter(
    { stream }: Readonly<Record<string, string>>,
    { isInPart, hasColumn }: { isInPart: boolean; hasColumn: boolean },
  ): void {
    const isKnown = stream !== undefined && this.#freshness.has(stream);
    const counts = this.#deadLetters.get(isKnown ? stream : unknownStream);
    const own = isInPart ? 'in_part' : hasColumn ? 'column' : 'other';
    const reason = isKnown ? own : stream === undefined ? 'envelope' : 'stream';
    counts?.set(reason, (counts.get(reason) ?? 0) + 1);
  }

  fetched(stream: string, bytes: number): void {
    this.#exportBytes.set(stream, (this.#exportBytes.get(stream) ?? 0) + bytes);
  }

  collect({
    pulled,
    inFlight,
    oldestReceivedAt,
    tables,
  }: SubscriberState): Record<MetricKey, Series[]> {
    const all = [...tables];
    const age = oldestReceivedAt === undefined ? 0 : this.#clock() - oldestReceivedAt;
    return {
      consumed: [{ attributes: this.#messaging('receive'), value: pulled }],
      process: [
        { attributes: this.#messaging('process'), value: this.#acked.value },
        {
          attributes: { ...this.#messaging('process'), 'error.type': 'nacked' },
          value: this.#nacked.value,
        },
      ],
      rowsWritten: all.flatMap(({ stream, rowsWritten }) =>
        rowsWritten === undefined ? [] : { attributes: { stream }, value: rowsWritten },
      ),
      freshness: entries(this.#freshness).map(([stream, { value }]) => ({
        attributes: { stream },
        value,
      })),
      appendDuration: single(this.#appendDuration.value),
      appendRows: single(this.#appendRows.value),
      appendRetries: entries(this.#retries).map(([reaction, value]) => ({
        attributes: { reaction },
        value,
      })),
      deadLetters: entries(this.#deadLetters).flatMap(([stream, counts]) =>
        entries(counts).map(([reason, value]) => ({ attributes: { stream, reason }, value })),
      ),
      inFlightMessages: single(inFlight.messages),
      inFlightBytes: single(inFlight.bytes),
      inFlightFullness: single(inFlight.fullness),
      oldestAge: single(Math.max(0, age / 1000)),
      tablesRefused: all.map(({ stream, isRefused }) => ({
        attributes: { stream },
        value: isRefused ? 1 : 0,
      })),
      exportBytes: entries(this.#exportBytes).map(([stream, value]) => ({
        attributes: { stream },
        value,
      })),
    };
  }

  #messaging(operation: string): Record<string, string> {
    return {
      'messaging.system': 'gcp_pubsub',
      'messaging.operation.name': operation,
      'messaging.destination.subscription.name': this.#subscription,
    };
  }
}

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor({ bounds = [] }: Pick<MetricRow, 'bounds'>) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** A value that equals a bound belongs to the bucket below it. */
  record(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
    this.#count++;
  }

  get value(): HistogramValue {
    return {
      bounds: this.#bounds,
      counts: [...this.#counts],
      sum: this.#sum,
      count: this.#count,
    };
  }
}

function single(value: Series['value']): Series[] {
  return [{ attributes: {}, value }];
}

function entries<Key, Value>(map: ReadonlyMap<Key, Value>): [Key, Value][] {
  return [...map];
}
