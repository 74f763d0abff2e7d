import { encode, equal } from '../../../shared/signatures/bytes.ts';
import { expectedForm } from '../../../shared/signatures/keys/key-forms.ts';
import { trimSecret } from '../../../shared/signatures/keys/keys.ts';
import { missingSecret, type Outcome } from '../../outcome.ts';
import {
  echo,
  type Handshake,
  isChallenge,
  membersOf,
  readPath,
  refuse,
  replyJson,
} from './handshake.ts';

// Challenges whose answer needs a secret. If the same secret signs deliveries, the answer is a signature over text
// that the caller chose, and must be useless for a forgery.

const encoder = new TextEncoder();

/** https://developers.facebook.com/docs/graph-api/webhooks/getting-started, "Verification Requests" */
export const meta: Handshake = {
  async get(query, { verifyToken }) {
    const challenge = query.get('hub.challenge');
    if (query.get('hub.mode') !== 'subscribe' || !isChallenge(challenge)) return undefined;
    if (verifyToken.value === '') return missingSecret(verifyToken.name);
    const shown = query.get('hub.verify_token') ?? '';
    return (await areEqual(shown, trimSecret(verifyToken.value)))
      ? echo(challenge)
      : refuse('verify-token');
  },
};

/**
 * The form of a challenge from X or Zoom. No delivery has this form: a delivery from X is a JSON object, and the
 * text that Zoom signs begins with "v0:".
 */
const plainToken = /^[A-Za-z0-9+/_-]{1,256}={0,2}$/;

const openingBrace = 0x7b;

/** https://docs.x.com/x-api/webhooks/introduction, "Challenge-Response Check" */
export const x: Handshake = {
  async get(query, { secret }) {
    const token = query.get('crc_token');
    if (token === null) return undefined;
    if (!plainToken.test(token)) return refuse('challenge-form');
    if (secret.value === '') return missingSecret(secret.name);
    const mac = encode(await hmacOf(secret.value, token), 'base64');
    return replyJson({ response_token: `sha256=${mac}` });
  },
  // Anybody can get a challenge signed. So a body that could be a challenge is refused, even if its signature holds.
  async verified({ body }) {
    return body[0] === openingBrace ? undefined : refuse('challenge-form');
  },
};

/** https://developers.zoom.us/docs/api/webhooks/, "Validate your webhook endpoint" */
export const zoom: Handshake = {
  async verified({ body }, secret) {
    const members = membersOf(body);
    if (members['event'] !== 'endpoint.url_validation') return undefined;
    const token = readPath(members, ['payload', 'plainToken']);
    if (typeof token !== 'string' || !plainToken.test(token)) return refuse('challenge-form');
    const encryptedToken = encode(await hmacOf(secret, token), 'hex');
    return replyJson({ plainToken: token, encryptedToken });
  },
};

/** In its challenge, and never in a delivery: a payload is the base64 of an XML document, which is longer. */
const hexChallenge = /^[\da-f]{20,32}$/;

/**
 * https://developer.paypal.com/braintree/docs/guides/webhooks/create, "Verifying your webhook destination". The answer
 * is the public key and a signature over the challenge.
 */
export const braintree: Handshake = {
  async get(query, { secret }) {
    const challenge = query.get('bt_challenge');
    if (challenge === null) return undefined;
    if (!hexChallenge.test(challenge)) return refuse('challenge-form');
    if (secret.value === '') return missingSecret(secret.name);
    const [publicKey = '', privateKey = ''] = trimSecret(secret.value).split('|');
    if (publicKey === '' || privateKey === '') return unreadable(secret.name);
    const key = await crypto.subtle.digest('SHA-1', encoder.encode(privateKey));
    const mac = await hmacWith('SHA-1', new Uint8Array(key), challenge);
    return echo(`${publicKey}|${encode(mac, 'hex')}`);
  },
  // Anybody can get a challenge signed. So a payload that could be a challenge is refused, even if its signature holds.
  async verified({ body }) {
    const payload = new URLSearchParams(new TextDecoder().decode(body)).get('bt_payload') ?? '';
    return hexChallenge.test(payload) ? refuse('challenge-form') : undefined;
  },
};

function unreadable(name: string): Outcome {
  const problem = `configuration: ${name} must be ${expectedForm('braintree')}`;
  return { outcome: 'not-stored', facts: { cause: 'bad-secret', problem } };
}

/** Compares digests, so that the time taken reveals neither the length nor the place of a difference. */
async function areEqual(left: string, right: string): Promise<boolean> {
  const [one, other] = await Promise.all([digestOf(left), digestOf(right)]);
  return equal(one, other);
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
}

/** HMAC-SHA256 with the text of the secret as its key. */
function hmacOf(secret: string, text: string): Promise<Uint8Array> {
  return hmacWith('SHA-256', encoder.encode(trimSecret(secret)), text);
}

async function hmacWith(hash: string, raw: Uint8Array, text: string): Promise<Uint8Array> {
  const hmac = { name: 'HMAC', hash };
  const key = await crypto.subtle.importKey('raw', raw, hmac, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
}
