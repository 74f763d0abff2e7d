import { toAttributes } from '../shared/envelope.ts';
import type { Delivery } from './delivery.ts';
import { traceparentOf } from './trace.ts';

/** An envelope as Pub/Sub takes it. */
export interface Message {
  attributes: Record<string, string>;
  data: Uint8Array;
}

/** Enough for any media type with its parameters; what is longer is cut, for it is only a hint. */
const maxContentType = 256;

/** What a query string is: the payload of a GET. */
const queryContentType = 'application/x-www-form-urlencoded';

export function toMessage(
  streamName: string,
  delivery: Delivery,
  { event, headers }: { event?: string; headers: Readonly<Record<string, string>> },
): Message {
  const { id, receivedAt, method, headers: sent, body } = delivery;
  const contentType =
    method === 'GET' ? queryContentType : sent.get('content-type')?.slice(0, maxContentType);
  const contentEncoding = sent.get('content-encoding')?.slice(0, maxContentType);
  const attributes = toAttributes({
    stream: streamName,
    deliveryId: id,
    receivedAt,
    ...(method !== 'POST' && { method }),
    traceparent: traceparentOf(sent.get('traceparent')),
    ...(contentType && { contentType }),
    ...(contentEncoding && { contentEncoding }),
    // A lone surrogate is not text that protobuf can carry: Pub/Sub would refuse the delivery for ever.
    ...(event?.isWellFormed() && { event }),
    headers,
  });
  return { attributes, data: body };
}

/**
 * A message as it stands in the body of Pub/Sub's REST publish.
 *
 * The base64 is spliced in, not stringified: it needs no escaping, and a body of 7 MiB should not be
 * copied more often than it must in an isolate of 128 MB.
 */
export function toMessageText({ attributes, data }: Message): string {
  return `{"attributes":${JSON.stringify(attributes)},"data":"${data.toBase64()}"}`;
}
