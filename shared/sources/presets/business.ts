// Shops, documents, customers and tasks. In alphabetical order.

import { largest, received, sender } from './sender.ts';

export const asana = sender({
  scheme: 'asana',
  each: '$.events',
  event: ['$.resource.resource_type', '$.action'],
  time: '$.created_at',
});

/** Its header box-delivery-id is new with every retry; the body's id stays. https://developer.box.com/guides/webhooks/v2 */
export const box = sender({
  scheme: 'box',
  event: '$.trigger',
  id: '$.id',
  time: `$.created_at | ${received}`,
});

export const calendly = sender({ scheme: 'calendly', event: '$.event', time: '$.created_at' });

/** As JSON, or as XML by its older setting: https://developers.docusign.com/platform/webhooks/connect/ */
export const docusign = sender({
  ...largest,
  scheme: 'docusign',
  body: ['json', 'text'],
  event: '$.event',
  time: '$.generatedDateTime',
});

/** Says only that something changed. */
export const dropbox = sender({ scheme: 'dropbox', time: received });

export const hubspot = sender({
  scheme: 'hubspot',
  each: '$',
  event: '$.subscriptionType',
  id: '$.eventId',
  time: { from: '$.occurredAt', unit: 'ms' },
});

/** As JSON, or as XML where its user asks for that. */
export const shopify = sender({
  scheme: 'shopify',
  body: ['json', 'text'],
  event: 'header:x-shopify-topic',
  id: 'header:x-shopify-webhook-id',
  time: 'header:x-shopify-triggered-at',
});

export const typeform = sender({
  scheme: 'typeform',
  event: '$.event_type',
  id: '$.event_id',
  time: '$.form_response.submitted_at',
});

export const xero = sender({
  scheme: 'xero',
  each: '$.events',
  event: ['$.eventCategory', '$.eventType'],
  time: '$.eventDateUtc',
});

/** Zendesk's user defines the body, and so the event's name. The body may be JSON, XML or a form. */
export const zendesk = sender({
  scheme: 'zendesk',
  body: ['json', 'form', 'text'],
  event: '$.type',
  id: 'header:x-zendesk-webhook-invocation-id',
  time: '$.time | header:x-zendesk-webhook-signature-timestamp',
});
