import { echo, type Handshake, isChallenge, present } from './handshake.ts';

// Challenges that are sent back as they came. They prove that somebody answers here, and nothing else:
// nothing is relayed, signed or kept for them.

/** https://www.dropbox.com/developers/reference/webhooks */
export const dropbox: Handshake = {
  async get(query) {
    const challenge = query.get('challenge');
    return isChallenge(challenge) ? echo(challenge) : undefined;
  },
};

/**
 * https://developers.asana.com/docs/webhooks-guide. The secret that deliveries will be signed with comes
 * in the header, and is shown again to whoever made the webhook, in Asana's answer: he sets it as the
 * stream's secret. It is neither kept nor logged here, for anybody may send such a header.
 */
export const asana: Handshake = {
  unsigned(headers) {
    const secret = headers.get('x-hook-secret');
    if (secret === null || headers.has('x-hook-signature')) return undefined;
    if (!/^[\w-]{1,256}$/.test(secret)) return { refused: 'challenge-form' };
    return { reply: { status: 200, headers: { 'x-hook-secret': secret } } };
  },
};

/** Trello, Mandrill and Mailchimp save a webhook whose URL answers 200 to a HEAD or a GET. */
export const probe: Handshake = {
  async get(query) {
    return query.size === 0 ? present : undefined;
  },
  head: () => present,
};

/** Whoever asks may deliver as fast as it likes to: what the limits of the relay are, they are for all. */
const anyRate = '*';

/**
 * The "abuse protection" of CloudEvents: a sender asks whether it may deliver here.
 * https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection
 *
 * The URL of `WebHook-Request-Callback` is for those who answer later: it is never called.
 */
export const cloudevents: Handshake = {
  options(headers) {
    const origin = headers.get('webhook-request-origin');
    if (origin === null) return undefined;
    if (!/^[\w.:-]{1,255}$/.test(origin)) return { refused: 'challenge-form' };
    const rate = headers.get('webhook-request-rate');
    const allowed = /^[1-9]\d{0,9}$/.test(rate ?? '') ? rate : anyRate;
    return {
      reply: {
        status: 200,
        headers: {
          allow: 'POST',
          'webhook-allowed-origin': origin,
          ...(rate !== null && { 'webhook-allowed-rate': allowed ?? anyRate }),
        },
      },
    };
  },
};
