import { toAttributes } from '../shared/envelope.ts';
import type { Delivery } from './delivery.ts';

/** An envelope as Pub/Sub takes it. */
export interface Message {
  attributes: Record<string, string>;
  data: Uint8Array;
}

export function toMessage(
  streamName: string,
  delivery: Delivery,
  { event, headers }: { event?: string; headers: Readonly<Record<string, string>> },
): Message {
  const { id, receivedAt, contentType, contentEncoding, traceparent, body } = delivery;
  const attributes = toAttributes({
    stream: streamName,
    deliveryId: id,
    receivedAt,
    traceparent,
    ...(contentType !== undefined && { contentType }),
    ...(contentEncoding !== undefined && { contentEncoding }),
    // A lone surrogate is not text that protobuf can carry: Pub/Sub would refuse the delivery for ever.
    ...(event?.isWellFormed() && { event }),
    headers,
  });
  return { attributes, data: body };
}

/**
 * A message as the body of Pub/Sub's REST publish.
 *
 * The base64 is spliced in, not stringified: it needs no escaping, and a body of 7 MiB should not be
 * copied more often than it must in an isolate of 128 MB.
 */
export function toPublishRequest({ attributes, data }: Message): string {
  return `{"messages":[{"attributes":${JSON.stringify(attributes)},"data":"${data.toBase64()}"}]}`;
}
