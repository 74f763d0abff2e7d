import { echo, type Handshake, isChallenge } from './handshake.ts';

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
