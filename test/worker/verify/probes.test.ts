import { expect, test } from 'vitest';
import { datanostro } from '../../../shared/sources/datanostro.ts';
import { generic } from '../../../shared/sources/generic.ts';
import { stripe, twilio } from '../../../shared/sources/presets.ts';
import { segmentstream } from '../../../shared/sources/segmentstream.ts';
import { logged, openEdge, secrets, shop } from '../../beds/workerd/edge.ts';

// Setup probes: a console tries the URL before it uses it. No probe is stored.

const key = secrets.CRM_KEY;

/** For each scheme with a token: where the request shows it. */
const shown = {
  'endpoint-key': { path: `/crm/${key}`, headers: {} },
  basic: { path: '/crm', headers: { authorization: `Basic ${btoa('jan:crm-key')}` } },
  bearer: { path: '/crm', headers: { authorization: `Bearer ${key}` } },
  'api-key': { path: '/crm', headers: { 'x-api-key': key } },
} as const;

type TokenSchemeName = keyof typeof shown;
const tokenSchemes = Object.keys(shown) as TokenSchemeName[];

function openKeyed(scheme: TokenSchemeName, options: object = {}, env: object = {}) {
  const crm = generic({ table: 'd.crm', scheme, secrets: ['CRM_SECRET'], ...options });
  const value = scheme === 'basic' ? 'jan:crm-key' : key;
  return openEdge({ streams: { crm }, env: { CRM_SECRET: value, ...env } });
}

function countingLimit() {
  const keys: string[] = [];
  const limit = async ({ key: address }: { key: string }) => {
    keys.push(address);
    return { success: true };
  };
  return { keys, env: { FAILED_TRIES: { limit } } };
}

const address = { 'cf-connecting-ip': '198.51.100.33' };

test.each(tokenSchemes.flatMap((scheme) => ['HEAD', 'GET'].map((method) => ({ scheme, method }))))(
  '$method with the right key ($scheme) is a 200, with a wrong one or none a 401 that is counted',
  async ({ scheme, method }) => {
    const { keys, env } = countingLimit();
    for (const options of [{}, { acceptsGet: true }, { handshake: 'probe' }]) {
      const edge = openKeyed(scheme, options, env);
      const { path, headers } = shown[scheme];
      for (const right of [path, `${path}?`, `${path}/`]) {
        const response = await edge.send(right, { method, headers });
        expect([right, response.status, await response.text()]).toEqual([right, 200, '']);
      }
      expect(keys.splice(0)).toEqual([]);
      const wrong = Object.fromEntries(Object.keys(headers).map((name) => [name, 'Bearer wrong']));
      const wrongPath = scheme === 'endpoint-key' ? '/crm/wrong' : '/crm';
      for (const init of [{ headers: { ...address, ...wrong } }, { headers: address }]) {
        expect((await edge.send(wrongPath, { method, ...init })).status).toBe(401);
      }
      expect((await edge.send('/crm', { method, headers: address })).status).toBe(401);
      expect(keys.splice(0)).toHaveLength(3);
      expect(await edge.tries()).toEqual([]);
    }
  },
);

test('a HEAD stores nothing, whatever its query and the config say', async () => {
  const edge = openKeyed('endpoint-key', { acceptsGet: true, body: 'form' });
  expect((await edge.send(`/crm/${key}?a=1`, { method: 'HEAD' })).status).toBe(200);
  expect((await edge.send(`/crm/${key}?a=1`, { method: 'GET' })).status).toBe(204);
  expect(await edge.tries()).toHaveLength(1);
});

test('a GET with a query is a 405 if the stream takes none, but only with the right key', async () => {
  const edge = openKeyed('endpoint-key');
  const response = await edge.send(`/crm/${key}?a=1`, { method: 'GET' });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await edge.send('/crm/wrong?a=1', { method: 'GET' })).status).toBe(401);
  expect(await edge.tries()).toEqual([]);
});

test('a probe leaves a log line with the name of the secret, and without the key', async () => {
  const edge = openKeyed('endpoint-key');
  const lines = await logged(() => edge.send(`/crm/${key}`, { method: 'HEAD' }));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { stream: 'crm', outcome: 'handshake', secret: 'CRM_SECRET' },
  ]);
  expect(lines.join()).not.toContain(key);
});

