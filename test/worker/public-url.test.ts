import { expect, test } from 'vitest';
import { openEdge, secrets, shop } from '../beds/workerd/edge.ts';

// Square signs the URL of the webhook, followed by the body.
const square = { ...shop, scheme: 'square' } as const;
const body = '{"event_name":"purchase"}';

async function signedFor(url: string): Promise<RequestInit> {
  const encoder = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const raw = encoder.encode(secrets.SHOP_SECRET);
  const key = await crypto.subtle.importKey('raw', raw, hmac, false, ['sign']);
  const mac = await crypto.subtle.sign('HMAC', key, encoder.encode(url + body));
  return {
    body,
    headers: { 'x-square-hmacsha256-signature': new Uint8Array(mac).toBase64() },
  };
}

test.each([
  ['https://hooks.example.com', '/shop'],
  ['https://hooks.example.com/', '/shop'],
  ['https://example.com:8443/hooks', '/shop'],
  ['https://hooks.example.com', '/shop?a=b%20c&d=%C3%A9&&=?'],
  ['https://hooks.example.com', '/shop?'],
])(
  'the signed URL is the configured public URL %s and the target as sent %s',
  async (publicUrl, target) => {
    const edge = openEdge({ streams: { shop: square }, publicUrl });
    const url = publicUrl.replace(/\/$/, '') + target;
    expect((await edge.send(target, await signedFor(url))).status).toBe(204);
  },
);

test.each([
  'https://relay.example/shop',
  'https://hooks.example.com/shop?',
  'https://hooks.example.com/shop?a=1',
  'http://hooks.example.com/shop',
  'https://hooks.example.com:443/shop',
])('a delivery that is signed for %s is a 401', async (url) => {
  const edge = openEdge({ streams: { shop: square }, publicUrl: 'https://hooks.example.com' });
  expect((await edge.send('/shop', await signedFor(url))).status).toBe(401);
});
