import { echo, type Handshake, isChallenge, present, refuse, reply } from './handshake.ts';

// Challenges that are sent back as they came. They prove only that somebody answers here: nothing is stored or
// signed for them.

/** https://www.dropbox.com/developers/reference/webhooks */
export const dropbox: Handshake = {
  async get(query) {
    const challenge = query.get('challenge');
    return isChallenge(challenge) ? echo(challenge) : undefined;
  },
};

/**
 * https://developers.asana.com/docs/webhooks-guide. The header holds the secret that will sign the deliveries.
 * Asana also shows it to the user who creates the webhook, and the user sets it as the stream's secret. The edge
 * neither keeps nor logs it, because anybody may send such a header.
 */
export const asana: Handshake = {
  unsigned(headers) {
    const secret = headers.get('x-hook-secret');
    if (secret === null || headers.has('x-hook-signature')) return undefined;
    if (!/^[\w-]{1,256}$/.test(secret)) return refuse('challenge-form');
    return reply({ status: 200, headers: { 'x-hook-secret': secret } });
  },
};

/** Trello, Mandrill and Mailchimp save a webhook if its URL answers 200 to a HEAD or a GET. */
export const probe: Handshake = {
  async get(query) {
    return query.size === 0 ? present : undefined;
  },
  head: () => present,
};

/** The relay sets no rate for a single sender. */
const anyRate = '*';

/**
 * The "abuse protection" of CloudEvents: a sender asks for permission to deliver here.
 * https://github.com/cloudevents/spec/blob/v1.0/http-webhook.md#4-abuse-protection
 *
 * `WebHook-Request-Callback` is for receivers that answer later: its URL is never called.
 */
export const cloudevents: Handshake = {
  options(headers) {
    const origin = headers.get('webhook-request-origin');
    if (origin === null) return undefined;
    if (!/^[\w.:-]{1,255}$/.test(origin)) return refuse('challenge-form');
    const rate = headers.get('webhook-request-rate');
    const allowed = /^[1-9]\d{0,9}$/.test(rate ?? '') ? rate : anyRate;
    return reply({
      status: 200,
      headers: {
        allow: 'POST',
        'webhook-allowed-origin': origin,
        ...(rate !== null && { 'webhook-allowed-rate': allowed ?? anyRate }),
      },
    });
  },
};
