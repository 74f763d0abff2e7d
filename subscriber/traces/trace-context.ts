import type { SpanPlace } from './span.ts';

/** The edge's span, as the attributes of a message tell it. */
export interface EdgeContext extends SpanPlace {
  /** The sender's span and its decision; absent if the sender sent no trace context. */
  sender?: { spanId: string; isSampled: boolean };
}

/** As the edge writes it: version 00 of W3C Trace Context, section 3.2. */
const form = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
const spanIdForm = /^(?!0{16})[0-9a-f]{16}$/;

const sampledFlag = 1;

/** @returns undefined for a message that the edge did not publish */
export function readEdgeContext(
  attributes: Readonly<Record<string, string>>,
  randomSpanId: () => string,
): EdgeContext | undefined {
  const [, traceId, spanId, flags = ''] = form.exec(attributes['traceparent'] ?? '') ?? [];
  if (!traceId || !spanId) return undefined;
  const isSampled = (Number.parseInt(flags, 16) & sampledFlag) !== 0;
  const parentId = attributes['parent_span_id'];
  if (parentId !== undefined && spanIdForm.test(parentId)) {
    return { traceId, spanId, sender: { spanId: parentId, isSampled } };
  }
  // An edge of version 0.2 passed the sender's span on as it was. Its own traces were never sampled.
  if (isSampled) return { traceId, spanId: randomSpanId(), sender: { spanId, isSampled } };
  return { traceId, spanId };
}
