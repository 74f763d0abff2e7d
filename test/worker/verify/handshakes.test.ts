import { expect, test } from 'vitest';
import type { HandshakeName, Stream } from '../../../shared/config/config.ts';
import { type SchemeName, schemes } from '../../../shared/signatures/schemes.ts';
import { signRequest } from '../../../shared/signatures/sign/sign.ts';
import { xero } from '../../../shared/sources/presets.ts';
import { logged, openEdge, shop } from '../../beds/workerd/edge.ts';
import vectors from '../../fixtures/signatures/webhook-handshakes.json' with { type: 'json' };

const secret = 'secret of the stream';
const verifyToken = 'meatyhamhock';
const { filter: _, ...unfiltered } = shop;

/** A stream with a handshake, and how its sender signs. */
function openStream(
  handshake: HandshakeName,
  scheme: SchemeName,
  env: object = {},
  options: Partial<Stream> = {},
) {
  const edge = openEdge({
    streams: { hook: { ...unfiltered, scheme, handshake, maxBodyBytes: 100_000, ...options } },
    env: { HOOK_SECRET: secret, HOOK_KEY: secret, HOOK_VERIFY_TOKEN: verifyToken, ...env },
  });
  const path = scheme === 'endpoint-key' ? `/hook/${encodeURIComponent(secret)}` : '/hook';
  return {
    edge,
    get: (query: string) => edge.send(`${path}?${query}`, { method: 'GET' }),
    post: (body: string, headers: Record<string, string> = {}) =>
      edge.send(path, { body, headers }),
    /** Signed as its sender signs; `headers` are added first. */
    async signed(body: string, headers: Record<string, string> = {}, query = '') {
      const bytes = new TextEncoder().encode(body) as Uint8Array<ArrayBuffer>;
      const request = { method: 'POST', url: '', headers: new Headers(headers), body: bytes };
      const added = await signRequest(schemes[scheme], request, secret, Date.now());
      return edge.send(path + query, { body, headers: { ...headers, ...added.headers } });
    },
    stored: async () => (await edge.tries()).filter((made) => made.stored).length,
  };
}

async function hmac(text: string): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
}

test.each(vectors)('the given vector of $provider', async ({ provider, request, response }) => {
  const name = provider as 'meta' | 'dropbox' | 'slack';
  const stream = openStream(name, name);
  const query = new URLSearchParams(request.query as unknown as Record<string, string>).toString();
  const answer =
    request.method === 'GET' ? await stream.get(query) : await stream.signed(request.body ?? '');
  expect(answer.status).toBe(response.status);
  expect(await answer.text()).toBe(response.body);
  for (const [header, value] of Object.entries(response.headers ?? {})) {
    expect(answer.headers.get(header)).toBe(value);
  }
  expect(await stream.stored()).toBe(0);
});

test.each(vectors)(
  '$provider: without the handshake in the config no challenge is answered',
  async ({ provider, request }) => {
    const { handshake: __, ...bare } = {
      ...unfiltered,
      scheme: provider as SchemeName,
      handshake: 0,
    };
    const edge = openEdge({ streams: { hook: bare }, env: { HOOK_SECRET: secret } });
    const query = new URLSearchParams(
      request.query as unknown as Record<string, string>,
    ).toString();
    const init = { method: request.method, ...(request.body && { body: request.body }) };
    const { status } = await edge.send(`/hook?${query}`, init);
    expect(status).toBe(request.method === 'GET' ? 405 : 401);
  },
);

test.each([
  ['hub.mode=subscribe&hub.challenge=1&hub.verify_token=other', 403],
  ['hub.mode=subscribe&hub.challenge=1', 403],
  ['hub.mode=subscribe&hub.challenge=1&hub.verify_token=', 403],
  ['hub.mode=subscribe&hub.challenge=1&hub.verify_token=meatyhamhoc', 403],
  ['hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=meatyhamhock', 401],
  ['hub.challenge=1&hub.verify_token=meatyhamhock', 401],
  [`hub.mode=subscribe&hub.verify_token=meatyhamhock&hub.challenge=${'1'.repeat(2000)}`, 401],
  ['', 401],
])('meta: %s is a %i', async (query, status) => {
  const answer = await openStream('meta', 'meta').get(query);
  expect(answer.status).toBe(status);
  expect(await answer.text()).not.toContain(verifyToken);
});

