// Mail, messages, calls and social networks. In alphabetical order.

import type { Stream } from '../../config/config.ts';
import {
  largest,
  only200,
  received,
  type SenderRow,
  sender,
  svixId,
  type TokenPresetOptions,
  waits,
} from './sender.ts';

/** Meta's products differ only in `object`. */
function metaRow(): SenderRow<'meta'> {
  return {
    ...only200,
    // https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks: "up to 3 MB".
    maxBodyBytes: 3 * 1024 * 1024,
    scheme: 'meta',
    each: '$.entry',
    event: '$.changes[0].field',
    // An entry of WhatsApp has no time of its own.
    time: `$.time | $.changes[0].value.messages[0].timestamp | $.changes[0].value.statuses[0].timestamp | ${received}`,
    moreColumns: { object: { type: 'STRING', from: 'body:$.object' } },
  };
}

export const customerIo = sender({
  scheme: 'customer-io',
  event: '$.metric',
  id: '$.event_id',
  time: { from: '$.timestamp', unit: 's' },
});

export const discord = sender({
  ...waits.threeSeconds,
  scheme: 'discord',
  event: '$.event.type',
  time: '$.event.timestamp',
});

export const intercom = sender({
  ...only200,
  scheme: 'intercom',
  event: '$.topic',
  id: '$.id',
  time: '$.created_at',
});

export const klaviyo = sender({
  scheme: 'klaviyo',
  each: '$.data',
  event: '$.topic',
  id: '$.external_id',
  time: '$.payload.data.attributes.datetime | body:$.meta.timestamp',
  moreColumns: { meta: { type: 'JSON', from: 'body:$.meta' } },
});

/** Its console tests a URL with a delivery that holds no event. */
export const line = sender({
  ...only200,
  scheme: 'line',
  each: '$.events',
  event: '$.type',
  id: '$.webhookEventId',
  time: { from: '$.timestamp', unit: 'ms' },
  moreColumns: { destination: { type: 'STRING', from: 'body:$.destination' } },
});

/**
 * Events as JSON, and what routes forward: forms, multipart where the mail has attachments, of 25 MB at most.
 * https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-retries
 * https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
 */
export const mailgun = sender({
  ...only200,
  ...largest,
  scheme: 'mailgun',
  body: ['json', 'form', 'multipart'],
  event: '$.event-data.event | $.event',
  id: '$.event-data.id | $.Message-Id',
  time: { from: '$.event-data.timestamp | $.timestamp', unit: 's' },
});

/** Status reports are GETs. What else it sends is JSON, or a form. */
export const messagebird = sender({
  ...only200,
  scheme: 'messagebird',
  acceptsGet: true,
  body: ['json', 'form'],
  event: '$.type | $.status',
  // One message has many reports.
  id: ['$.message.id | $.id', '$.message.status | $.status | $.type'],
  time: '$.message.updatedDatetime | $.statusDatetime | $.createdDatetime',
});

/**
 * Facebook, Instagram, Messenger. An entry may hold several changes, or messages and no change: they stay
 * together in `payload`, under the name of the first.
 */
export const meta = sender(metaRow());

const plivoStatus = '$.Event | $.Status | $.CallStatus';

/** Calls and messages, as forms. One of them has many callbacks. */
export const plivo = sender({
  scheme: 'plivo',
  body: 'form',
  event: plivoStatus,
  id: ['$.MessageUUID | $.CallUUID', plivoStatus],
  time: received,
});

export const pusher = sender({
  scheme: 'pusher',
  each: '$.events',
  event: '$.name',
  time: { from: 'body:$.time_ms', unit: 'ms' },
});

/** Signs as Svix does. */
export const resend = sender({
  scheme: 'svix',
  event: '$.type',
  id: svixId,
  time: '$.created_at',
});

/**
 * Events in batches, and mail from Inbound Parse, as multipart: up to 30 MB of it, in charsets that `charsets` tells.
 * https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
 */
export const sendgrid = sender({
  ...largest,
  scheme: 'sendgrid',
  body: ['json', 'multipart', 'form'],
  each: '$',
  event: '$.event',
  id: '$.sg_event_id',
  time: { from: '$.timestamp', unit: 's' },
});

/** Inbound Parse without a security policy of SendGrid, which would sign it: its user chooses how it shows a key. */
export const sendgridInbound: (options: TokenPresetOptions) => Stream = sender({
  ...largest,
  scheme: 'endpoint-key',
  body: ['multipart', 'form'],
  time: received,
});

/**
 * Events as JSON, slash commands as forms, and interactions as forms whose `payload` is JSON. If there is no time
 * in the body, it is that of the signature.
 */
export const slack = sender({
  ...waits.threeSeconds,
  scheme: 'slack',
  body: ['json', 'form', 'form-payload'],
  event: '$.event.type | $.type | $.command',
  id: '$.event_id | $.trigger_id',
  time: {
    from: '$.event_time | $.action_ts | $.actions[0].action_ts | header:x-slack-request-timestamp',
    unit: 's',
  },
});

const twilioStatus = '$.MessageStatus | $.SmsStatus | $.CallStatus';
/** One message or call has many callbacks. */
const twilioId = ['$.MessageSid | $.CallSid', twilioStatus] as const;

/** Twilio's callbacks as forms, the usual kind, or as GETs, where the user asks for those. */
export const twilio = sender({
  scheme: 'twilio-form',
  acceptsGet: true,
  body: 'form',
  event: twilioStatus,
  id: twilioId,
  // Only callbacks of calls have one.
  time: `$.Timestamp | ${received}`,
});

/** Twilio's callbacks as JSON, and its event streams: arrays of CloudEvents. */
export const twilioJson = sender({
  scheme: 'twilio-json',
  body: 'json',
  each: '$',
  event: `$.type | ${twilioStatus}`,
  id: ['$.id | $.MessageSid | $.CallSid', twilioStatus],
  time: `$.time | $.Timestamp | ${received}`,
});

export const twitch = sender({
  scheme: 'twitch',
  // Not the header that says the same: that one is not signed.
  event: '$.subscription.type',
  id: 'header:twitch-eventsub-message-id',
  time: 'header:twitch-eventsub-message-timestamp',
});

export const whatsapp = sender(metaRow());

/** X sends no event name: the members of a delivery show what it is about. */
export const x = sender({
  ...only200,
  scheme: 'x',
  time: {
    from: `$.tweet_create_events[0].timestamp_ms | $.favorite_events[0].timestamp_ms | $.follow_events[0].created_timestamp | $.direct_message_events[0].created_timestamp | ${received}`,
    unit: 'ms',
  },
});

export const zoom = sender({
  scheme: 'zoom',
  event: '$.event',
  time: { from: '$.event_ts', unit: 'ms' },
});
