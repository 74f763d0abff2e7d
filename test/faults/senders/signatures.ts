import { createHmac, randomUUID } from 'node:crypto';
import type { Delivery, StreamName } from './deliveries.ts';

// Written anew from the pages of the senders, and not with what the relay verifies with: a mistake in that must show.

type Secrets = Readonly<Record<string, string>>;

export interface Signed {
  path: string;
  headers: Record<string, string>;
  body: Buffer;
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);

type Signer = (
  body: string,
  secrets: Secrets,
) => { path?: string; headers: Record<string, string> };

const signers: Record<StreamName, Signer> = {
  raw: (_, secrets) => ({ path: `/raw/${secrets['RAW_KEY']}`, headers: {} }),
  ab: (_, secrets) => ({ path: `/ab/${secrets['AB_KEY']}`, headers: {} }),
  events: (body, secrets) => ({
    headers: { 'x-dn-signature': hmac(secrets['EVENTS_SECRET'] ?? '', body).digest('hex') },
  }),
  orders(body, secrets) {
    const id = `msg_${randomUUID()}`;
    const time = String(Math.floor(Date.now() / 1000));
    const key = Buffer.from((secrets['ORDERS_SECRET'] ?? '').replace('whsec_', ''), 'base64');
    const signature = `v1,${hmac(key, `${id}.${time}.${body}`).digest('base64')}`;
    return {
      headers: { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature },
    };
  },
  typed(body, secrets) {
    const time = Math.floor(Date.now() / 1000);
    const signature = hmac(secrets['TYPED_SECRET'] ?? '', `${time}.${body}`).digest('hex');
    return { headers: { 'stripe-signature': `t=${time},v1=${signature}` } };
  },
  lists: (body, secrets) => ({
    headers: {
      'x-hub-signature-256': `sha256=${hmac(secrets['LISTS_SECRET'] ?? '', body).digest('hex')}`,
    },
  }),
  forms: (_, secrets) => ({ headers: { authorization: `Bearer ${secrets['FORMS_SECRET']}` } }),
};

/** A delivery as its sender sends it now; a tampered one as somebody does who has no secret. */
export function sign(delivery: Delivery, secrets: Secrets): Signed {
  const { stream, body, contentType, tamper } = delivery;
  const known = tamper === 'secret' ? wrong(secrets) : secrets;
  const { path = `/${stream}`, headers } = signers[stream](body, known);
  const sent = tamper === 'body' ? body.replace('~', ' ~') : body;
  return { path, headers: { ...headers, 'content-type': contentType }, body: Buffer.from(sent) };
}

const cached = new WeakMap<Secrets, Secrets>();

/** The same secrets with other characters. */
function wrong(secrets: Secrets): Secrets {
  const known = cached.get(secrets);
  if (known) return known;
  const other = (text: string) =>
    text.replace(/.{4}$/, (end) => (end === 'AAAA' ? 'BBBB' : 'AAAA'));
  const made = Object.fromEntries(
    Object.entries(secrets).map(([name, secret]) => [name, other(secret)]),
  );
  cached.set(secrets, made);
  return made;
}
