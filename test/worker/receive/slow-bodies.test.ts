import { expect, test } from 'vitest';
import { toResponse } from '../../../worker/outcome.ts';
import {
  cap,
  inNoTime,
  logged,
  openEdge,
  purchase,
  secrets,
  shop,
  signed,
} from '../../beds/workerd/edge.ts';

/** A body that stops after its first bytes: it stalls, or it breaks off. */
function stalling(bytes: number, end?: 'abort') {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const written = bytes > 0 ? writer.write(new Uint8Array(bytes)) : Promise.resolve();
  void written.catch(() => {});
  if (end) void written.then(() => writer.abort(new Error('the sender is gone'))).catch(() => {});
  return readable;
}

/** A rate limit that records its keys; it limits all of them if `admits` is false. */
function countingLimit(admits = true) {
  const keys: string[] = [];
  const limit = async ({ key }: { key: string }) => {
    keys.push(key);
    return { success: admits };
  };
  return { keys, env: { FAILED_TRIES: { limit } } };
}

const address = { 'cf-connecting-ip': '198.51.100.21' };

/** Sends, and lets the time that the edge waits for a body pass at once. */
function sendAndWait(edge: ReturnType<typeof openEdge>, path: string, init: RequestInit) {
  return inNoTime(() => edge.send(path, init), 30_000);
}

const declared = { 'content-length': '100' };

test.each([
  ['in chunks', {}, 0],
  ['in chunks, after its first bytes', {}, 50],
  ['of a declared length', declared, 0],
  ['of a declared length, after its first bytes', declared, 50],
])('a body that stalls before the signature held (%s): 408, counted', async (_, framing, bytes) => {
  const { keys, env } = countingLimit();
  const edge = openEdge({ env });
  let status = 0;
  const [line = ''] = await logged(async () => {
    const init = { body: stalling(bytes), headers: { ...address, ...framing } };
    const response = await sendAndWait(edge, '/shop', init);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    status = response.status;
  });
  expect(status).toBe(408);
  expect(JSON.parse(line)).toMatchObject({ outcome: 'timeout', cause: 'body-too-slow' });
  expect(keys).toHaveLength(1);
});

test.each([
  ['in chunks', {}],
  ['of a declared length', declared],
])('a body that breaks off before the signature held (%s): 400, counted', async (_, framing) => {
  const { keys, env } = countingLimit();
  const edge = openEdge({ env });
  let status = 0;
  const [line = ''] = await logged(async () => {
    const init = { body: stalling(50, 'abort'), headers: { ...address, ...framing } };
    status = (await edge.send('/shop', init)).status;
  });
  expect(status).toBe(400);
  expect(JSON.parse(line)).toMatchObject({ outcome: 'incomplete', cause: 'body-broken' });
  expect(keys).toHaveLength(1);
});

test('an address with too many such bodies gets a 429 for each', async () => {
  const edge = openEdge(countingLimit(false));
  const init = { body: stalling(50, 'abort'), headers: address };
  expect((await edge.send('/shop', init)).status).toBe(429);
  const stalled = { body: stalling(50), headers: address };
  expect((await sendAndWait(edge, '/shop', stalled)).status).toBe(429);
});

test('once the key held, a body that stalls or breaks off is not a failed try', async () => {
  const { keys, env } = countingLimit(false);
  const edge = openEdge({ env });
  const path = `/crm/${secrets.CRM_KEY}`;
  const stalled = { body: stalling(50), headers: address };
  expect((await sendAndWait(edge, path, stalled)).status).toBe(408);
  const broken = { body: stalling(50, 'abort'), headers: address };
  expect((await edge.send(path, broken)).status).toBe(400);
  expect(keys).toEqual([]);
  expect(await edge.tries()).toEqual([]);
});

test.each(['/shop', '/crm/crm-key', '/crm/wrong', '/crm'])(
  'a declared length over the limit is a 413 before any byte arrives: %s',
  async (path) => {
    const { keys, env } = countingLimit();
    const edge = openEdge({ env });
    const headers = { ...address, 'content-length': String(cap + 1) };
    const response = await edge.send(path, { body: stalling(0), headers });
    expect(response.status).toBe(413);
    expect(keys).toEqual([]);
  },
);

test('a slow body is a 413 as soon as it exceeds the limit', async () => {
  const edge = openEdge();
  for (const path of ['/shop', '/crm/crm-key']) {
    expect((await edge.send(path, { body: stalling(cap + 1) })).status).toBe(413);
  }
});

test('an address that is not allowed does not learn the limit', async () => {
  const edge = openEdge({ streams: { shop: { ...shop, allowedAddresses: ['192.0.2.0/24'] } } });
  const headers = { ...address, 'content-length': String(cap + 1) };
  expect((await edge.send('/shop', { body: stalling(0), headers })).status).toBe(403);
});

test('a Content-Length that is not a number, or is wrong, decides nothing', async () => {
  const edge = openEdge();
  const { body, headers } = await signed(purchase);
  for (const length of ['0', '-1', 'nonsense', '1e3', '', '5, 5']) {
    const spoilt = { ...(headers as Record<string, string>), 'content-length': length };
    expect([
      length,
      (await edge.send('/shop', { body: body ?? '', headers: spoilt })).status,
    ]).toEqual([length, 204]);
  }
});

test('a coding that is not supported is a 415 that names those that are', async () => {
  const response = toResponse({ outcome: 'unsupported-encoding', accepts: ['gzip', 'deflate'] });
  expect(response.status).toBe(415);
  expect(response.headers.get('accept-encoding')).toBe('gzip, deflate');
  expect(await response.json()).toMatchObject({ status: 415 });
});