test('meta: a verify token that is not set is our failure: 503', async () => {
  const stream = openStream('meta', 'meta', { HOOK_VERIFY_TOKEN: '' });
  const [line = ''] = await logged(async () => {
    const query = 'hub.mode=subscribe&hub.challenge=1&hub.verify_token=';
    expect((await stream.get(query)).status).toBe(503);
  });
  expect(JSON.parse(line)).toMatchObject({ cause: 'secret-missing' });
  expect(line).toContain('HOOK_VERIFY_TOKEN');
});

test('meta: a newline at the end of the verify token, as a shell may add it, changes nothing', async () => {
  const stream = openStream('meta', 'meta', { HOOK_VERIFY_TOKEN: `${verifyToken}\n` });
  const query = `hub.mode=subscribe&hub.challenge=1&hub.verify_token=${verifyToken}`;
  expect((await stream.get(query)).status).toBe(200);
});

test('slack: only a signed and well-formed challenge is answered', async () => {
  const stream = openStream('slack', 'slack');
  const challenge = '{"type":"url_verification","challenge":"abc"}';
  expect((await stream.post(challenge)).status).toBe(401);
  const event = '{"type":"event_callback","challenge":"abc","event_name":"x"}';
  expect((await stream.signed(event)).status).toBe(204);
  expect((await stream.signed('{"type":"url_verification","challenge":7}')).status).toBe(204);
  expect(await stream.stored()).toBe(2);
});

test('twitch: the challenge of a signed body is echoed as text; a header cannot turn an event into a challenge', async () => {
  const stream = openStream('twitch', 'twitch');
  const body =
    '{"challenge":"pogchamp","subscription":{"status":"webhook_callback_verification_pending"}}';
  expect((await stream.post(body)).status).toBe(401);
  const answer = await stream.signed(body);
  expect([answer.status, await answer.text()]).toEqual([200, 'pogchamp']);
  expect(answer.headers.get('content-type')).toBe('text/plain');
  const type = { 'twitch-eventsub-message-type': 'webhook_callback_verification' };
  const event = '{"challenge":"pogchamp","subscription":{"status":"enabled"},"event":{}}';
  expect((await stream.signed(event, type)).status).toBe(204);
  expect(await stream.stored()).toBe(1);
});

test('zoom: a signed plain token is answered with its HMAC', async () => {
  const stream = openStream('zoom', 'zoom');
  const plainToken = 'qgg8vlvZRS6UYooatFL8Aw';
  const body = JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } });
  expect((await stream.post(body)).status).toBe(401);
  const answer = await stream.signed(body);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { plainToken, encryptedToken: (await hmac(plainToken)).toHex() },
  ]);
});

test.each(['v0:1:{}', 'a:b', '', 'x'.repeat(257), '{}', 'a b', 7, null, ['a']])(
  'zoom: the token %j is not signed',
  async (plainToken) => {
    const stream = openStream('zoom', 'zoom');
    const body = JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken } });
    expect((await stream.signed(body)).status).toBe(403);
    expect(await stream.stored()).toBe(0);
  },
);

test('x: a token is answered with its HMAC', async () => {
  const token = 'NGFmYTU5NjMtODY4ZS00MWY1LTgwYWUtODE2Y2U1M2ExYjQx';
  const answer = await openStream('x', 'x').get(`crc_token=${token}&nonce=1`);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { response_token: `sha256=${(await hmac(token)).toBase64()}` },
  ]);
});

test.each(['{}', '{"event_name":"x"}', '[1]', '"a"', ' {}', 'a=b', 'a&b', '', 'x'.repeat(257)])(
  'x: the token %j is not signed',
  async (token) => {
    const stream = openStream('x', 'x');
    const answer = await stream.get(`crc_token=${encodeURIComponent(token)}`);
    expect(answer.status).toBe(403);
  },
);

