import { encode } from '../../../shared/signatures/bytes.ts';
import { trimSecret } from '../../../shared/signatures/keys/keys.ts';
import { echo, type Handshake, isChallenge, membersOf, readPath, replyJson } from './handshake.ts';

// Challenges whose answer takes a secret. Where that secret also signs deliveries, the answer is a
// signature over text of the asker's choosing, and must be of no use to a forger.

const encoder = new TextEncoder();

/** https://developers.facebook.com/docs/graph-api/webhooks/getting-started, "Verification Requests" */
export const meta: Handshake = {
  async get(query, { verifyToken }) {
    const challenge = query.get('hub.challenge');
    if (query.get('hub.mode') !== 'subscribe' || !isChallenge(challenge)) return undefined;
    if (verifyToken.value === '') return { missing: verifyToken.name };
    const shown = query.get('hub.verify_token') ?? '';
    return (await areEqual(shown, trimSecret(verifyToken.value)))
      ? echo(challenge)
      : { refused: 'verify-token' };
  },
};

/**
 * What the challenges of X and Zoom look like. No delivery does: X's are JSON objects, and what Zoom
 * signs of one begins with "v0:".
 */
const plainToken = /^[A-Za-z0-9+/_-]{1,256}={0,2}$/;

const openingBrace = 0x7b;

/** https://docs.x.com/x-api/webhooks/introduction, "Challenge-Response Check" */
export const x: Handshake = {
  async get(query, { secret }) {
    const token = query.get('crc_token');
    if (token === null) return undefined;
    if (!plainToken.test(token)) return { refused: 'challenge-form' };
    if (secret.value === '') return { missing: secret.name };
    const mac = encode(await hmacOf(secret.value, token), 'base64');
    return replyJson({ response_token: `sha256=${mac}` });
  },
  // Anybody can have a challenge signed. So what could be one is no delivery, whatever its signature says.
  async verified({ body }) {
    return body[0] === openingBrace ? undefined : { refused: 'challenge-form' };
  },
};

/** https://developers.zoom.us/docs/api/webhooks/, "Validate your webhook endpoint" */
export const zoom: Handshake = {
  async verified({ body }, secret) {
    const members = membersOf(body);
    if (members['event'] !== 'endpoint.url_validation') return undefined;
    const token = readPath(members, ['payload', 'plainToken']);
    if (typeof token !== 'string' || !plainToken.test(token)) return { refused: 'challenge-form' };
    const encryptedToken = encode(await hmacOf(secret, token), 'hex');
    return replyJson({ plainToken: token, encryptedToken });
  },
};

/** Compares digests, so that time tells neither length nor place. */
async function areEqual(left: string, right: string): Promise<boolean> {
  const [one, other] = await Promise.all([digestOf(left), digestOf(right)]);
  return crypto.subtle.timingSafeEqual(one, other);
}

function digestOf(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', encoder.encode(text));
}

/** HMAC-SHA256, with the text of the secret as its key. */
async function hmacOf(secret: string, text: string): Promise<Uint8Array> {
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const raw = encoder.encode(trimSecret(secret));
  const key = await crypto.subtle.importKey('raw', raw, hmac, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
}
