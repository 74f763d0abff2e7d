import { cloudevents } from './echoed.ts';
import {
  echo,
  type Handshake,
  isChallenge,
  membersOf,
  present,
  readPath,
  reply,
  replyJson,
} from './handshake.ts';

// Challenges that are signed, or that show a key, as every delivery is or does. Only the body decides whether it is
// a challenge: no signature covers the headers.

/**
 * https://docs.slack.dev/reference/events/url_verification, and for slash commands
 * https://docs.slack.dev/interactivity/implementing-slash-commands: Slack sometimes checks the certificate with
 * `ssl_check=1`, which it does not sign. A request that shows a signature is verified first.
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

/** A check holds a token and little else. Larger bodies are not read before they are verified. */
const maxSslCheckBytes = 4096;

/** The body must be a form as a whole: a JSON text may contain `&ssl_check=1&`. */
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
  async verified({ query }) {
    const token = new URLSearchParams(query).get('validationToken');
    return isChallenge(token) ? echo(token) : undefined;
  },
};

/**
 * https://developer.monday.com/api-reference/docs/webhooks, "Verifying a webhook URL". It retries whatever
 * is not answered 200: https://developer.monday.com/apps/changelog/clarification-on-retry-policies-for-webhooks-and-custom-actions
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
 * https://docs.discord.com/developers/interactions/overview. The type of a PING is 0 for webhook events and 1 for
 * interactions; among webhook events, type 1 is an event.
 */
export const discord: Handshake = {
  async verified({ body }) {
    const { type, event, token } = membersOf(body);
    if (type === 0) return reply({ status: 204 });
    const isPing = type === 1 && event === undefined && typeof token === 'string';
    return isPing ? replyJson({ type: 1 }) : undefined;
  },
};

/**
 * https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/, "Intent to receive":
 * deliveries without events, some with a wrong signature. They want 200 and 401 without a body.
 */
export const xero: Handshake = {
  async verified({ body }) {
    const { events } = membersOf(body);
    return Array.isArray(events) && events.length === 0 ? reply({ status: 200 }) : undefined;
  },
  answers: { bare: true, acceptedStatus: 200 },
};

/**
 * Azure Event Grid's own schema, at an endpoint whose key held:
 * https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema. A subscription in the
 * CloudEvents schema uses the handshake of CloudEvents.
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
