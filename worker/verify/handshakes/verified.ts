import { cloudevents } from './echoed.ts';
import {
  echo,
  type Handshake,
  isChallenge,
  membersOf,
  present,
  readPath,
  replyJson,
} from './handshake.ts';

// Challenges that come signed, or at an endpoint with a key, as every delivery does. What they are is
// decided by the body alone: no signature covers the headers.

/**
 * https://docs.slack.dev/reference/events/url_verification, and for slash commands
 * https://docs.slack.dev/interactivity/implementing-slash-commands: now and then Slack asks for the certificate
 * with `ssl_check=1`, which it does not sign. What shows a signature is verified first.
 */
export const slack: Handshake = {
  async get(query) {
    return query.get('ssl_check') === '1' ? present : undefined;
  },
  unsigned(headers, body) {
    return !headers.has('x-slack-signature') && isSslCheck(body) ? present : undefined;
  },
  async verified({ body }) {
    if (isSslCheck(body)) return present;
    const { type, challenge } = membersOf(body);
    return type === 'url_verification' && isChallenge(challenge) ? echo(challenge) : undefined;
  },
};

/** It holds a token beside, and little else: not more is read before it is verified. */
const maxSslCheckBytes = 4096;

/** A form, and no JSON whose texts hold what looks like one. */
function isSslCheck(body: Uint8Array): boolean {
  if (body.byteLength > maxSslCheckBytes) return false;
  const text = new TextDecoder().decode(body);
  return /^[\w.*+%=&-]+$/.test(text) && new URLSearchParams(text).get('ssl_check') === '1';
}

/** https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#responding-to-a-challenge-request */
export const twitch: Handshake = {
  async verified({ body }) {
    const members = membersOf(body);
    const status = readPath(members, ['subscription', 'status']);
    const { challenge } = members;
    const isDue = status === 'webhook_callback_verification_pending' && isChallenge(challenge);
    return isDue ? echo(challenge) : undefined;
  },
};

/** https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation */
export const graph: Handshake = {
  async verified({ url }) {
    const token = new URLSearchParams(/\?(.*)$/s.exec(url)?.[1]).get('validationToken');
    return isChallenge(token) ? echo(token) : undefined;
  },
};

/**
 * https://developer.monday.com/api-reference/docs/webhooks, "Verifying a webhook URL". Whatever is not answered
 * 200, it sends again: https://developer.monday.com/apps/changelog/clarification-on-retry-policies-for-webhooks-and-custom-actions
 */
export const monday: Handshake = {
  async verified({ body }) {
    const { challenge, ...others } = membersOf(body);
    const isDue = isChallenge(challenge) && Object.keys(others).length === 0;
    return isDue ? replyJson({ challenge }) : undefined;
  },
  answers: { acceptedStatus: 200 },
};

/**
 * https://docs.discord.com/developers/events/webhook-events and, for interactions,
 * https://docs.discord.com/developers/interactions/overview. A PING is of type 0 among the former and of
 * type 1 among the latter, where type 1 is an event of the former.
 */
export const discord: Handshake = {
  async verified({ body }) {
    const { type, event, token } = membersOf(body);
    if (type === 0) return { reply: { status: 204 } };
    const isPing = type === 1 && event === undefined && typeof token === 'string';
    return isPing ? replyJson({ type: 1 }) : undefined;
  },
};

/**
 * https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/, "Intent to receive":
 * deliveries without events, signed rightly and wrongly, which want 200 and 401 with nothing in them.
 */
export const xero: Handshake = {
  async verified({ body }) {
    const { events } = membersOf(body);
    return Array.isArray(events) && events.length === 0 ? { reply: { status: 200 } } : undefined;
  },
  answers: { bare: true, acceptedStatus: 200 },
};

/**
 * Azure Event Grid's own schema, at an endpoint whose key held:
 * https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema. Where the
 * subscription is for CloudEvents, it asks as those do.
 */
export const eventGrid: Handshake = {
  ...cloudevents,
  async verified({ headers, body }) {
    const event = readPath(membersOf(body), ['0']);
    const code = readPath(event, ['data', 'validationCode']);
    const isDue =
      headers.get('aeg-event-type')?.toLowerCase() === 'subscriptionvalidation' ||
      readPath(event, ['eventType']) === 'Microsoft.EventGrid.SubscriptionValidationEvent';
    return isDue && isChallenge(code) ? replyJson({ validationResponse: code }) : undefined;
  },
};
