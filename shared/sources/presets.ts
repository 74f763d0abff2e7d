import type { HandshakeFor, Stream, StreamOptions } from '../config/config.ts';
import type { EventShape, ValuePlace } from '../config/event-shape.ts';
import type { SchemeName, TokenSchemeName } from '../signatures/schemes.ts';
import { generic } from './generic.ts';

/** A stream can override what its preset says, such as `event` where the sender lets its user choose the name. */
export interface PresetOptions<Scheme extends SchemeName = SchemeName>
  extends Omit<StreamOptions, 'handshake'>,
    EventShape {
  /** The handshake that the sender's console asks for. `x` and `zoom` are for the presets of that name. */
  handshake?: HandshakeFor<Scheme>;
}

/** For senders that sign nothing. */
interface TokenPresetOptions extends Omit<PresetOptions<TokenSchemeName>, 'replayWindow'> {
  /** How the sender shows its secret. By default an unguessable key ends the endpoint's path. */
  scheme?: TokenSchemeName;
}

type SenderRow<Scheme extends SchemeName> = EventShape &
  Pick<StreamOptions, 'publishBudgetMs' | 'acceptsGet' | 'maxBodyBytes'> & {
    scheme: Scheme;
    acceptedStatus?: 200;
  };

/** For senders whose documentation asks for a 200. Some send again after any other answer. */
const only200 = { acceptedStatus: 200 } as const;

/** For senders that wait only this long for an answer: there must be time left for overflow. */
const waits = { oneSecond: { publishBudgetMs: 500 }, threeSeconds: { publishBudgetMs: 1500 } };

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

/** Where a sender says no time, an event's time is when the relay received it. */
const received = 'delivery:received_at';

/** Svix's libraries accept both names of its headers. The second are those of Standard Webhooks. */
const svixId = 'header:svix-id | header:webhook-id';
const webhookId = 'header:webhook-id | header:svix-id';

/** For senders whose deliveries may be larger than a message: the largest size that a message can carry. */
const largest = { maxBodyBytes: 7 * 1024 * 1024 };

/**
 * A sender's row: how it signs, and where in its deliveries an event's name, id and time stand.
 *
 * Without side effects, so that the Worker's bundle holds only the rows that its config uses.
 */
/* @__NO_SIDE_EFFECTS__ */
function sender<const Scheme extends SchemeName>(
  row: SenderRow<Scheme>,
): (options: PresetOptions<Scheme>) => Stream {
  // Only formats that the sender is known to send.
  return (options) => generic({ body: 'json', ...row, ...options });
}

export const adyen = sender({
  scheme: 'adyen',
  each: '$.notificationItems',
  event: '$.NotificationRequestItem.eventCode',
  // One payment has many notifications.
  id: ['$.NotificationRequestItem.pspReference', '$.NotificationRequestItem.eventCode'],
  time: '$.NotificationRequestItem.eventDate',
  moreColumns: { live: { type: 'STRING', from: 'body:$.live' } },
});

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

/** Signs as Svix does. */
export const clerk = sender({
  scheme: 'svix',
  event: '$.type',
  id: svixId,
  time: '$.timestamp | $.created_at',
});

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

/** GitHub's deliveries have no time of their own, but what they are about has one. The most frequent come first. */
const githubTime: ValuePlace = `$.workflow_run.updated_at | $.comment.updated_at | $.pull_request.updated_at | $.issue.updated_at | $.head_commit.timestamp | $.release.published_at | ${received}`;

/**
 * As JSON, or as a form whose `payload` is the JSON; up to 25 MB:
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
 */
export const github = sender({
  ...largest,
  scheme: 'github',
  body: ['json', 'form-payload'],
  event: 'header:x-github-event',
  id: 'header:x-github-delivery',
  time: githubTime,
});

