import type { SentBody } from './formats/body-formats.ts';

/**
 * The envelope: the Pub/Sub message that carries one delivery. Its data are the untouched bytes of
 * the body; what the edge learned travels as attributes.
 */
export interface Envelope extends SentBody {
  stream: string;
  /** UUIDv7, stamped before the first try to publish, so that every duplicate can be recognised. */
  deliveryId: string;
  /** Unix milliseconds, by the edge's clock. */
  receivedAt: number;
  /** The request's method, if it is not POST. The body of a GET is its query, byte for byte. */
  method?: string;
  event?: string;
  contentType?: string;
  /** Set where the body is compressed. The body is signed and kept as it was sent. */
  contentEncoding?: string;
  /** The URL's query as it was sent, without the question mark; not for a GET. */
  query?: string;
  /** The name of the secret that matched, where the stream has several: one that never matches can be retired. */
  secret?: string;
  /** W3C Trace Context: the trace, with the edge's span as the parent of what follows. */
  traceparent?: string;
  /** The span of the sender, of which the edge's is a child: 16 hex digits. Absent if the sender named none. */
  parentSpanId?: string;
  /** How often a dead letter of the delivery was replayed, this time included; absent if it was not. */
  replay?: number;
  /** The headers, by lower-case name, that the stream's columns or events are read from. */
  headers?: Readonly<Record<string, string>>;
  body: Uint8Array;
}

export type EnvelopeReading = { ok: true; envelope: Envelope } | { ok: false; problem: string };

/** Pub/Sub refuses a message with a longer attribute value (1,024 bytes). */
const maxValueBytes = 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
const headerPrefix = 'header_';

/** Attributes that a replayed dead letter has besides its own: the message it was, and which replay it is. */
export const replayedMessageAttribute = 'replay_of';
export const replayAttribute = 'replay';
/** What the ledger must know of a replay: the outcome it had before, and the stream that accepted it if it is another. */
export const replayedFromAttribute = 'replay_from';
export const acceptedStreamAttribute = 'accepted_stream';

/** A header's value, if it fits in an attribute. The edge must not see more than the subscriber. */
export function carriedHeader(headers: Headers, name: string): string | undefined {
  const value = headers.get(name);
  return value && fits(value) ? value : undefined;
}

function fits(value: string): boolean {
  if (!value.isWellFormed()) return false;
  // A UTF-16 unit takes three bytes at most: a short value need not be encoded to be measured.
  if (value.length * 3 <= maxValueBytes) return true;
  return value.length <= maxValueBytes && encoder.encode(value).byteLength <= maxValueBytes;
}

/**
 * Attributes as Pub/Sub takes them. A value that is too long is left out: it is only a hint. The query is part of the
 * delivery, so a long one is not left out: `toData` puts it before the body, and `query_bytes` gives its length.
 */
export function toAttributes(envelope: Omit<Envelope, 'body'>): Record<string, string> {
  const attributes: Record<string, string> = {
    stream: envelope.stream,
    delivery_id: envelope.deliveryId,
    received_at: new Date(envelope.receivedAt).toISOString(),
  };
  const hint = (name: string, value: string | undefined) => {
    if (value && fits(value)) attributes[name] = value;
  };
  hint('event_name', envelope.event);
  hint('content_type', envelope.contentType);
  hint('content_encoding', envelope.contentEncoding);
  hint('method', envelope.method);
  hint('secret', envelope.secret);
  const { query } = envelope;
  if (query && fits(query)) attributes['query'] = query;
  else if (query) attributes['query_bytes'] = String(encoder.encode(query).byteLength);
  hint('traceparent', envelope.traceparent);
  // Google's client libraries look for the trace context under their own name.
  hint('googclient_traceparent', envelope.traceparent);
  hint('parent_span_id', envelope.parentSpanId);
  for (const [name, value] of Object.entries(envelope.headers ?? {})) {
    hint(headerPrefix + name, value);
  }
  return attributes;
}

/** The message's data: the body as it is, after a query that is too long for an attribute. */
export function toData<Bytes extends Uint8Array>({ body, query }: { body: Bytes; query?: string }) {
  if (!query || fits(query)) return body;
  const bytes = encoder.encode(query);
  const data = new Uint8Array(bytes.byteLength + body.byteLength);
  data.set(bytes);
  data.set(body, bytes.byteLength);
  return data;
}

/** @param data of the message */
export function readEnvelope(
  attributes: Readonly<Record<string, string>>,
  data: Uint8Array,
): EnvelopeReading {
  const { stream, delivery_id, received_at } = attributes as Record<string, string | undefined>;
  if (!stream) return { ok: false, problem: 'the attribute "stream" is missing' };
  if (!delivery_id) return { ok: false, problem: 'the attribute "delivery_id" is missing' };
  const receivedAt = Date.parse(received_at ?? '');
  if (Number.isNaN(receivedAt)) {
    return { ok: false, problem: 'the attribute "received_at" is missing or not a time' };
  }
  const queryBytes = Number(attributes['query_bytes'] ?? 0);
  if (!(Number.isInteger(queryBytes) && queryBytes >= 0 && queryBytes <= data.byteLength)) {
    return { ok: false, problem: 'the attribute "query_bytes" is no length within the data' };
  }
  const body = queryBytes === 0 ? data : data.subarray(queryBytes);
  const envelope: Envelope = { stream, deliveryId: delivery_id, receivedAt, body };
  if (queryBytes > 0) envelope.query = decoder.decode(data.subarray(0, queryBytes));
  else if (attributes['query']) envelope.query = attributes['query'];
  if (attributes['method']) envelope.method = attributes['method'];
  if (attributes['event_name']) envelope.event = attributes['event_name'];
  if (attributes['content_type']) envelope.contentType = attributes['content_type'];
  if (attributes['content_encoding']) envelope.contentEncoding = attributes['content_encoding'];
  if (attributes['secret']) envelope.secret = attributes['secret'];
  if (attributes['traceparent']) envelope.traceparent = attributes['traceparent'];
  if (attributes['parent_span_id']) envelope.parentSpanId = attributes['parent_span_id'];
  const replay = Number(attributes[replayAttribute]);
  if (Number.isInteger(replay) && replay > 0) envelope.replay = replay;
  // Most streams read none.
  const headers = Object.keys(attributes).filter((name) => name.startsWith(headerPrefix));
  if (headers.length > 0) {
    envelope.headers = Object.fromEntries(
      headers.map((name) => [name.slice(headerPrefix.length), attributes[name] ?? '']),
    );
  }
  return { ok: true, envelope };
}
