// biome-ignore-all format: generated
// Made by presets.test.ts, a block for each preset: `npx vitest run --project node test/types -u`.

import {
  adyen,
  adyenPlatform,
  asana,
  box,
  braintree,
  calendly,
  clerk,
  coinbaseCommerce,
  convoy,
  customerIo,
  discord,
  docusign,
  dropbox,
  github,
  gocardless,
  hubspot,
  intercom,
  klaviyo,
  launchdarkly,
  line,
  linear,
  mailgun,
  messagebird,
  meta,
  mixpanel,
  openai,
  paddle,
  pagerduty,
  paypal,
  plivo,
  polar,
  pusher,
  razorpay,
  resend,
  sanity,
  segment,
  sendgrid,
  sendgridInbound,
  sentry,
  shopify,
  slack,
  square,
  standardWebhooks,
  stripe,
  supabase,
  svix,
  twilio,
  twilioJson,
  twitch,
  typeform,
  whatsapp,
  wise,
  workos,
  x,
  xero,
  zendesk,
  zoom,
} from 'tributary-relay';
import { it } from 'vitest';

it('adyen', () => {
  adyen({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  adyen({
    // @ts-expect-error
    table: 'orders',
  });
  adyen({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  adyen({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  adyen({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  adyen({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('adyenPlatform', () => {
  adyenPlatform({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  adyenPlatform({
    // @ts-expect-error
    table: 'orders',
  });
  adyenPlatform({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  adyenPlatform({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  adyenPlatform({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  adyenPlatform({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('asana', () => {
  asana({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  asana({
    // @ts-expect-error
    table: 'orders',
  });
  asana({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  asana({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  asana({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  asana({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('box', () => {
  box({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  box({
    // @ts-expect-error
    table: 'orders',
  });
  box({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  box({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  box({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  box({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('braintree', () => {
  braintree({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  braintree({
    // @ts-expect-error
    table: 'orders',
  });
  braintree({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  braintree({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  braintree({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  braintree({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('calendly', () => {
  calendly({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  calendly({
    // @ts-expect-error
    table: 'orders',
  });
  calendly({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  calendly({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  calendly({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  calendly({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('clerk', () => {
  clerk({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  clerk({
    // @ts-expect-error
    table: 'orders',
  });
  clerk({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  clerk({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  clerk({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  clerk({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('coinbaseCommerce', () => {
  coinbaseCommerce({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  coinbaseCommerce({
    // @ts-expect-error
    table: 'orders',
  });
  coinbaseCommerce({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  coinbaseCommerce({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  coinbaseCommerce({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  coinbaseCommerce({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('convoy', () => {
  convoy({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  convoy({
    // @ts-expect-error
    table: 'orders',
  });
  convoy({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  convoy({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  convoy({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  convoy({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('customerIo', () => {
  customerIo({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  customerIo({
    // @ts-expect-error
    table: 'orders',
  });
  customerIo({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  customerIo({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  customerIo({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  customerIo({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('discord', () => {
  discord({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  discord({
    // @ts-expect-error
    table: 'orders',
  });
  discord({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  discord({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  discord({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  discord({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('docusign', () => {
  docusign({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  docusign({
    // @ts-expect-error
    table: 'orders',
  });
  docusign({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  docusign({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  docusign({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  docusign({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('dropbox', () => {
  dropbox({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  dropbox({
    // @ts-expect-error
    table: 'orders',
  });
  dropbox({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  dropbox({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  dropbox({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  dropbox({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('github', () => {
  github({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  github({
    // @ts-expect-error
    table: 'orders',
  });
  github({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  github({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  github({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  github({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('gocardless', () => {
  gocardless({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  gocardless({
    // @ts-expect-error
    table: 'orders',
  });
  gocardless({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  gocardless({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  gocardless({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  gocardless({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('hubspot', () => {
  hubspot({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  hubspot({
    // @ts-expect-error
    table: 'orders',
  });
  hubspot({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  hubspot({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  hubspot({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  hubspot({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('intercom', () => {
  intercom({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  intercom({
    // @ts-expect-error
    table: 'orders',
  });
  intercom({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  intercom({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  intercom({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  intercom({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('klaviyo', () => {
  klaviyo({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  klaviyo({
    // @ts-expect-error
    table: 'orders',
  });
  klaviyo({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  klaviyo({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  klaviyo({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  klaviyo({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('launchdarkly', () => {
  launchdarkly({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  launchdarkly({
    // @ts-expect-error
    table: 'orders',
  });
  launchdarkly({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  launchdarkly({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  launchdarkly({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  launchdarkly({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('line', () => {
  line({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  line({
    // @ts-expect-error
    table: 'orders',
  });
  line({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  line({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  line({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  line({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('linear', () => {
  linear({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  linear({
    // @ts-expect-error
    table: 'orders',
  });
  linear({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  linear({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  linear({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  linear({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('mailgun', () => {
  mailgun({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  mailgun({
    // @ts-expect-error
    table: 'orders',
  });
  mailgun({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  mailgun({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  mailgun({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  mailgun({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('messagebird', () => {
  messagebird({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  messagebird({
    // @ts-expect-error
    table: 'orders',
  });
  messagebird({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  messagebird({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  messagebird({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  messagebird({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('meta', () => {
  meta({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  meta({
    // @ts-expect-error
    table: 'orders',
  });
  meta({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  meta({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  meta({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  meta({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('mixpanel', () => {
  mixpanel({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    scheme: 'bearer',
    handshake: 'probe',
  });
  mixpanel({
    // @ts-expect-error
    table: 'orders',
  });
  mixpanel({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'github',
  });
  mixpanel({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  mixpanel({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  mixpanel({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
  mixpanel({
    table: 'shop.orders',
    // @ts-expect-error
    replayWindow: '15m',
  });
});

it('openai', () => {
  openai({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  openai({
    // @ts-expect-error
    table: 'orders',
  });
  openai({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  openai({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  openai({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  openai({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('paddle', () => {
  paddle({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  paddle({
    // @ts-expect-error
    table: 'orders',
  });
  paddle({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  paddle({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  paddle({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  paddle({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('pagerduty', () => {
  pagerduty({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  pagerduty({
    // @ts-expect-error
    table: 'orders',
  });
  pagerduty({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  pagerduty({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  pagerduty({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  pagerduty({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('paypal', () => {
  paypal({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  paypal({
    // @ts-expect-error
    table: 'orders',
  });
  paypal({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  paypal({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  paypal({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  paypal({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('plivo', () => {
  plivo({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  plivo({
    // @ts-expect-error
    table: 'orders',
  });
  plivo({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  plivo({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  plivo({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  plivo({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('polar', () => {
  polar({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  polar({
    // @ts-expect-error
    table: 'orders',
  });
  polar({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  polar({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  polar({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  polar({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('pusher', () => {
  pusher({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  pusher({
    // @ts-expect-error
    table: 'orders',
  });
  pusher({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  pusher({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  pusher({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  pusher({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('razorpay', () => {
  razorpay({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  razorpay({
    // @ts-expect-error
    table: 'orders',
  });
  razorpay({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  razorpay({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  razorpay({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  razorpay({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('resend', () => {
  resend({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  resend({
    // @ts-expect-error
    table: 'orders',
  });
  resend({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  resend({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  resend({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  resend({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('sanity', () => {
  sanity({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  sanity({
    // @ts-expect-error
    table: 'orders',
  });
  sanity({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  sanity({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  sanity({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  sanity({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('segment', () => {
  segment({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  segment({
    // @ts-expect-error
    table: 'orders',
  });
  segment({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  segment({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  segment({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  segment({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('sendgrid', () => {
  sendgrid({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  sendgrid({
    // @ts-expect-error
    table: 'orders',
  });
  sendgrid({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  sendgrid({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  sendgrid({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  sendgrid({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('sendgridInbound', () => {
  sendgridInbound({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    scheme: 'bearer',
    handshake: 'probe',
  });
  sendgridInbound({
    // @ts-expect-error
    table: 'orders',
  });
  sendgridInbound({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'github',
  });
  sendgridInbound({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  sendgridInbound({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  sendgridInbound({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
  sendgridInbound({
    table: 'shop.orders',
    // @ts-expect-error
    replayWindow: '15m',
  });
});

it('sentry', () => {
  sentry({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  sentry({
    // @ts-expect-error
    table: 'orders',
  });
  sentry({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  sentry({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  sentry({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  sentry({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('shopify', () => {
  shopify({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  shopify({
    // @ts-expect-error
    table: 'orders',
  });
  shopify({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  shopify({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  shopify({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  shopify({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('slack', () => {
  slack({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  slack({
    // @ts-expect-error
    table: 'orders',
  });
  slack({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  slack({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  slack({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  slack({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('square', () => {
  square({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  square({
    // @ts-expect-error
    table: 'orders',
  });
  square({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  square({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  square({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  square({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('standardWebhooks', () => {
  standardWebhooks({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  standardWebhooks({
    // @ts-expect-error
    table: 'orders',
  });
  standardWebhooks({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  standardWebhooks({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  standardWebhooks({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  standardWebhooks({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('stripe', () => {
  stripe({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  stripe({
    // @ts-expect-error
    table: 'orders',
  });
  stripe({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  stripe({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  stripe({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  stripe({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('supabase', () => {
  supabase({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  supabase({
    // @ts-expect-error
    table: 'orders',
  });
  supabase({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  supabase({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  supabase({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  supabase({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('svix', () => {
  svix({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  svix({
    // @ts-expect-error
    table: 'orders',
  });
  svix({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  svix({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  svix({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  svix({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('twilio', () => {
  twilio({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  twilio({
    // @ts-expect-error
    table: 'orders',
  });
  twilio({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  twilio({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  twilio({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  twilio({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('twilioJson', () => {
  twilioJson({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  twilioJson({
    // @ts-expect-error
    table: 'orders',
  });
  twilioJson({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  twilioJson({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  twilioJson({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  twilioJson({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('twitch', () => {
  twitch({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  twitch({
    // @ts-expect-error
    table: 'orders',
  });
  twitch({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  twitch({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  twitch({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  twitch({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('typeform', () => {
  typeform({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  typeform({
    // @ts-expect-error
    table: 'orders',
  });
  typeform({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  typeform({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  typeform({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  typeform({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('whatsapp', () => {
  whatsapp({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  whatsapp({
    // @ts-expect-error
    table: 'orders',
  });
  whatsapp({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  whatsapp({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  whatsapp({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  whatsapp({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('wise', () => {
  wise({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  wise({
    // @ts-expect-error
    table: 'orders',
  });
  wise({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  wise({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  wise({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  wise({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('workos', () => {
  workos({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  workos({
    // @ts-expect-error
    table: 'orders',
  });
  workos({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  workos({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  workos({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  workos({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('x', () => {
  x({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'x',
  });
  x({
    // @ts-expect-error
    table: 'orders',
  });
  x({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  x({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  x({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'zoom',
  });
  x({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('xero', () => {
  xero({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  xero({
    // @ts-expect-error
    table: 'orders',
  });
  xero({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  xero({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  xero({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  xero({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('zendesk', () => {
  zendesk({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'probe',
  });
  zendesk({
    // @ts-expect-error
    table: 'orders',
  });
  zendesk({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  zendesk({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  zendesk({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  zendesk({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});

it('zoom', () => {
  zoom({
    table: 'shop.orders',
    event: '$.type',
    moreColumns: { a: { type: 'STRING', from: '$.a' } },
    handshake: 'zoom',
  });
  zoom({
    // @ts-expect-error
    table: 'orders',
  });
  zoom({
    table: 'shop.orders',
    // @ts-expect-error
    scheme: 'bearer',
  });
  zoom({
    table: 'shop.orders',
    // @ts-expect-error
    event: 'type',
  });
  zoom({
    table: 'shop.orders',
    // @ts-expect-error
    handshake: 'x',
  });
  zoom({
    table: 'shop.orders',
    // @ts-expect-error
    timeZone: 'UTC',
  });
});
