import { randomBytes } from 'node:crypto';
import { isOwnStream } from '../../shared/report/edge-report.ts';
import type { PulledMessage } from '../pull/subscription.ts';
import { DeliveryTrace, type TraceScope } from './delivery-trace.ts';
import type { SpanPlace } from './span.ts';
import { readEdgeContext } from './trace-context.ts';

export interface TracesOptions
  extends Pick<TraceScope, 'topic' | 'subscription' | 'write'>,
    Partial<Pick<TraceScope, 'now' | 'randomId'>> {
  /** @param sender the decision of the sender; undefined if it has made none */
  isSampled(traceId: string, sender: boolean | undefined): boolean;
}

/** A row that is appended, with the trace of its delivery, if that is sampled. */
export interface TracedRow {
  readonly trace?: DeliveryTrace | undefined;
  /** When it was queued, in milliseconds of the queue's clock. */
  readonly since: number;
}

/** What an append came to, by the indexes of its rows. */
export interface AppendOutcome {
  written: readonly number[];
  invalid: readonly { index: number }[];
  /** They are tried again, because of the failure. */
  retryable: readonly number[];
  failure?: { reaction: string } | undefined;
}

/** As many as the SDK keeps by default. */
const maxLinks = 128;

/** The traces of the deliveries that are sampled, and the spans of the batches that they share. */
export class Traces {
  readonly #scope: TraceScope;
  readonly #isSampled: TracesOptions['isSampled'];

  constructor({ isSampled, ...scope }: TracesOptions) {
    this.#scope = { now: Date.now, randomId, ...scope };
    this.#isSampled = isSampled;
  }

  /**
   * @param receivedAt when the edge received it, in Unix milliseconds
   * @returns undefined if it is not sampled
   */
  begin(message: PulledMessage, receivedAt: number | undefined): DeliveryTrace | undefined {
    // No sender's trace.
    if (isOwnStream(message.attributes['stream'] ?? '')) return undefined;
    const edge = readEdgeContext(message.attributes, () => this.#scope.randomId(16));
    const traceId = edge?.traceId ?? this.#scope.randomId(32);
    if (!this.#isSampled(traceId, edge?.sender?.isSampled)) return undefined;
    return new DeliveryTrace(this.#scope, message, traceId, edge, receivedAt);
  }

  /**
   * Begins the span of an append, in a trace of its own with a link to each delivery, and in each delivery's trace
   * a span with a link to it.
   *
   * @param now by the queue's clock
   * @returns what ends them; undefined if no row is traced
   */
  append(
    table: string,
    rows: readonly TracedRow[],
    { now, isRetry }: { now: number; isRetry: boolean },
  ): ((outcome: AppendOutcome) => void) | undefined {
    const startMs = this.#scope.now();
    const ends = new Map<DeliveryTrace, ReturnType<DeliveryTrace['begin']>>();
    for (const { trace, since } of rows) {
      if (!trace || ends.has(trace)) continue;
      const waitedMs = isRetry ? 0 : now - since;
      ends.set(
        trace,
        trace.begin(`write ${table}`, { 'tributary.table': table }, startMs - waitedMs),
      );
    }
    if (ends.size === 0) return undefined;
    const batch: SpanPlace = {
      traceId: this.#scope.randomId(32),
      spanId: this.#scope.randomId(16),
    };
    return ({ written, invalid, retryable, failure }) => {
      const failed = new Map<DeliveryTrace | undefined, string>();
      for (const { index } of invalid) failed.set(rows[index]?.trace, 'invalid');
      for (const index of retryable) {
        failed.set(rows[index]?.trace, failure?.reaction ?? 'not written');
      }
      for (const [trace, end] of ends) end(failed.get(trace), { links: [batch] });
      const places = [...ends.keys()].map(({ traceId, spanId }) => ({ traceId, spanId }));
      this.#scope.write({
        name: `append ${table}`,
        kind: 'client',
        ...batch,
        startMs,
        endMs: this.#scope.now(),
        attributes: {
          'rpc.system': 'grpc',
          'rpc.service': 'google.cloud.bigquery.storage.v1.BigQueryWrite',
          'rpc.method': 'AppendRows',
          'messaging.batch.message_count': ends.size,
          'tributary.table': table,
          'tributary.append.rows': rows.length,
          'tributary.append.written': written.length,
        },
        links: places.slice(0, maxLinks),
        droppedLinks: Math.max(0, places.length - maxLinks),
        errorType: failure?.reaction ?? (invalid.length > 0 ? 'invalid' : undefined),
      });
    };
  }
}

/** An id of zeros only would be invalid, and is never drawn. */
function randomId(digits: number): string {
  return randomBytes(digits / 2).toString('hex');
}