export const hubspot = sender({
  scheme: 'hubspot',
  each: '$',
  event: '$.subscriptionType',
  id: '$.eventId',
  time: { from: '$.occurredAt', unit: 'ms' },
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

export const launchdarkly = sender({
  scheme: 'launchdarkly',
  event: '$.kind',
  id: '$._id',
  time: { from: '$.date', unit: 'ms' },
});

export const linear = sender({
  ...only200,
  scheme: 'linear',
  event: ['$.type', '$.action'],
  id: 'header:linear-delivery',
  time: '$.createdAt',
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

/**
 * Facebook, Instagram, Messenger. An entry may hold several changes, or messages and no change: they stay
 * together in `payload`, under the name of the first.
 */
export const meta = sender(metaRow());

/** Signs nothing: its user chooses how it shows a key. */
export const mixpanel: (options: TokenPresetOptions) => Stream = sender({
  scheme: 'endpoint-key',
  event: '$.action',
  time: received,
});

export const openai = sender({
  scheme: 'openai',
  event: '$.type',
  id: webhookId,
  time: { from: '$.created_at', unit: 's' },
});

/** https://developer.paddle.com/webhooks/about/respond-to-webhooks */
export const paddle = sender({
  ...only200,
  scheme: 'paddle',
  event: '$.event_type',
  id: '$.event_id',
  time: '$.occurred_at',
});

export const pagerduty = sender({
  scheme: 'pagerduty',
  event: '$.event.event_type',
  id: '$.event.id',
  time: '$.event.occurred_at',
});

/** Signs as Standard Webhooks has it, with a secret of its own kind (signatures/keys/key-forms.ts). */
export const polar = sender({
  scheme: 'standard-webhooks',
  event: '$.type',
  id: webhookId,
  time: '$.timestamp',
});

export const pusher = sender({
  scheme: 'pusher',
  each: '$.events',
  event: '$.name',
  time: { from: 'body:$.time_ms', unit: 'ms' },
});

export const razorpay = sender({
  scheme: 'razorpay',
  event: '$.event',
  id: 'header:x-razorpay-event-id',
  time: '$.created_at',
});

/** Signs as Svix does. */
export const resend = sender({
  scheme: 'svix',
  event: '$.type',
  id: svixId,
  time: '$.created_at',
});

export const segment = sender({
  scheme: 'segment',
  event: '$.type',
  id: '$.messageId',
  time: '$.timestamp',
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

export const sentry = sender({
  ...waits.oneSecond,
  scheme: 'sentry',
  event: 'header:sentry-hook-resource',
  id: 'header:request-id',
  time: `header:sentry-hook-timestamp | ${received}`,
});

/** As JSON, or as XML where its user asks for that. */
export const shopify = sender({
  scheme: 'shopify',
  body: ['json', 'text'],
  event: 'header:x-shopify-topic',
  id: 'header:x-shopify-webhook-id',
  time: 'header:x-shopify-triggered-at',
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

export const square = sender({
  scheme: 'square',
  event: '$.type',
  id: '$.event_id',
  time: '$.created_at',
});

export const standardWebhooks = sender({
  scheme: 'standard-webhooks',
  event: '$.type',
  id: webhookId,
  time: '$.timestamp',
});

export const stripe = sender({
  scheme: 'stripe',
  event: '$.type',
  id: '$.id',
  time: { from: '$.created', unit: 's' },
});

/** Auth hooks, signed as Standard Webhooks has it. https://supabase.com/docs/guides/auth/auth-hooks */
export const supabase = sender({
  scheme: 'standard-webhooks',
  event: '$.metadata.name',
  id: webhookId,
  time: '$.metadata.time',
});

export const svix = sender({
  scheme: 'svix',
  event: '$.type',
  id: svixId,
  time: '$.created_at',
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

export const typeform = sender({
  scheme: 'typeform',
  event: '$.event_type',
  id: '$.event_id',
  time: '$.form_response.submitted_at',
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

export const zoom = sender({
  scheme: 'zoom',
  event: '$.event',
  time: { from: '$.event_ts', unit: 'ms' },
});