test.each(['HEAD', 'GET'])(
  '%s is a 405 at a stream that signs, unless its handshake is `probe`',
  async (method) => {
    const hook = stripe({ table: 'd.hook' });
    const env = { HOOK_SECRET: 'whsec_x', PROBED_SECRET: 'whsec_x' };
    const streams = { hook, probed: stripe({ table: 'd.probed', handshake: 'probe' }) };
    const edge = openEdge({ streams, env });
    expect((await edge.send('/hook', { method })).status).toBe(405);
    const probed = await edge.send('/probed', { method });
    expect([probed.status, await probed.text()]).toEqual([200, '']);
    expect((await edge.send('/probed/', { method })).status).toBe(200);
    expect((await edge.send('/probed', { body: '{}' })).status).toBe(401);
    const put = await edge.send('/probed', { method: 'PUT' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    expect(await edge.tries()).toEqual([]);
  },
);

test('a GET with a query is not a probe: it must be signed', async () => {
  const probed = stripe({ table: 'd.probed', handshake: 'probe' });
  const edge = openEdge({ streams: { probed }, env: { PROBED_SECRET: 'whsec_x' } });
  expect((await edge.send('/probed?a=1', { method: 'GET' })).status).toBe(401);
});

test('an address that is not allowed cannot probe', async () => {
  const edge = openKeyed('endpoint-key', { allowedAddresses: ['192.0.2.0/24'] });
  expect((await edge.send(`/crm/${key}`, { method: 'HEAD', headers: address })).status).toBe(403);
});

test('a missing secret is our failure: 503', async () => {
  const edge = openKeyed('endpoint-key', {}, { CRM_SECRET: '' });
  expect((await edge.send(`/crm/${key}`, { method: 'HEAD' })).status).toBe(503);
});

// Signed GETs.

const account = '0123456789abcdef0123456789abcdef';
const publicUrl = 'https://hooks.example.com';

/** Signs like Twilio: SHA-1 over the URL and, for a POST, its fields. */
async function sign(text: string): Promise<string> {
  const encoder = new TextEncoder();
  const hmac = { name: 'HMAC', hash: 'SHA-1' };
  const raw = encoder.encode(account);
  const signingKey = await crypto.subtle.importKey('raw', raw, hmac, false, ['sign']);
  const mac = await crypto.subtle.sign('HMAC', signingKey, encoder.encode(text));
  return new Uint8Array(mac).toBase64();
}

function openTwilio(options: object = {}) {
  const streams = { twilio: { ...twilio({ table: 'd.twilio' }), ...options } };
  return openEdge({ streams, env: { TWILIO_SECRET: account }, publicUrl });
}

test.each(['/twilio', '/twilio/'])(
  'a GET callback of Twilio is signed over its URL as sent, and its query is the payload: %s',
  async (path) => {
    const edge = openTwilio();
    const target = `${path}?CallSid=CA1&CallStatus=completed&To=%2B420`;
    const headers = { 'x-twilio-signature': await sign(publicUrl + target) };
    expect((await edge.send(target, { method: 'GET', headers })).status).toBe(204);
    const [made] = await edge.tries();
    const message = made?.request.messages[0];
    expect(atob(message?.data ?? '')).toBe('CallSid=CA1&CallStatus=completed&To=%2B420');
    expect(message?.attributes).toMatchObject({ method: 'GET', event_name: 'completed' });

    for (const forged of [
      `${target}&x=1`,
      target.replace('CA1', 'CA2'),
      target.replace('%2B', '+'),
    ]) {
      expect((await edge.send(forged, { method: 'GET', headers })).status).toBe(401);
    }
    expect((await edge.send(target, { method: 'GET' })).status).toBe(401);
    expect((await edge.send(target, { method: 'HEAD', headers })).status).toBe(405);
    expect(await edge.tries()).toHaveLength(1);
  },
);

test('an empty GET with a valid signature stores nothing', async () => {
  const edge = openTwilio();
  const headers = { 'x-twilio-signature': await sign(`${publicUrl}/twilio`) };
  expect((await edge.send('/twilio', { method: 'GET', headers })).status).toBe(200);
  expect((await edge.send('/twilio', { method: 'GET' })).status).toBe(401);
  expect(await edge.tries()).toEqual([]);
});

test('if the stream takes no GET, a signed one is a 405', async () => {
  const edge = openTwilio({ acceptsGet: false });
  const headers = { 'x-twilio-signature': await sign(`${publicUrl}/twilio?CallSid=CA1`) };
  const response = await edge.send('/twilio?CallSid=CA1', { method: 'GET', headers });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
});

test('a POST is signed over its form as before', async () => {
  const edge = openTwilio();
  const headers = { 'x-twilio-signature': await sign(`${publicUrl}/twilioCallSidCA1`) };
  const body = 'CallSid=CA1';
  expect((await edge.send('/twilio', { body, headers })).status).toBe(204);
  const [made] = await edge.tries();
  expect(made?.request.messages[0]?.attributes).not.toHaveProperty('method');
});

test.each([
  // @ts-expect-error: the types refuse it, too
  ['datanostro', datanostro({ table: 'a.b', acceptsGet: true })],
  ['stripe', stripe({ table: 'a.b', acceptsGet: true })],
])('%s signs the body, and a GET has none: the config is refused', (_, stream) => {
  expect(() => openEdge({ streams: { own: stream } })).toThrow('streams.own.acceptsGet');
});

test.each([
  ['a key', segmentstream({ table: 'a.b', acceptsGet: true })],
  ['a header', generic({ table: 'a.b', scheme: 'bearer', acceptsGet: true })],
  ['a signed URL', generic({ table: 'a.b', scheme: 'square', acceptsGet: true })],
  ['a signed URL and method', generic({ table: 'a.b', scheme: 'hubspot', acceptsGet: true })],
  ['no GET', { ...shop, acceptsGet: false }],
])('a stream with %s may accept a GET', (_, stream) => {
  expect(() => openEdge({ streams: { own: stream }, publicUrl })).not.toThrow();
});
