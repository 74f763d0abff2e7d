import { expect, test } from 'vitest';
import type { Try } from '../beds/pubsub-stand-in-script.ts';
import { cap, openEdge, purchase, shop, signature, signed } from '../beds/workerd/edge.ts';

const edge = openEdge();

function bodyOf(made: Try | undefined): Uint8Array {
  return Uint8Array.fromBase64(made?.request.messages[0]?.data ?? '');
}

/** Sends, and returns the status and what was published, if anything. */
async function relayed(path: string, init: RequestInit) {
  const fresh = openEdge();
  const response = await fresh.send(path, init);
  const [made] = await fresh.tries();
  return {
    status: response.status,
    body: made && bodyOf(made),
    attributes: made?.request.messages[0]?.attributes,
  };
}

test.each([
  ['an empty body', ''],
  ['no JSON', 'event_name=purchase'],
  ['half a JSON', '{"event_name":"purchase"'],
  ['an array', '[{"event_name":"purchase"}]'],
  ['a string', '"purchase"'],
  ['a number', '1'],
  ['null', 'null'],
  ['a body that is not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
])('datanostro: %s is a 400 once the signature held', async (_, body) => {
  const response = await edge.send('/shop', await signed(body));
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect((await edge.send('/shop', { body })).status).toBe(401);
});

test.each([
  ['empty', () => ''],
  ['short', (hex: string) => hex.slice(2)],
  ['long', (hex: string) => `${hex}00`],
  ['of half a digit', (hex: string) => hex.slice(1)],
  ['not hex', (hex: string) => `z${hex.slice(1)}`],
  ['with 0x', (hex: string) => `0x${hex}`],
  ['sent twice', (hex: string) => `${hex}, ${hex}`],
  ['sent after a wrong one', (hex: string) => `${'0'.repeat(64)}, ${hex}`],
  ['huge', (hex: string) => hex.repeat(200)],
  ['not ASCII', (hex: string) => `é${hex}`],
])('a signature that is %s is a 401', async (_, spoil) => {
  const headers = { 'x-dn-signature': spoil(await signature(purchase)) };
  expect((await edge.send('/shop', { body: purchase, headers })).status).toBe(401);
});

test('two signature headers are a 401, even if both are right', async () => {
  const headers = new Headers();
  headers.append('x-dn-signature', await signature(purchase));
  headers.append('x-dn-signature', await signature(purchase));
  expect((await edge.send('/shop', { body: purchase, headers })).status).toBe(401);
});

test('an upper-case signature is accepted', async () => {
  const headers = { 'x-dn-signature': (await signature(purchase)).toUpperCase() };
  expect((await edge.send('/shop', { body: purchase, headers })).status).toBe(204);
});

test.each([
  ['0 bytes', 0, 204],
  ['1 byte', 1, 204],
  ['the cap − 1', cap - 1, 204],
  ['the cap', cap, 204],
  ['the cap + 1', cap + 1, 413],
  ['ten times the cap', cap * 10, 413],
])('a body of %s', async (_, size, status) => {
  const body = crypto.getRandomValues(new Uint8Array(size));
  const got = await relayed('/crm/crm-key', { body });
  expect(got.status).toBe(status);
  expect(got.body).toEqual(status === 204 ? body : undefined);
});

test('arbitrary bytes are published as they were sent, whatever the content type claims', async () => {
  const body = Uint8Array.from({ length: 256 }, (_, at) => at);
  const headers = { 'content-type': 'application/json', 'content-encoding': 'identity' };
  const got = await relayed('/crm/crm-key', { body, headers });
  expect(got.body).toEqual(body);
  expect(got.attributes).toMatchObject({ stream: 'crm', content_type: 'application/json' });
  expect(got.attributes).not.toHaveProperty('event_name');
});

test.each([
  ['a NUL in the name', '{"event_name":"purchase\\u0000"}', false],
  ['a lone surrogate in the name', '{"event_name":"purchase\\ud800"}', false],
  ['a NUL elsewhere', '{"event_name":"purchase","note":"a\\u0000b"}', true],
  ['a lone surrogate elsewhere', '{"event_name":"purchase","note":"\\udc00"}', true],
  ['numbers beyond 2^53', '{"event_name":"purchase","n":9007199254740993,"e":1e400}', true],
  ['a byte order mark', '\ufeff{"event_name":"purchase"}', true],
  ['duplicate keys, the first of which passes', '{"event_name":"purchase","event_name":"x"}', true],
  [
    'duplicate keys, the first of which does not',
    '{"event_name":"x","event_name":"purchase"}',
    false,
  ],
  ['an escaped key', '{"\\u0065vent_name":"purchase"}', true],
  ['a name that is no string', '{"event_name":["purchase"]}', false],
  ['no name', '{}', false],
  ['__proto__', '{"__proto__":{"event_name":"purchase"}}', false],
])('datanostro: %s', async (_, body, passes) => {
  const got = await relayed('/shop', await signed(body));
  expect(got.status).toBe(204);
  expect(
    got.body && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(got.body),
  ).toBe(passes ? body : undefined);
});

test('a name that protobuf cannot carry is left out, and the delivery goes its way', async () => {
  const { filter: _, ...unfiltered } = shop;
  const own = openEdge({ streams: { shop: unfiltered } });
  for (const name of ['\ud800', 'x'.repeat(2000)]) {
    const body = JSON.stringify({ event_name: name });
    expect((await own.send('/shop', await signed(body))).status).toBe(204);
  }
  const tries = await own.tries();
  expect(tries).toHaveLength(2);
  for (const made of tries) {
    expect(made.request.messages[0]?.attributes).not.toHaveProperty('event_name');
  }
});

test('a deeply nested body is an answer, not a crash', async () => {
  const deep = openEdge({ streams: { shop: { ...shop, maxBodyBytes: 300_000 } } });
  for (const body of [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, '['.repeat(100_000)]) {
    expect((await deep.send('/shop', await signed(body))).status).toBe(400);
  }
  const event = `{"event_name":"purchase","deep":${'['.repeat(5000)}${']'.repeat(5000)}}`;
  expect((await deep.send('/shop', await signed(event))).status).toBe(204);
});

const ready = { event_name: 'ExperimentDataExportReady', event_at: 1712937600000, id: 42 };

test.each([
  ['', 'missing JSON body', undefined],
  ['nonsense', 'missing JSON body', undefined],
  [JSON.stringify(ready), 'missing metadata', 'metadata'],
  [JSON.stringify({ ...ready, metadata: null }), 'missing metadata', 'metadata'],
  [
    JSON.stringify({ ...ready, metadata: { file_name: 'x.zip' } }),
    'missing download_url in metadata',
    'metadata.download_url',
  ],
  [
    JSON.stringify({ ...ready, metadata: { download_url: 'https://evil.example/x.zip' } }),
    'download_url',
    'metadata.download_url',
  ],
])("absmartly: %j is a 400 in the tutorial's words", async (body, detail, field) => {
  const response = await edge.send('/exports/exports-key', { body });
  expect(response.status).toBe(400);
  const problem = await response.json<{ detail: string; field?: string }>();
  expect(problem.detail).toContain(detail);
  expect(problem.field).toBe(field);
});

test('absmartly: a ready export is accepted', async () => {
  const metadata = { download_url: '/v1/experiments/exports/15/x.zip', export_config_id: 15 };
  const body = JSON.stringify({ ...ready, metadata });
  const got = await relayed('/exports/exports-key', { body });
  expect(got.status).toBe(204);
  expect(got.attributes).toMatchObject({ event_name: 'ExperimentDataExportReady' });
});

test.each([
  ['/crm/crm%2Dkey', 204],
  ['/crm/%63rm-key', 204],
  ['/crm/crm-key?a=1', 204],
  ['/crm/crm-key%00', 401],
  ['/crm/%00', 401],
  ['/crm/%2F', 401],
  ['/crm/%2e%2e%2fshop', 401],
  ['/crm/%', 401],
  ['/crm/%E0%A4', 401],
  ['/crm/crm-key%0a', 401],
  ['/crm/crm-key%20', 401],
  ['/crm%2Fcrm-key', 404],
  ['/CRM/crm-key', 404],
  ['/%63rm/crm-key', 404],
  ['/crm%00/crm-key', 404],
  ['/%', 404],
  ['/__proto__', 404],
  ['/constructor/key', 404],
])('the path %s is a %i', async (path, status) => {
  expect((await edge.send(path, { body: 'a=1' })).status).toBe(status);
});

test('a key may contain characters that a path must escape', async () => {
  const own = openEdge({ env: { CRM_KEY: 'a/b+c==' } });
  expect((await own.send('/crm/a%2Fb+c==', { body: 'a=1' })).status).toBe(204);
  expect((await own.send('/crm/a%2Fb%2Bc%3D%3D', { body: 'a=1' })).status).toBe(204);
  expect((await own.send('/crm/a/b+c==', { body: 'a=1' })).status).toBe(404);
});