test('x: the signature of a challenge cannot be reused for a delivery', async () => {
  const stream = openStream('x', 'x');
  for (const token of ['123', 'true', 'abc']) {
    const { response_token } = await (await stream.get(`crc_token=${token}`)).json<{
      response_token: string;
    }>();
    const forged = await stream.post(token, { 'x-twitter-webhooks-signature': response_token });
    expect(forged.status).toBe(403);
  }
  expect((await stream.signed('{"event_name":"tweet"}')).status).toBe(204);
  expect(await stream.stored()).toBe(1);
});

test('x: the first of four secrets that is set signs the answer', async () => {
  const secrets = ['X_NEXT', 'X_OTHER', 'HOOK_SECRET', 'X_LAST'];
  const stream = openStream('x', 'x', { X_NEXT: ' ', X_LAST: 'another' }, { secrets });
  expect(await (await stream.get('crc_token=abc')).json()).toEqual({
    response_token: `sha256=${(await hmac('abc')).toBase64()}`,
  });
});

test('x: without its secret: 503', async () => {
  const stream = openStream('x', 'x', { HOOK_SECRET: '' });
  expect((await stream.get('crc_token=abc')).status).toBe(503);
});

test('asana: the secret is echoed before the stream has one, and neither kept nor logged', async () => {
  const stream = openStream('asana', 'asana', { HOOK_SECRET: '' });
  const sent = 'b537207f20cbfa02357cf448134da559';
  let answer = new Response();
  const lines = await logged(async () => {
    answer = await stream.post('{}', { 'x-hook-secret': sent });
  });
  expect([answer.status, answer.headers.get('x-hook-secret')]).toEqual([200, sent]);
  expect(lines.join()).not.toContain(sent);
  expect(await stream.stored()).toBe(0);
  // Only the stream's own secret verifies a delivery.
  const forger = openStream('asana', 'asana', { HOOK_SECRET: 'the real one' });
  await forger.post('', { 'x-hook-secret': secret });
  expect((await forger.signed('{"events":[]}')).status).toBe(401);
});

test('asana: a delivery is verified whatever its other headers say', async () => {
  const stream = openStream('asana', 'asana');
  const headers = { 'x-hook-secret': 'abc', 'x-hook-signature': '00' };
  expect((await stream.post('{}', headers)).status).toBe(401);
  expect((await stream.post('{}', { 'x-hook-secret': 'a b' })).status).toBe(403);
  expect((await stream.signed('{"event_name":"x"}', { 'x-hook-secret': 'abc' })).status).toBe(204);
});

test('graph: the decoded token of the query is echoed, if the key is right', async () => {
  const stream = openStream('graph', 'endpoint-key');
  const token = 'Validation: Testing client <b>é</b> 1+1';
  const path = `/hook/${encodeURIComponent(secret)}?validationToken=${encodeURIComponent(token)}`;
  const answer = await stream.edge.send(path);
  expect([answer.status, await answer.text()]).toEqual([200, token]);
  expect(answer.headers.get('content-type')).toBe('text/plain');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await stream.edge.send('/hook/other?validationToken=a')).status).toBe(401);
  expect((await stream.post('{"event_name":"x"}')).status).toBe(204);
});

test('monday: the challenge is echoed if the body holds nothing else', async () => {
  const stream = openStream('monday', 'endpoint-key');
  const answer = await stream.post('{"challenge":"3eZbrw1a"}');
  expect([answer.status, await answer.json()]).toEqual([200, { challenge: '3eZbrw1a' }]);
  expect((await stream.edge.send('/hook/other', { body: '{"challenge":"a"}' })).status).toBe(401);
  // Monday treats anything except a 200 as a failure.
  expect((await stream.post('{"challenge":"a","event_name":"x"}')).status).toBe(200);
  expect(await stream.stored()).toBe(1);
});

