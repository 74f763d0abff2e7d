import { toAttributes, toData } from '../../shared/envelope.ts';
import { type Delivery, queryOf } from '../receive/delivery.ts';
import { traceparentOf } from '../receive/trace.ts';

/** An envelope as Pub/Sub takes it. */
export interface Message {
  attributes: Record<string, string>;
  data: Uint8Array;
}

/** What a query string is: the payload of a GET. */
const queryContentType = 'application/x-www-form-urlencoded';

export function toMessage(
  streamName: string,
  delivery: Delivery,
  { event, headers }: { event?: string; headers: Readonly<Record<string, string>> },
): Message {
  const { id, receivedAt, method, url, headers: sent, body } = delivery;
  const isGet = method === 'GET';
  // Whole or not at all: with half of a boundary or a charset the subscriber would read something else.
  const contentType = isGet ? queryContentType : sent.get('content-type');
  const contentEncoding = isGet ? undefined : sent.get('content-encoding');
  const query = isGet ? '' : queryOf(url);
  const attributes = toAttributes({
    stream: streamName,
    deliveryId: id,
    receivedAt,
    traceparent: traceparentOf(sent.get('traceparent')),
    ...(method !== 'POST' && { method }),
    ...(query && { query }),
    ...(contentType && { contentType }),
    ...(contentEncoding && { contentEncoding }),
    // A lone surrogate is not text that protobuf can carry: Pub/Sub would refuse the delivery for ever.
    ...(event?.isWellFormed() && { event }),
    headers,
  });
  return { attributes, data: toData({ body, query }) };
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
