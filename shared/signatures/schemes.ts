import { basic, ecdsa, ed25519, hmac, jwt, pathKey, rsa, token } from './builders.ts';
import type { Scheme, SignatureScheme, TokenScheme } from './scheme.ts';

export type { Scheme } from './scheme.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Every scheme that the relay knows by name. A row has only what differs from the defaults of its builder, and names the
 * page that defines it.
 *
 * A window (`toleranceS`) is the sender's own if it signs each attempt anew. If it does not, or if its pages say neither
 * that nor a window, the window is longer than its retries (retries.ts): a delivery that was answered 503 must be
 * accepted when it is sent again.
 */
export const schemes = {
  // The DataNostro tutorial "BigQuery export via a DataNostro webhook", step 2.
  datanostro: hmac({ signature: 'header:x-dn-signature' }),

  // Senders that do not sign. The key in the path: ABsmartly, SegmentStream, Mixpanel.
  'endpoint-key': pathKey(),
  // RFC 7617.
  basic: basic(),
  // RFC 6750, section 2.1.
  bearer: token('authorization', 'Bearer '),
  // No standard; the name that most senders offer.
  'api-key': token('x-api-key'),

  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  'standard-webhooks': standard('webhook', standard('svix')),
  // https://docs.svix.com/receiving/verifying-payloads/how-manual; also Clerk and Resend. Its libraries take both names.
  svix: standard('svix', standard('webhook')),
  // https://platform.openai.com/docs/guides/webhooks
  openai: standard('webhook', standard('svix')),
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github: hmac({ signature: 'header:x-hub-signature-256', tag: 'sha256=' }),
  // https://docs.stripe.com/webhooks/signature. The whole whsec_… is the key, not its base64.
  stripe: hmac({
    signature: 'header:stripe-signature',
    separator: ',',
    tag: 'v1=',
    signed: '{item:t=}.{body}',
    timestamp: { at: 'item:t=', unit: 's', toleranceS: 5 * minute },
  }),
  // https://shopify.dev/docs/apps/build/webhooks/subscribe/https
  shopify: hmac({ signature: 'header:x-shopify-hmac-sha256', encoding: 'base64' }),
  // https://docs.slack.dev/authentication/verifying-requests-from-slack/
  slack: hmac({
    signature: 'header:x-slack-signature',
    tag: 'v0=',
    signed: 'v0:{header:x-slack-request-timestamp}:{body}',
    timestamp: { at: 'header:x-slack-request-timestamp', unit: 's', toleranceS: 5 * minute },
  }),
  // https://developers.facebook.com/docs/graph-api/webhooks/getting-started; also WhatsApp.
  meta: hmac({ signature: 'header:x-hub-signature-256', tag: 'sha256=' }),
  // https://developers.hubspot.com/docs/api/webhooks/validating-requests. v1 and v2 are unsafe.
  hubspot: hmac({
    signature: 'header:x-hubspot-signature-v3',
    encoding: 'base64',
    signed: '{method}{url}{body}{header:x-hubspot-request-timestamp}',
    url: 'hubspot',
    timestamp: { at: 'header:x-hubspot-request-timestamp', unit: 'ms', toleranceS: 5 * minute },
  }),
  // https://developers.intercom.com/docs/webhooks/webhook-notifications
  intercom: hmac({ signature: 'header:x-hub-signature', tag: 'sha1=' }, 'sha1'),
  // https://linear.app/developers/webhooks. It asks for 60 s, but its retries carry the first stamp.
  linear: hmac({
    signature: 'header:linear-signature',
    timestamp: { at: 'json:webhookTimestamp', unit: 'ms', toleranceS: 8 * hour },
  }),
  // https://developer.zendesk.com/documentation/webhooks/verifying/
  zendesk: hmac({
    signature: 'header:x-zendesk-webhook-signature',
    encoding: 'base64',
    signed: '{header:x-zendesk-webhook-signature-timestamp}{body}',
    timestamp: {
      at: 'header:x-zendesk-webhook-signature-timestamp',
      unit: 'iso',
      toleranceS: 15 * minute,
    },
  }),
  // https://developers.zoom.us/docs/api/webhooks/
  zoom: hmac({
    signature: 'header:x-zm-signature',
    tag: 'v0=',
    signed: 'v0:{header:x-zm-request-timestamp}:{body}',
    timestamp: { at: 'header:x-zm-request-timestamp', unit: 's', toleranceS: 2 * hour },
  }),
  // https://developer.squareup.com/docs/webhooks/step3validate
  square: hmac({
    signature: 'header:x-square-hmacsha256-signature',
    encoding: 'base64',
    signed: '{url}{body}',
  }),
  // https://developer.paddle.com/webhooks/signature-verification. Paddle's SDKs allow 5 s, which
  // a busy network or clock exceeds: 300 s as elsewhere, because a refused delivery is lost.
  paddle: hmac({
    signature: 'header:paddle-signature',
    separator: ';',
    tag: 'h1=',
    signed: '{item:ts=}:{body}',
    timestamp: { at: 'item:ts=', unit: 's', toleranceS: 5 * minute },
  }),
  // https://www.twilio.com/docs/usage/webhooks/webhooks-security; SHA-1 is all that Twilio offers.
  'twilio-form': hmac(
    {
      signature: 'header:x-twilio-signature',
      encoding: 'base64',
      signed: '{url}{form.sorted}',
      url: 'twilio',
    },
    'sha1',
  ),
  // The same page, "Validation using bodySHA256": JSON bodies are signed through the URL's query.
  'twilio-json': hmac(
    {
      signature: 'header:x-twilio-signature',
      encoding: 'base64',
      signed: '{url}',
      url: 'twilio',
      bodyDigest: 'query:bodySHA256',
    },
    'sha1',
  ),
  // https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
  sendgrid: ecdsa({
    signature: 'header:x-twilio-email-event-webhook-signature',
    signed: '{header:x-twilio-email-event-webhook-timestamp}{body}',
    timestamp: { at: 'header:x-twilio-email-event-webhook-timestamp', unit: 's' },
  }),
  // https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
  // The event itself is not signed: whoever has seen one delivery can forge others. Routes post forms, with the
  // same fields at the top (.../docs/mailgun/user-manual/receive-forward-store/receive-http); a subaccount's event has a
  // signature with the key of its parent beside its own.
  mailgun: hmac({
    formOrIn: 'signature',
    signature: ['json:signature', 'json:parent-signature'],
    signed: '{json:timestamp}{json:token}',
    timestamp: { at: 'json:timestamp', unit: 's' },
  }),
  // https://docs.discord.com/developers/interactions/overview, "Validating Security Request Headers"
  discord: ed25519({
    signature: 'header:x-signature-ed25519',
    signed: '{header:x-signature-timestamp}{body}',
    timestamp: { at: 'header:x-signature-timestamp', unit: 's' },
  }),
  // https://www.typeform.com/developers/webhooks/secure-your-webhooks/
  typeform: hmac({ signature: 'header:typeform-signature', tag: 'sha256=', encoding: 'base64' }),
  // https://developer.calendly.com/api-docs, "Webhook signatures".
  calendly: hmac({
    signature: 'header:calendly-webhook-signature',
    separator: ',',
    tag: 'v1=',
    signed: '{item:t=}.{body}',
    timestamp: { at: 'item:t=', unit: 's', toleranceS: 25 * hour },
  }),
  // https://segment.com/docs/connections/destinations/catalog/actions-webhook/
  // Only the first event of a batch is signed, so a batch never matches: batching must be off.
  segment: hmac({ signature: 'header:x-signature' }, 'sha1'),
  // https://www.dropbox.com/developers/reference/webhooks
  dropbox: hmac({ signature: 'header:x-dropbox-signature' }),
  // https://developers.asana.com/docs/webhooks-guide. The key is what its handshake brought.
  asana: hmac({ signature: 'header:x-hook-signature' }),
  // https://pusher.com/docs/channels/server_api/webhooks/
  pusher: hmac({
    signature: 'header:x-pusher-signature',
    timestamp: { at: 'json:time_ms', unit: 'ms', toleranceS: 15 * minute },
  }),
  // https://razorpay.com/docs/webhooks/validate-test/
  razorpay: hmac({ signature: 'header:x-razorpay-signature' }),
  // https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures
  // Eight fields of each item are signed, and nothing else of it.
  adyen: hmac({
    each: 'notificationItems',
    signature: 'json:NotificationRequestItem.additionalData.hmacSignature',
    encoding: 'base64',
    key: 'hex',
    signed: [
      '{json:NotificationRequestItem.pspReference?}',
      '{json:NotificationRequestItem.originalReference?}',
      '{json:NotificationRequestItem.merchantAccountCode?}',
      '{json:NotificationRequestItem.merchantReference?}',
      '{json:NotificationRequestItem.amount.value?}',
      '{json:NotificationRequestItem.amount.currency?}',
      '{json:NotificationRequestItem.eventCode?}',
      '{json:NotificationRequestItem.success?}',
    ].join(':'),
  }),
  // The same page: every webhook of Adyen except the one for payments has its signature in a header.
  'adyen-platform': hmac({ signature: 'header:hmacsignature', encoding: 'base64', key: 'hex' }),
  // https://docs.cdp.coinbase.com/commerce-onchain/docs/webhooks-security
  'coinbase-commerce': hmac({ signature: 'header:x-cc-webhook-signature' }),
  // https://developer.gocardless.com/getting-started/staying-up-to-date-with-webhooks
  gocardless: hmac({ signature: 'header:webhook-signature' }),
  // https://docs.wise.com/guides/developer/webhooks/event-handling. The key is Wise's, one for all its customers.
  wise: rsa({ signature: 'header:x-signature-sha256' }),
  // https://developer.paypal.com/api/rest/webhooks/rest. Of the body only a checksum is signed: whoever has seen one
  // delivery can make another body with the same. The secret is the id of the webhook.
  paypal: rsa({
    signature: 'header:paypal-transmission-sig',
    key: 'certificate',
    signed: '{header:paypal-transmission-id}|{header:paypal-transmission-time}|{secret}|{crc32}',
    certificate: {
      url: 'header:paypal-cert-url',
      host: 'paypal.com',
      path: '/v1/notifications/certs/',
    },
    timestamp: {
      at: 'header:paypal-transmission-time',
      unit: 'iso',
      toleranceS: 3 * day + hour,
    },
  }),
  // https://developer.paypal.com/braintree/docs/guides/webhooks/parse; SHA-1 is all that Braintree offers.
  braintree: hmac(
    {
      formOrIn: 'braintree',
      signature: 'json:bt_signature',
      separator: '&',
      after: '|',
      key: 'braintree',
      signed: '{json:bt_payload}',
    },
    'sha1',
  ),
  // https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
  line: hmac({ signature: 'header:x-line-signature', encoding: 'base64' }),
  // https://developers.messagebird.com/docs/verify-http-requests. The libraries refuse what is older than `exp`, which
  // is a minute after `nbf`.
  messagebird: jwt({
    signature: 'header:messagebird-signature-jwt',
    bodyHash: 'payload_hash',
    urlHash: 'url_hash',
    issuer: 'MessageBird',
    timestamp: { at: 'claim:nbf', unit: 's', toleranceS: 5 * minute },
  }),
  // https://www.plivo.com/docs/voice/concepts/signature-validation: V3, of a POST to a URL without a query. V2 does not
  // sign the body.
  plivo: hmac({
    signature: ['header:x-plivo-signature-v3', 'header:x-plivo-signature-ma-v3'],
    separator: ',',
    encoding: 'base64',
    signed: '{url}?{form.sorted}.{header:x-plivo-signature-v3-nonce}',
  }),
  // https://getconvoy.io/docs/product-manual/signatures: its simple signature, in hex.
  convoy: hmac({ signature: 'header:x-convoy-signature' }),
  // https://www.sanity.io/docs/http-reference/webhooks
  sanity: hmac({
    signature: 'header:sanity-webhook-signature',
    separator: ',',
    tag: 'v1=',
    encoding: 'base64url',
    signed: '{item:t=}.{body}',
    timestamp: { at: 'item:t=', unit: 'ms', toleranceS: hour },
  }),
  // https://workos.com/docs/events/data-syncing/webhooks
  workos: hmac({
    signature: 'header:workos-signature',
    separator: ',',
    tag: 'v1=',
    signed: '{item:t=}.{body}',
    timestamp: { at: 'item:t=', unit: 'ms', toleranceS: 5 * minute },
  }),
  // https://launchdarkly.com/docs/home/infrastructure/webhooks
  launchdarkly: hmac({ signature: 'header:x-ld-signature' }),
  // https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
  sentry: hmac({ signature: 'header:sentry-hook-signature' }),
  // https://developer.pagerduty.com/docs/verifying-webhook-signatures
  pagerduty: hmac({ signature: 'header:x-pagerduty-signature', separator: ',', tag: 'v1=' }),
  // https://dev.twitch.tv/docs/eventsub/handling-webhook-events/
  twitch: hmac({
    signature: 'header:twitch-eventsub-message-signature',
    tag: 'sha256=',
    signed: '{header:twitch-eventsub-message-id}{header:twitch-eventsub-message-timestamp}{body}',
    timestamp: {
      at: 'header:twitch-eventsub-message-timestamp',
      unit: 'iso',
      toleranceS: 10 * minute,
    },
  }),
  // https://docs.x.com/x-api/webhooks/introduction, "Securing webhooks". The key is the consumer secret.
  x: hmac({
    signature: 'header:x-twitter-webhooks-signature',
    tag: 'sha256=',
    encoding: 'base64',
  }),
  // https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/
  xero: hmac({ signature: 'header:x-xero-signature', encoding: 'base64' }),
  // https://developers.docusign.com/platform/webhooks/connect/hmac/. One header for each key.
  docusign: hmac({
    signature: Array.from(
      { length: 10 },
      (_, at) => `header:x-docusign-signature-${at + 1}` as const,
    ),
    encoding: 'base64',
  }),
  // https://docs.customer.io/integrations/api/webhooks
  'customer-io': hmac({
    signature: 'header:x-cio-signature',
    signed: 'v0:{header:x-cio-timestamp}:{body}',
    timestamp: { at: 'header:x-cio-timestamp', unit: 's', toleranceS: 25 * hour },
  }),
  // https://developers.klaviyo.com/en/docs/working_with_system_webhooks. The page does not say
  // how the time is written, so it is only signed text here, without a window.
  klaviyo: hmac({
    signature: 'header:klaviyo-signature',
    signed: '{body}{header:klaviyo-timestamp}',
  }),
  // https://developer.box.com/guides/webhooks/v2/signatures-v2. Two keys, either of which proves it.
  box: hmac({
    signature: ['header:box-signature-primary', 'header:box-signature-secondary'],
    encoding: 'base64',
    signed: '{body}{header:box-delivery-timestamp}',
    timestamp: { at: 'header:box-delivery-timestamp', unit: 'iso', toleranceS: 10 * minute },
  }),
} as const satisfies Record<string, Scheme>;

