import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { cap, logged, openEdge, purchase, secrets, shop, signed } from '../beds/workerd/edge.ts';

const limit = (env as unknown as { FAILED_TRIES: RateLimit }).FAILED_TRIES;

/** A delivery from an address, in Cloudflare's header. */
function from(address: string, init: RequestInit = {}): RequestInit {
  return { ...init, headers: { ...init.headers, 'cf-connecting-ip': address } } as RequestInit;
}

test('failed tries are limited by address; a sender with the right key never is', async () => {
  const edge = openEdge({ env: { FAILED_TRIES: limit } });
  const address = '198.51.100.7';
  const statuses: number[] = [];
  // wrangler.toml allows 60 a minute, and a new minute may begin during the test.
  for (let n = 0; n < 130; n++) {
    statuses.push((await edge.send('/crm/wrong', from(address, { body: 'a=1' }))).status);
  }
  expect(statuses.slice(0, 60)).toEqual(Array(60).fill(401));
  expect(statuses).toContain(429);

  const lines = await logged(async () => {
    const limited = await edge.send('/crm/wrong', from(address, { body: 'a=1' }));
    if (limited.status === 429) expect(limited.headers.get('retry-after')).toBe('60');
    expect((await edge.send('/crm/crm-key', from(address, { body: 'a=1' }))).status).toBe(204);
    expect((await edge.send('/shop', from(address, await signed(purchase)))).status).toBe(204);
    expect((await edge.send('/crm/wrong', from('198.51.100.8', { body: 'a' }))).status).toBe(401);
  });
  expect(JSON.parse(lines[0] ?? '').cause).toBe('mismatch');
});

test('without an address or without the binding, nobody is limited', async () => {
  for (const bindings of [{ FAILED_TRIES: limit }, { FAILED_TRIES: undefined }]) {
    const edge = openEdge({ env: bindings });
    const init = bindings.FAILED_TRIES ? {} : from('198.51.100.9');
    for (let n = 0; n < 70; n++) {
      expect((await edge.send('/crm/wrong', { ...init, body: 'a=1' })).status).toBe(401);
    }
  }
});

test.each([
  ['fails', () => Promise.reject(new Error('no'))],
  ['never answers', () => new Promise(() => {})],
])('if the limit %s, a failed try is still a 401', async (_, limitOf) => {
  const edge = openEdge({ env: { FAILED_TRIES: { limit: limitOf } } });
  const answered = await edge.send('/crm/wrong', from('198.51.100.10', { body: 'a=1' }));
  expect(answered.status).toBe(401);
});

test('without the key, the edge does not wait for the body', async () => {
  const edge = openEdge();
  const body = new ReadableStream({ type: 'bytes' });
  expect((await edge.send('/crm/wrong', { body })).status).toBe(401);
});

test.each([
  ['192.0.2.77', 204],
  ['::ffff:192.0.2.77', 204],
  ['2001:db8::9', 204],
  ['192.0.3.1', 403],
  ['2001:db9::9', 403],
  ['', 403],
  ['192.0.2.77, 203.0.113.1', 403],
])(
  '192.0.2.0/24 and 2001:db8::/32 are allowed: a delivery from %j is a %i',
  async (address, status) => {
    const allowedAddresses = ['192.0.2.0/24', '2001:db8::/32'];
    const edge = openEdge({ streams: { shop: { ...shop, allowedAddresses } } });
    const [line = ''] = await logged(async () => {
      expect((await edge.send('/shop', from(address, await signed(purchase)))).status).toBe(status);
    });
    if (status === 403)
      expect(JSON.parse(line)).toMatchObject({ outcome: 'forbidden', cause: 'address' });
    expect(await edge.tries()).toHaveLength(status === 204 ? 1 : 0);
  },
);

const crm = segmentstream({ table: 'd.crm', acceptsGet: true, maxBodyBytes: cap });

test.each(['?orderId=N1&status=paid', '?a=%C5%99&b=%00&c=+&&=&a=2', '?x=/crm/other-key?y', '?='])(
  'the query of a GET is its payload, byte for byte: %j',
  async (query) => {
    const edge = openEdge({ streams: { crm } });
    const response = await edge.send(`/crm/${secrets.CRM_KEY}${query}`, { method: 'GET' });
    expect(response.status).toBe(204);
    const [made] = await edge.tries();
    const message = made?.request.messages[0];
    expect(atob(message?.data ?? '')).toBe(query.slice(1));
    expect(message?.attributes).toMatchObject({
      stream: 'crm',
      delivery_id: response.headers.get('tributary-delivery-id'),
      content_type: 'application/x-www-form-urlencoded',
      method: 'GET',
    });
  },
);

test('a GET must show the key in its path', async () => {
  const edge = openEdge({ streams: { crm, shop } });
  for (const path of [
    '/crm/wrong?a=1',
    `/crm?key=${secrets.CRM_KEY}`,
    `/crm/?${secrets.CRM_KEY}`,
  ]) {
    expect((await edge.send(path, { method: 'GET' })).status).toBe(401);
  }
  expect((await edge.send('/crm/crm-key?a=1', { method: 'HEAD' })).status).toBe(200);
  expect((await edge.send('/crm/crm-key?a=1', { method: 'PUT' })).headers.get('allow')).toBe(
    'GET, HEAD, POST',
  );
  expect((await edge.send('/shop?event_name=purchase', { method: 'GET' })).status).toBe(405);
  const long = await edge.send(`/crm/crm-key?${'a'.repeat(cap + 1)}`, { method: 'GET' });
  expect(long.status).toBe(413);
  expect((await edge.send('/crm/crm-key?b=2', { body: 'a=1' })).status).toBe(204);
  const tries = await edge.tries();
  expect(tries.map((made) => atob(made.request.messages[0]?.data ?? ''))).toEqual(['a=1']);
});

test('a compressed body is verified and relayed without inflating it', async () => {
  const packed = new Response(purchase).body?.pipeThrough(new CompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const edge = openEdge();
  const headers = { 'content-encoding': 'gzip' };
  expect((await edge.send('/crm/crm-key', { body: bytes, headers })).status).toBe(204);
  const [made] = await edge.tries();
  expect(Uint8Array.fromBase64(made?.request.messages[0]?.data ?? '')).toEqual(bytes);
  expect(made?.request.messages[0]?.attributes).toMatchObject({ content_encoding: 'gzip' });
  // The signature covers the compressed bytes, and the source reads the inflated ones.
  const init = await signed(bytes);
  const taken = await edge.send('/shop', {
    ...init,
    headers: { ...init.headers, ...headers },
  } as RequestInit);
  expect(taken.status).toBe(204);
  const message = (await edge.tries()).at(-1)?.request.messages[0];
  expect(Uint8Array.fromBase64(message?.data ?? '')).toEqual(bytes);
  expect(message?.attributes).toMatchObject({ event_name: 'purchase' });
});
