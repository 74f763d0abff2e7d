import type { Relay, RelayStream, SourceName } from '../../shared/config/config.ts';
import { takesNoJson } from '../../shared/formats/body-formats.ts';
import { schemeOf } from '../../shared/signatures/schemes.ts';
import { signRequest } from '../../shared/signatures/sign/sign.ts';
import type { Secrets } from '../secrets.ts';
import { sampleBody } from './sample-event.ts';

/** A request body of a sender, before it is signed. */
export interface Draft {
  body: string;
  contentType: string;
}

/** A delivery that can be sent. */
export interface SignedDelivery extends Draft {
  url: string;
  headers: Record<string, string>;
}

const products = ['KETTLE-01', 'LAMP-22', 'CHAIR-7', 'MUG-305', 'DESK-11'];
const sources = ['web', 'server', 'app'];

/** A DataNostro event that varies with `n`. `now` is its time in Unix milliseconds. */
export function datanostroEvent(n: number, eventName: string, now: number): Draft {
  const sku = products[n % products.length];
  const request = JSON.stringify({
    items: [{ sku, quantity: 1 + (n % 3), price: 19.9 + n }],
    currency: 'CZK',
    note: `Příliš žluťoučký kůň № ${n} 🐎`,
  });
  const event = JSON.stringify({
    id: `evt_${n.toString().padStart(6, '0')}`,
    event_name: eventName,
    created_at: new Date(now).toISOString(),
    tenant_id: `tenant_${n % 4}`,
    source_ip_masked: '203.0.113.0',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    request_source: sources[n % sources.length],
  });
  // Beyond 2^53: the table must have every digit.
  const clientId = 9007199254740993n + BigInt(n);
  const payload = request.replace(/}$/, `,"client_id":${clientId}}`);
  return {
    body: event.replace(/}$/, `,"request_body":${payload}}`),
    contentType: 'application/json',
  };
}

const orderStates = ['received', 'shipped', 'delivered', 'refunded'];

/** A CRM's postback; `n` selects form, JSON, XML or plain text. */
export function crmPostback(n: number): Draft {
  const order = {
    orderId: `N${n}`,
    status: orderStates[n % orderStates.length] ?? '',
    total: (20 + n * 1.37).toFixed(2),
    userId: `U${n % 17}`,
  };
  switch (n % 4) {
    case 1:
      return { body: JSON.stringify(order), contentType: 'application/json' };
    case 2:
      return {
        body: `<order id="${order.orderId}"><status>${order.status}</status></order>\r\n`,
        contentType: 'application/xml',
      };
    case 3:
      return { body: `objednávka ${order.orderId} → ${order.status}`, contentType: 'text/plain' };
    default:
      return {
        body: new URLSearchParams(order).toString(),
        contentType: 'application/x-www-form-urlencoded',
      };
  }
}

/** ABsmartly's announcement of an export, as its webhook reference shows it. */
export function exportAnnouncement(exportId: number, experimentId: number, now: number): Draft {
  const file = `experiment_${experimentId}_export.zip`;
  const announcement = {
    event_name: 'ExperimentDataExportReady',
    event_at: now,
    id: experimentId,
    user_id: 7,
    metadata: {
      download_url: `/v1/experiments/exports/${exportId}/${file}`,
      export_config_id: exportId,
      file_name: file,
    },
  };
  return { body: JSON.stringify(announcement), contentType: 'application/json' };
}

const samples: Record<SourceName, (stream: RelayStream) => Draft> = {
  datanostro: () => datanostroEvent(1, 'purchase', Date.now()),
  absmartly: () => exportAnnouncement(15, 42, Date.now()),
  segmentstream: () => crmPostback(4),
  generic: (stream) => ({
    body: sampleBody(stream, Date.now()),
    contentType: takesNoJson(stream) ? 'application/x-www-form-urlencoded' : 'application/json',
  }),
};

/** A sample delivery of the stream's sender. */
export function sampleOf(stream: RelayStream): Draft {
  return samples[stream.source](stream);
}

export interface SendingSide {
  relay: Relay;
  secrets: Secrets;
  /** The edge: `http://127.0.0.1:8787` on this machine. */
  edge: string;
  /** Unix milliseconds. */
  now: number;
}

/**
 * Signs a draft as the stream's sender does: with a header, the key at the end of the path, or a member of
 * the body. Rejects with a TypeError if only the sender can sign: with a private key, or with values that
 * this body does not have.
 */
export async function signDelivery(
  { body, contentType }: Draft,
  stream: RelayStream,
  { secrets, ...side }: SendingSide,
): Promise<SignedDelivery> {
  const bytes = new TextEncoder().encode(body);
  const secret = secrets[stream.secrets[0] ?? ''] ?? '';
  const signed = await signBytes({ body: bytes, contentType }, stream, { ...side, secret });
  return { ...signed, body: new TextDecoder().decode(signed.body), contentType };
}

/** As signDelivery, for a binary body and with the given secret (the private key of a key pair). */
export async function signBytes(
  { body, contentType }: { body: Uint8Array<ArrayBuffer>; contentType: string },
  stream: RelayStream,
  { relay, secret, edge, now }: Omit<SendingSide, 'secrets'> & { secret: string },
): Promise<{ url: string; headers: Record<string, string>; body: Uint8Array<ArrayBuffer> }> {
  // Some senders sign the URL that they know, which is the public one.
  const publicUrl = relay.publicUrl ?? edge;
  const url = `${publicUrl}/${stream.name}`;
  const request = {
    method: 'POST',
    url,
    headers: new Headers({ 'content-type': contentType }),
    body,
  };
  const signed = await signRequest(schemeOf(stream), request, secret, now);
  return {
    url: edge + (signed.url ?? url).slice(publicUrl.length),
    headers: signed.headers,
    body: signed.body ?? body,
  };
}
