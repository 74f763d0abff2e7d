import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../log.ts';
import { reportFailures, resourceOf, toHrTime } from '../otlp/otlp-export.ts';
import { version } from '../service/version.ts';
import type { Span, SpanPlace } from './span.ts';
import type { SamplerSettings, TraceSettings } from './trace-settings.ts';
import type { TracesOptions } from './traces.ts';

// Loaded only where the environment asks for traces: main.ts imports it dynamically. No tracer is registered, so
// Google's own client writes no spans beside these.

export interface SpanExport extends Pick<TracesOptions, 'write' | 'isSampled'> {
  /** Sends what waits, for at most `withinMs`, then ends. Never rejects. */
  stop(withinMs: number): Promise<void>;
}

const failureMessages = {
  failed: 'the collector does not take the traces; those of this time are lost',
  over: 'the collector takes the traces again',
};

/** Exports spans over OTLP, in batches. While the collector is away, the newest are dropped when the queue is full. */
export function startSpanExport({ sampler, batches }: TraceSettings, log: Log): SpanExport {
  const processor: SpanProcessor = new BatchSpanProcessor({
    exporter: reportFailures(new OTLPTraceExporter(), failureMessages, log),
    maxQueueSize: batches.maxQueue,
    maxExportBatchSize: batches.maxBatch,
    scheduledDelayMillis: batches.delayMs,
    exportTimeoutMillis: batches.timeoutMs,
  });
  const resource = resourceOf();
  return {
    write: (span) => processor.onEnd(toReadable(span, resource)),
    isSampled: samplerOf(sampler),
    async stop(withinMs) {
      const ended = processor.shutdown().catch(() => {});
      await Promise.race([ended, sleep(withinMs, undefined, { ref: false })]);
    },
  };
}

function samplerOf({ ratio, isParentBased }: SamplerSettings): TracesOptions['isSampled'] {
  // The SDK's own, so that a sender with the same ratio decides alike.
  const sampler = new TraceIdRatioBasedSampler(ratio);
  return (traceId, sender) => {
    if (isParentBased && sender !== undefined) return sender;
    const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
}

const scope = { name: 'tributary', version };

const kinds = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
};

function toReadable(span: Span, resource: Resource): ReadableSpan {
  const { traceId, parentId, errorType, links = [] } = span;
  // The clocks of the edge, of Pub/Sub and of the subscriber differ.
  const endMs = Math.max(span.startMs, span.endMs);
  const context = contextOf(span);
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(parentId !== undefined && { parentSpanContext: contextOf({ traceId, spanId: parentId }) }),
    startTime: toHrTime(span.startMs),
    endTime: toHrTime(endMs),
    duration: toHrTime(endMs - span.startMs),
    status: { code: errorType === undefined ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: { ...span.attributes, 'error.type': errorType },
    links: links.map((link) => ({ context: contextOf(link) })),
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: span.droppedLinks ?? 0,
  };
}

function contextOf({ traceId, spanId }: SpanPlace) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}
