import { toAttributes } from '../shared/envelope.ts';
import type { Delivery } from './delivery.ts';

/**
 * The envelope of a delivery as the body of Pub/Sub's REST publish.
 *
 * The base64 is spliced in, not stringified: it needs no escaping, and a body of 7 MiB should not be
 * copied more often than it must in an isolate of 128 MB.
 */
export function toPublishRequest(
  streamName: string,
  delivery: Delivery,
  event: string | undefined,
): string {
  const { id, receivedAt, contentType, traceparent, body } = delivery;
  const attributes = toAttributes({
    stream: streamName,
    deliveryId: id,
    receivedAt,
    traceparent,
    ...(contentType !== undefined && { contentType }),
    // A lone surrogate is not text that protobuf can carry: Pub/Sub would refuse the delivery for ever.
    ...(event?.isWellFormed() && { event }),
  });
  return `{"messages":[{"attributes":${JSON.stringify(attributes)},"data":"${body.toBase64()}"}]}`;
}
