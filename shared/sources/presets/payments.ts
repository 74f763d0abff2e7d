// Payments, billing and banking. In alphabetical order.

import { only200, received, sender, webhookId } from './sender.ts';

export const adyen = sender({
  scheme: 'adyen',
  each: '$.notificationItems',
  event: '$.NotificationRequestItem.eventCode',
  // One payment has many notifications.
  id: ['$.NotificationRequestItem.pspReference', '$.NotificationRequestItem.eventCode'],
  time: '$.NotificationRequestItem.eventDate',
  moreColumns: { live: { type: 'STRING', from: 'body:$.live' } },
});

/**
 * Balance platform, management, disputes and all other webhooks of Adyen except those for payments, with the signature
 * in a header. https://docs.adyen.com/development-resources/webhooks/webhook-types
 */
export const adyenPlatform = sender({
  scheme: 'adyen-platform',
  event: '$.type',
  // One payment or transfer has many events.
  id: ['$.data.id | $.data.pspReference | $.id', '$.type'],
  time: '$.timestamp | $.data.creationDate | $.createdAt',
});

/**
 * A form: `bt_payload` is the base64 of an XML document, which says what the event is and when it was. A view of the table
 * reads it: docs/sources.md.
 */
export const braintree = sender({ scheme: 'braintree', body: 'form', time: received });

export const coinbaseCommerce = sender({
  scheme: 'coinbase-commerce',
  event: '$.event.type',
  id: '$.event.id',
  time: '$.event.created_at',
});

export const gocardless = sender({
  scheme: 'gocardless',
  each: '$.events',
  event: ['$.resource_type', '$.action'],
  id: '$.id',
  time: '$.created_at',
  moreColumns: { webhook_id: { type: 'STRING', from: 'body:$.meta.webhook_id' } },
});

/** https://developer.paddle.com/webhooks/about/respond-to-webhooks */
export const paddle = sender({
  ...only200,
  scheme: 'paddle',
  event: '$.event_type',
  id: '$.event_id',
  time: '$.occurred_at',
});

export const paypal = sender({
  scheme: 'paypal',
  event: '$.event_type',
  id: '$.id',
  time: '$.create_time',
});

/** Signs as Standard Webhooks has it, with a secret of its own kind (signatures/keys/key-forms.ts). */
export const polar = sender({
  scheme: 'standard-webhooks',
  event: '$.type',
  id: webhookId,
  time: '$.timestamp',
});

export const razorpay = sender({
  scheme: 'razorpay',
  event: '$.event',
  id: 'header:x-razorpay-event-id',
  time: '$.created_at',
});

export const square = sender({
  scheme: 'square',
  event: '$.type',
  id: '$.event_id',
  time: '$.created_at',
});

export const stripe = sender({
  scheme: 'stripe',
  event: '$.type',
  id: '$.id',
  time: { from: '$.created', unit: 's' },
});

/** Its body has no id of the event. */
export const wise = sender({
  scheme: 'wise',
  event: '$.event_type',
  id: 'header:x-delivery-id',
  time: '$.data.occurred_at | $.sent_at',
});
