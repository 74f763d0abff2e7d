import { expect, test } from 'vitest';
import { readEnvelope } from '../../shared/envelope.ts';
import { generic } from '../../shared/sources/generic.ts';
import { github, mailgun, sendgridInbound } from '../../shared/sources/presets.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { openEdge, secrets, shop, signature } from '../beds/workerd/edge.ts';

const path = `/keyed/${secrets.CRM_KEY}`;

const keyed = generic({
  table: 'd.keyed',
  event: '$.event',
  id: '$.id',
  secrets: ['CRM_KEY'],
  maxBodyBytes: 100_000,
});

const streams = {
  keyed,
  shop,
  crm: segmentstream({ table: 'd.crm', fields: true }),
  inbound: sendgridInbound({ table: 'd.inbound', secrets: ['CRM_KEY'] }),
};

async function compress(
  bytes: Uint8Array | string,
  format: 'gzip' | 'deflate' | 'deflate-raw',
): Promise<Uint8Array> {
  const packed = new Response(bytes).body?.pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** The response, and the envelope as the subscriber reads it, if there is one. */
async function relayed(target: string, init: RequestInit) {
  const edge = openEdge({ streams });
  const response = await edge.send(target, init);
  const [made] = await edge.tries();
  const message = made?.request.messages[0];
  const reading = message && readEnvelope(message.attributes, Uint8Array.fromBase64(message.data));
  if (reading?.ok === false) throw new Error(reading.problem);
  return { response, envelope: reading?.envelope, attributes: message?.attributes };
}

const event = '{"event":"a","id":"1"}';

test.each([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['deflate', 'deflate'],
  ['deflate', 'deflate-raw'],
  ['identity', undefined],
  ['utf-8', undefined],
  ['identity, gzip', 'gzip'],
] as const)('Content-Encoding: %s is undone (%s)', async (coding, format) => {
  const body = format ? await compress(event, format) : new TextEncoder().encode(event);
  const got = await relayed(path, { body, headers: { 'content-encoding': coding } });
  expect(got.response.status).toBe(204);
  // The envelope carries the bytes as they were sent.
  expect(got.envelope).toMatchObject({ body, event: 'a', contentEncoding: coding });
});

test('several codings are undone, last one first', async () => {
  const body = await compress(await compress(event, 'deflate'), 'gzip');
  const headers = { 'content-encoding': 'deflate, gzip' };
  expect((await relayed(path, { body, headers })).envelope).toMatchObject({ event: 'a' });
  const turned = await relayed(path, { body, headers: { 'content-encoding': 'gzip, deflate' } });
  expect(turned.response.status).toBe(400);
});

test.each([
  'br',
  'zstd',
  'compress',
  'aws-chunked',
  'gzip, zstd',
  '__proto__',
  'gzip,gzip,gzip,gzip',
])('Content-Encoding: %s is a 415 once the key held', async (coding) => {
  const init = { body: event, headers: { 'content-encoding': coding } };
  const { response, envelope } = await relayed(path, init);
  expect(response.status).toBe(415);
  expect(response.headers.get('accept-encoding')).toContain('gzip');
  expect(envelope).toBeUndefined();
  expect((await relayed('/keyed/wrong', init)).response.status).toBe(401);
});

test('compressed data that are cut, followed by other bytes, or not compressed are a 400', async () => {
  const whole = await compress(event, 'gzip');
  for (const body of [
    whole.subarray(0, -1),
    whole.subarray(0, 12),
    Uint8Array.of(...whole, 0),
    Uint8Array.of(...whole, ...whole),
    event,
    '\u001f\u008b',
  ]) {
    const { response } = await relayed(path, { body, headers: { 'content-encoding': 'gzip' } });
    expect(response.status).toBe(400);
  }
});

test('the signature covers the compressed bytes, and nothing is inflated before it holds', async () => {
  const body = await compress('{"id":"e","event_name":"purchase"}', 'gzip');
  const headers = { 'content-encoding': 'gzip' };
  const right = { ...headers, 'x-dn-signature': await signature(body) };
  expect((await relayed('/shop', { body, headers: right })).envelope?.event).toBe('purchase');
  expect((await relayed('/shop', { body, headers })).response.status).toBe(401);
});

test.each([
  ['an inflated body within the limit', 50_000, 204],
  ['an inflated body beyond the limit', 100_000, 413],
  ['a decompression bomb', 200_000_000, 413],
])('%s', async (_, size, status) => {
  const zeros = new ReadableStream({
    pull(controller) {
      for (let left = size; left > 0; left -= 1_000_000) {
        controller.enqueue(new TextEncoder().encode('0'.repeat(Math.min(left, 1_000_000))));
      }
      controller.close();
    },
  });
  const text = size > 1_000_000 ? zeros : `{"event":"a","rest":"${'0'.repeat(size)}"}`;
  const packed = new Response(text).body?.pipeThrough(new CompressionStream('gzip'));
  const once = new Uint8Array(await new Response(packed).arrayBuffer());
  const body = once.byteLength > 90_000 ? await compress(once, 'gzip') : once;
  const coding = body === once ? 'gzip' : 'gzip, gzip';
  const { response } = await relayed(path, { body, headers: { 'content-encoding': coding } });
  expect(response.status).toBe(status);
});

test.each([
  ['none', ''],
  ['a short one', 'a=1&b=%C5%99&token=x'],
  ['one that fits an attribute exactly', `a=${'x'.repeat(1022)}`],
  ['one that does not', `a=${'x'.repeat(1023)}`],
  ['one of 60 KB', `a=${'x'.repeat(60_000)}&a=2`],
])('the envelope carries the query of a POST: %s', async (_, query) => {
  const { response, envelope, attributes } = await relayed(`${path}?${query}`, { body: event });
  expect(response.status).toBe(204);
  expect(envelope?.query).toBe(query === '' ? undefined : query);
  expect(new TextDecoder().decode(envelope?.body)).toBe(event);
  for (const value of Object.values(attributes ?? {})) expect(value.length).toBeLessThan(1025);
});

test('the query of a GET is its body, once', async () => {
  const edge = openEdge({ streams: { crm: segmentstream({ table: 'd.crm', acceptsGet: true }) } });
  expect((await edge.send('/crm/crm-key?a=1', { method: 'GET' })).status).toBe(204);
  const message = (await edge.tries())[0]?.request.messages[0];
  expect(atob(message?.data ?? '')).toBe('a=1');
  expect(message?.attributes).toMatchObject({ method: 'GET' });
  expect(message?.attributes).not.toHaveProperty('query');
});

test('the envelope carries the whole Content-Type or none of it', async () => {
  const long = `multipart/form-data; boundary=${'b'.repeat(900)}`;
  const got = await relayed(path, { body: event, headers: { 'content-type': long } });
  expect(got.envelope?.contentType).toBe(long);
  const longer = `${long}${'b'.repeat(200)}`;
  const cut = await relayed(path, { body: event, headers: { 'content-type': longer } });
  expect(cut.envelope).not.toHaveProperty('contentType');
});

const form = 'application/x-www-form-urlencoded';

test.each<[string, BodyInit, string, number]>([
  ['multipart without an end', '--B\r\n\r\n1', 'multipart/form-data; boundary=B', 400],
  ['a hostile boundary', event, `multipart/form-data; boundary=${'-'.repeat(500)}`, 204],
  [
    '10,000 parts',
    `${'--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n'.repeat(1000)}--B--`,
    'multipart/form-data',
    204,
  ],
  [
    'a charset that nobody knows',
    new Uint8Array([0x7b, 0xe9, 0x7d]),
    'application/json; charset=klingon',
    400,
  ],
  [
    'a form of 30,000 names',
    Array.from({ length: 9000 }, (_, at) => `n${at}=1`).join('&'),
    form,
    204,
  ],
  ['a form without a field', '&&', form, 400],
  ['an empty body', '', form, 400],
  ['deep JSON', `${'['.repeat(40_000)}${']'.repeat(40_000)}`, 'application/json', 204],
  [
    'wide JSON',
    `{${Array.from({ length: 9000 }, (_, at) => `"n${at}":1`).join()}}`,
    'text/plain',
    204,
  ],
  ['deep JSON in a form', `payload=${'['.repeat(40_000)}`, form, 204],
])('%s', async (_, body, contentType, status) => {
  const { response } = await relayed(path, { body, headers: { 'content-type': contentType } });
  expect(response.status).toBe(status);
});

/** Signs like GitHub, without our own code. */
async function sha256(text: string, secret: string): Promise<string> {
  return signature(text, secret);
}

test('GitHub: a form, and a body of more than a megabyte', async () => {
  const edge = openEdge({
    streams: { github: github({ table: 'd.github' }) },
    env: { GITHUB_SECRET: 'github secret' },
  });
  for (const body of [
    `payload=${encodeURIComponent('{"action":"opened"}')}`,
    `{"commits":"${'x'.repeat(1024 * 1024)}"}`,
  ]) {
    const headers = {
      'content-type': form,
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${await sha256(body, 'github secret')}`,
    };
    expect((await edge.send('/github', { body, headers })).status).toBe(204);
  }
});

test('Mailgun: events, routes as forms and with attachments, and a parent’s signature', async () => {
  const edge = openEdge({
    streams: { mailgun: mailgun({ table: 'd.mailgun' }) },
    env: { MAILGUN_SECRET: 'mailgun key' },
  });
  const made = await sha256('1795828200token', 'mailgun key');
  const fields = { timestamp: '1795828200', token: 'token' };
  const event = { 'event-data': { event: 'opened' } };
  const bodies = (right: string) => [
    JSON.stringify({ ...event, signature: { ...fields, signature: right } }),
    JSON.stringify({
      ...event,
      signature: { ...fields, signature: '0'.repeat(64), 'parent-signature': right },
    }),
    new URLSearchParams({ ...fields, signature: right, subject: 'Re: x' }).toString(),
    multipartOf({ subject: 'Re: x', ...fields, signature: right }),
  ];
  for (const body of bodies(made)) {
    expect((await edge.send('/mailgun', { body })).status).toBe(200);
    // The Content-Type is not signed, so another one changes nothing.
    const headers = { 'content-type': 'application/json' };
    expect((await edge.send('/mailgun', { body, headers })).status).toBe(200);
  }
  for (const body of [...bodies('0'.repeat(64)), ...bodies(''), '', 'signature', '--B--']) {
    expect((await edge.send('/mailgun', { body })).status).toBe(401);
  }
  // Of fields with the same name the first one counts, for the signature and for the row.
  const twice = `timestamp=1&timestamp=1795828200&token=token&signature=${made}`;
  expect((await edge.send('/mailgun', { body: twice })).status).toBe(401);
});

function multipartOf(fields: Record<string, string>): string {
  const lines = Object.entries(fields).map(
    ([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file = '--B\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n\r\n\u0000\r\n';
  return `${lines.join('')}${file}--B--\r\n`;
}

test('Inbound Parse: each part has its own charset', async () => {
  const body = multipartOf({ from: 'a@example.com', charsets: '{"text":"iso-8859-1"}', text: 'x' });
  const { response } = await relayed(`/inbound/${secrets.CRM_KEY}`, { body });
  expect(response.status).toBe(204);
});