export type SchemeName = keyof typeof schemes;

/** The `scheme` of a stream: a row of the table by its name, or one that the config defines. */
export type SchemeChoice = SchemeName | Scheme;

/** The scheme of a stream. The check of the config has made sure that there is one. */
export function schemeOf({ scheme }: { scheme: SchemeChoice }): Scheme {
  return typeof scheme === 'string' ? schemes[scheme] : scheme;
}

/** For messages: `"stripe"`, or `its own scheme`. */
export function nameOf(scheme: SchemeChoice): string {
  return typeof scheme === 'string' ? `"${scheme}"` : 'its own scheme';
}

/** The schemes of senders that show their secret instead of signing. */
export type TokenSchemeName = {
  [Name in SchemeName]: (typeof schemes)[Name] extends TokenScheme ? Name : never;
}[SchemeName];

/** The same, or one that the config defines. */
export type TokenSchemeChoice = TokenSchemeName | TokenScheme;

/** Standard Webhooks, whose headers begin with a prefix that its adopters choose. */
function standard(prefix: 'svix' | 'webhook', otherwise?: SignatureScheme): SignatureScheme {
  return hmac({
    signature: `header:${prefix}-signature`,
    separator: ' ',
    tag: 'v1,',
    encoding: 'base64',
    key: 'whsec',
    signed: `{header:${prefix}-id}.{header:${prefix}-timestamp}.{body}`,
    timestamp: { at: `header:${prefix}-timestamp`, unit: 's', toleranceS: 5 * minute },
    ...(otherwise && { otherwise }),
  });
}
