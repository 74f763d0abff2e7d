import type { schemes } from './schemes.ts';

/** The schemes that sign a time. */
type TimedSchemeName = {
  [Name in keyof typeof schemes]: (typeof schemes)[Name] extends { algorithm: 'token' | 'basic' }
    ? never
    : Name;
}[keyof typeof schemes];

/** How a sender retries a delivery that was answered 503. */
export interface Retries {
  /** When it sends the delivery again, by its documentation. */
  schedule: string;
  /** When the last retry comes, in seconds; undefined if the documentation does not say. */
  lastAfterS?: number;
  /**
   * Whether each attempt is signed with a time of its own. `renewed`: the documentation says so. `implied`: the
   * documentation or the sender's libraries refuse a delivery older than the window, so no retry with the first time
   * could pass. `kept`: receivers report that the first time stays. `unknown`: the window must cover the retries.
   */
  stamp: 'renewed' | 'implied' | 'kept' | 'unknown';
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const svix: Retries = {
  schedule: 'after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h',
  lastAfterS: 27.6 * hour,
  stamp: 'renewed',
};

/**
 * By scheme, for docs/sources.md and the test that compares windows with it. The Worker does not use it. Schemes that
 * sign no time are left out: their retries are as valid as the first try.
 */
export const retries: Partial<Record<TimedSchemeName, Retries>> = {
  'standard-webhooks': { schedule: "as the sender's pages say", stamp: 'renewed' },
  svix,
  openai: { schedule: 'with growing pauses, for 72 h', lastAfterS: 3 * day, stamp: 'renewed' },
  // https://docs.stripe.com/webhooks#retries
  stripe: { schedule: 'with growing pauses, for 3 days', lastAfterS: 3 * day, stamp: 'renewed' },
  // https://docs.slack.dev/apis/events-api/#retries
  slack: { schedule: 'at once, after 1 min and 5 min', lastAfterS: 6 * minute, stamp: 'implied' },
  // https://developers.hubspot.com/docs/api/webhooks
  hubspot: { schedule: '10, within 24 h', lastAfterS: day, stamp: 'implied' },
  // https://linear.app/developers/webhooks
  linear: { schedule: 'after 1 min, 1 h and 6 h', lastAfterS: 7 * hour + minute, stamp: 'kept' },
  // https://developer.zendesk.com/api-reference/webhooks/introduction
  zendesk: { schedule: 'a few, within minutes', lastAfterS: 5 * minute, stamp: 'unknown' },
  // https://developers.zoom.us/blog/webhook-delays
  zoom: {
    schedule: 'after 5 min, 20 min and 60 min',
    lastAfterS: 90 * minute,
    stamp: 'unknown',
  },
  // https://developer.paddle.com/webhooks/about/respond-to-webhooks
  paddle: { schedule: '60, within 3 days', lastAfterS: 3 * day, stamp: 'implied' },
  sendgrid: { schedule: 'with growing pauses, for 24 h', lastAfterS: day, stamp: 'unknown' },
  // https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhook-retries
  mailgun: {
    schedule: 'after 10, 10, 15 and 30 min, 1 h, 2 h and 4 h',
    lastAfterS: 8.1 * hour,
    stamp: 'unknown',
  },
  discord: { schedule: 'for 10 min', lastAfterS: 10 * minute, stamp: 'unknown' },
  // https://developer.calendly.com/api-docs/overview/webhooks/webhook-errors
  calendly: { schedule: 'with growing pauses, for 24 h', lastAfterS: day, stamp: 'unknown' },
  // https://docs.bird.com/pusher/channels/channels/webhooks/channels-webhook-timeouts-and-retries
  pusher: { schedule: 'with growing pauses, for 5 min', lastAfterS: 5 * minute, stamp: 'kept' },
  // https://dev.twitch.tv/docs/eventsub/
  twitch: { schedule: 'not said', stamp: 'implied' },
  // https://docs.customer.io/integrations/api/webhooks
  'customer-io': { schedule: 'until it is taken; later ones wait', stamp: 'unknown' },
  // https://developer.paypal.com/api/rest/webhooks/rest
  paypal: { schedule: '25, within 3 days', lastAfterS: 3 * day, stamp: 'unknown' },
  // Its libraries refuse what is older than a minute.
  messagebird: { schedule: 'not said', stamp: 'implied' },
  // † From memory.
  sanity: {
    schedule: 'with growing pauses, for 30 min',
    lastAfterS: 30 * minute,
    stamp: 'unknown',
  },
  // https://workos.com/docs/events/data-syncing/webhooks. Its libraries refuse what is older than three minutes.
  workos: { schedule: '6, within 3 days', lastAfterS: 3 * day, stamp: 'implied' },
  // https://developer.box.com/guides/webhooks/handle/retries
  box: { schedule: '10, the first after 5 min', stamp: 'renewed' },
};
