// The HTTP request of one message: https://cloud.google.com/pubsub/docs/push#receive_push

import type { PushSettings } from '../delivery/delivery-settings.ts';
import type { Delivery } from '../transport/encode-deliveries.ts';
import { messageType } from '../transport/protos.ts';

const PubsubMessage = messageType('PubsubMessage');

interface Message {
  readonly data: Buffer;
  readonly attributes: Record<string, string>;
  readonly orderingKey: string;
}

export interface PushRequest {
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

export function pushRequest(
  delivery: Delivery,
  subscription: string,
  { unwrapped }: PushSettings,
): PushRequest {
  const message = PubsubMessage.decode(delivery.payload) as unknown as Message;
  if (!unwrapped) {
    const body = JSON.stringify(wrapped(delivery, subscription, message));
    return { headers: { 'content-type': 'application/json' }, body };
  }
  const headers = unwrapped.writeMetadata ? metadata(delivery, subscription, message) : {};
  return { headers, body: message.data };
}

function wrapped(
  { key, publishedMs, attempt }: Delivery,
  subscription: string,
  { data, attributes, orderingKey }: Message,
): object {
  const messageId = String(key);
  const publishTime = new Date(publishedMs).toISOString();
  return {
    message: {
      ...(Object.keys(attributes).length > 0 && { attributes }),
      data: data.toString('base64'),
      // The service sends both spellings.
      messageId,
      message_id: messageId,
      publishTime,
      publish_time: publishTime,
      ...(orderingKey && { orderingKey }),
    },
    subscription,
    ...(attempt > 0 && { deliveryAttempt: attempt }),
  };
}

/** Attributes that can't be headers are left out. */
function metadata(
  { key, publishedMs, attempt }: Delivery,
  subscription: string,
  { attributes, orderingKey }: Message,
): Record<string, string> {
  const sound = Object.entries(attributes).filter(
    ([name, value]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\x20-\x7e\t]*$/.test(value),
  );
  return {
    ...Object.fromEntries(sound),
    'x-goog-pubsub-subscription-name': subscription,
    'x-goog-pubsub-message-id': String(key),
    'x-goog-pubsub-publish-time': new Date(publishedMs).toISOString(),
    ...(orderingKey && { 'x-goog-pubsub-ordering-key': orderingKey }),
    ...(attempt > 0 && { 'x-goog-pubsub-delivery-attempt': String(attempt) }),
  };
}