test('xero: 200 for a valid signature, 401 for a wrong one, both without a body', async () => {
  const stream = openStream('xero', 'xero');
  const intent = '{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3"}';
  const answers = [
    await stream.signed(intent),
    await stream.post(intent, { 'x-xero-signature': 'AAAA' }),
    await stream.post(intent),
    await stream.signed('{"events":[{}],"event_name":"x"}'),
  ];
  const contents = await Promise.all(answers.map(async (one) => [one.status, await one.text()]));
  expect(contents).toEqual([
    [200, ''],
    [401, ''],
    [401, ''],
    [200, ''],
  ]);
  expect(await stream.stored()).toBe(1);
});

test('xero: filtered and malformed deliveries get an empty answer too', async () => {
  const stream = openStream(
    'xero',
    'xero',
    {},
    xero({ table: 'd.t', filter: { events: ['A.B'] } }),
  );
  const filtered = await stream.signed('{"events":[{"eventCategory":"A","eventType":"C"}]}');
  expect([filtered.status, await filtered.text()]).toEqual([200, '']);
  expect(filtered.headers.get('tributary-outcome')).toBe('filtered');
  const malformed = await stream.signed('{"events":7}');
  expect([malformed.status, await malformed.text()]).toEqual([400, '']);
  expect(malformed.headers.get('content-type')).toBeNull();
});

test('discord: signed pings of both kinds are answered, an event is stored', async () => {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const raw = (await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer;
  const stream = openStream('discord', 'discord', { HOOK_SECRET: new Uint8Array(raw).toHex() });
  const send = async (body: string) => {
    const time = String(Math.floor(Date.now() / 1000));
    const bytes = new TextEncoder().encode(time + body);
    const mac = new Uint8Array(await crypto.subtle.sign('Ed25519', pair.privateKey, bytes));
    return stream.post(body, {
      'x-signature-ed25519': mac.toHex(),
      'x-signature-timestamp': time,
    });
  };
  const webhook = await send('{"version":1,"application_id":"1","type":0}');
  expect([webhook.status, await webhook.text()]).toEqual([204, '']);
  const interaction = await send('{"application_id":"1","token":"t","type":1,"version":1}');
  expect([interaction.status, await interaction.json()]).toEqual([200, { type: 1 }]);
  const event = '{"version":1,"type":1,"event":{"type":"ENTITLEMENT_CREATE"},"event_name":"x"}';
  expect((await send(event)).status).toBe(204);
  expect((await stream.post('{"type":0}')).status).toBe(401);
  expect(await stream.stored()).toBe(1);
});

test.each(['slack', 'twitch', 'zoom', 'xero', 'x'] as const)(
  '%s: odd signed bodies get an answer, never a crash',
  async (name) => {
    const stream = openStream(name, name);
    const nested = `${'['.repeat(40_000)}${']'.repeat(40_000)}`;
    for (const body of ['', 'null', '[]', '1', '"a"', '{', nested]) {
      const { status } = await stream.signed(body);
      expect([body.slice(0, 20), status]).toEqual([
        body.slice(0, 20),
        name === 'x' && !body.startsWith('{') ? 403 : 400,
      ]);
    }
  },
);

test('dropbox: neither a HEAD nor an over-long challenge is answered', async () => {
  const stream = openStream('dropbox', 'dropbox');
  expect((await stream.edge.send('/hook?challenge=a', { method: 'HEAD' })).status).toBe(405);
  expect((await stream.get(`challenge=${'a'.repeat(1025)}`)).status).toBe(401);
  expect((await stream.get('challenge=')).status).toBe(401);
  const script = await stream.get('challenge=%3Cscript%3E');
  expect(script.headers.get('content-type')).toBe('text/plain');
});

test('dropbox: an endpoint with a key answers a challenge only with the key', async () => {
  const stream = openStream('dropbox', 'endpoint-key');
  expect((await stream.get('challenge=a')).status).toBe(200);
  expect((await stream.get('a=1')).status).toBe(405);
  expect((await stream.edge.send('/hook/other?challenge=a', { method: 'GET' })).status).toBe(401);
});
