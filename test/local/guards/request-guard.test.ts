import { mkdtempSync, rmSync } from 'node:fs';
import { connect, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { startAbsmartly } from '../../../local/absmartly/main.ts';
import { type BigQueryServer, startBigQuery } from '../../../local/bigquery/main.ts';
import { startDatanostro } from '../../../local/datanostro/main.ts';
import { connectBigQuery, connectPubsub } from '../../../local/google-clients.ts';
import { refusalOf } from '../../../local/guards/request-guard.ts';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';

const home = mkdtempSync(join(tmpdir(), 'tributary-test-'));
const allowHosts = ['Tributary', '0.0.0.0'];
const topic = 'projects/p/topics/orders';
const stops: (() => Promise<void>)[] = [];
let pubsub: PubsubServer;
let bigquery: BigQueryServer;
/** Each server's port, and a request that it answers with 200. */
const servers: Record<string, { port: number; get: string; headers?: Record<string, string> }> = {};

beforeAll(async () => {
  const faults = true;
  pubsub = await startPubsub({ port: 0, directory: join(home, 'pubsub'), faults, allowHosts });
  stops.push(() => pubsub.stop());
  const directory = join(home, 'bigquery');
  bigquery = await startBigQuery({ restPort: 0, grpcPort: 0, directory, faults, allowHosts });
  stops.push(() => bigquery.stop());
  const absmartly = await startAbsmartly({ port: 0, apiKey: 'key', allowHosts });
  stops.push(() => absmartly.stop());
  const datanostro = await startDatanostro({ port: 0, apiKeys: ['key'], allowHosts });
  stops.push(() => datanostro.stop());
  const headers = { authorization: 'Api-Key key' };
  const day = '?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z';
  Object.assign(servers, {
    pubsub: { port: pubsub.port, get: '/v1/projects/p/topics' },
    'faults of pubsub': { port: pubsub.port, get: '/__faults' },
    bigquery: { port: bigquery.restPort, get: '/bigquery/v2/projects/p/datasets' },
    'faults of bigquery': { port: bigquery.restPort, get: '/__faults' },
    absmartly: { port: absmartly.port, get: '/v1/experiments/1', headers },
    datanostro: { port: datanostro.port, get: `/api/v1/events/export/${day}`, headers },
  });
  const client = connectPubsub('p', pubsub.port);
  await client.createTopic('orders');
  await client.close();
  await connectBigQuery('p', bigquery.restPort).createDataset('kept');
});

afterAll(async () => {
  for (const stop of stops) await stop();
  rmSync(home, { recursive: true });
});

interface Raw {
  method?: string;
  target: string;
  host?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A request with any Host. Returns the status and the whole text of the response. */
function request(port: number, raw: Raw): Promise<{ status: number; text: string }> {
  const { method = 'GET', target, host = `127.0.0.1:${port}`, headers = {}, body } = raw;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined || headers['Transfer-Encoding']
      ? []
      : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ];
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`);
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ status: Number(text.split(' ')[1]), text }));
  });
}

const names = [
  'pubsub',
  'faults of pubsub',
  'bigquery',
  'faults of bigquery',
  'absmartly',
  'datanostro',
];

describe.each(names)('%s', (name) => {
  const get = (raw: Partial<Raw>) => {
    const server = servers[name] ?? { port: 0, get: '' };
    const headers = { ...server.headers, ...raw.headers };
    return request(server.port, { target: server.get, ...raw, headers });
  };

  it.each([
    ['127.0.0.1'],
    ['127.0.0.1:1'],
    ['127.200.3.4'],
    ['localhost:8085'],
    ['LocalHost'],
    ['[::1]:99'],
    ['tributary:8085'],
    ['0.0.0.0:8085'],
  ])('answers a program that calls it %s', async (host) => {
    expect(await get({ host })).toMatchObject({ status: 200 });
  });

  it.each([
    ['evil.example'],
    ['evil.example:8085'],
    ['127.0.0.1.evil.example'],
    ['localhost.evil.example'],
    ['evil-localhost'],
    ['evil.example@127.0.0.1'],
    ['127.0.0.1@evil.example'],
    ['127.0.0.1, evil.example'],
    ['192.168.0.5:8085'],
    ['[::2]'],
    ['tributary.evil.example'],
    [''],
  ])('refuses the Host "%s"', async (host) => {
    const { status, text } = await get({ host });
    expect(status).toBe(403);
    expect(text).toContain('--allow-host');
  });

  it.each([
    [{ Origin: 'https://evil.example' }],
    [{ Origin: 'null' }],
    [{ Origin: 'http://127.0.0.1:8085' }],
    [{ Origin: '' }],
    [{ 'Sec-Fetch-Site': 'cross-site' }],
    [{ 'Sec-Fetch-Site': 'same-site' }],
    [{ 'Sec-Fetch-Site': 'same-origin' }],
  ])('refuses a page: %j', async (headers: Record<string, string>) => {
    const { status, text } = await get({ headers });
    expect(status).toBe(403);
    expect(text).toContain('web page');
    expect(text.toLowerCase()).not.toContain('access-control');
  });

  it('gives no page leave to ask', async () => {
    const preflight = {
      Origin: 'https://evil.example',
      'Access-Control-Request-Method': 'DELETE',
      'Access-Control-Request-Private-Network': 'true',
    };
    const { status, text } = await get({ method: 'OPTIONS', headers: preflight });
    expect(status).toBe(403);
    expect(text.toLowerCase()).not.toContain('access-control');
    expect((await get({ method: 'OPTIONS' })).text.toLowerCase()).not.toContain('access-control');
  });

  it('accepts a request target in absolute form only with its own host', async () => {
    const { get: target = '' } = servers[name] ?? {};
    const { status } = await get({ target: `http://evil.example${target}` });
    expect(status).toBe(403);
  });

  it('lets a person look with a browser', async () => {
    expect(await get({ headers: { 'Sec-Fetch-Site': 'none' } })).toMatchObject({ status: 200 });
  });
});

describe('a body', () => {
  const publish = { method: 'POST', target: `/v1/${topic}:publish` };
  const body = '{"messages":[{"data":"eA=="}]}';
  const send = (headers: Record<string, string>) =>
    request(pubsub.port, { ...publish, headers, body });

  it.each([
    ['application/json'],
    ['Application/JSON; charset=utf-8'],
    ['application/vnd.api+json'],
    ['application/octet-stream'],
  ])('of %s is taken', async (type) => {
    expect((await send({ 'Content-Type': type })).status).toBe(200);
  });

  it.each([
    ['text/plain'],
    ['text/plain;charset=UTF-8'],
    ['text/plain; application/json'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=b'],
    ['text/json'],
    ['application/jsonp'],
  ])('of %s is not', async (type) => {
    const { status, text } = await send({ 'Content-Type': type });
    expect(status).toBe(415);
    expect(text).toContain("-H 'content-type: application/json'");
  });

  it('requires a content type, because pages can send none', async () => {
    expect((await send({})).status).toBe(415);
  });

  it('that is chunked needs it as well', async () => {
    const chunked = { 'Transfer-Encoding': 'chunked' };
    const inChunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const sent = { ...publish, headers: chunked, body: inChunks };
    expect((await request(pubsub.port, sent)).status).toBe(415);
    const headers = { ...chunked, 'Content-Type': 'application/json' };
    expect((await request(pubsub.port, { ...sent, headers })).status).toBe(200);
  });

  it('that is empty needs none', async () => {
    const nothing = { method: 'POST', target: `/v1/${topic}:publish` };
    // INVALID_ARGUMENT: there is nothing to publish.
    expect((await request(pubsub.port, nothing)).status).toBe(400);
  });

  it.each([
    ['POST', '/bigquery/v2/projects/p/queries', '{"query":"SELECT 1","useLegacySql":false}'],
    ['POST', '/__faults', '{"name":"rest.delay","ms":1}'],
    ['DELETE', '/bigquery/v2/projects/p/datasets/kept', '{}'],
    ['POST', '/upload/bigquery/v2/projects/p/jobs?uploadType=resumable', '{}'],
    ['POST', '/upload/bigquery/v2/projects/p/jobs?uploadType=multipart', '--b--'],
  ])('of text/plain is not taken: %s %s', async (method, target, text) => {
    const headers = { 'Content-Type': 'text/plain' };
    const answer = await request(bigquery.restPort, { method, target, headers, body: text });
    expect(answer.status).toBe(415);
  });
});

describe('requests of a page or a rebound name change nothing', () => {
  const page = { Origin: 'https://evil.example', 'Content-Type': 'application/json' };

  it('a dataset stays, and no fault is scripted', async () => {
    const gone = '/bigquery/v2/projects/p/datasets/kept';
    const port = bigquery.restPort;
    await request(port, { method: 'DELETE', target: gone, headers: page });
    await request(port, { method: 'DELETE', target: gone, host: 'evil.example' });
    const [isThere] = await connectBigQuery('p', port).dataset('kept').exists();
    expect(isThere).toBe(true);
    const scripted = { method: 'POST', target: '/__faults', body: '{"name":"rest.hang"}' };
    await request(port, { ...scripted, headers: page });
    expect((await request(port, { target: '/__faults' })).text).toContain('{"faults":[]}');
  });

  it('nothing is published', async () => {
    const client = connectPubsub('p', pubsub.port);
    const [subscription] = await client.topic('orders').createSubscription('orders-all');
    const publish = {
      method: 'POST',
      target: `/v1/${topic}:publish`,
      body: '{"messages":[{"data":"eA=="}]}',
    };
    const host = 'evil.example';
    const json = { 'Content-Type': 'application/json' };
    await request(pubsub.port, { ...publish, headers: page });
    await request(pubsub.port, { ...publish, headers: json, host });
    await client.topic('orders').publishMessage({ data: Buffer.from('right') });
    const first = Promise.withResolvers<string>();
    subscription.on('message', (message) => {
      message.ack();
      first.resolve(message.data.toString());
    });
    expect(await first.promise).toBe('right');
    await client.close();
  });
});

describe('gRPC', () => {
  /** A call without a message, with any headers. Returns its grpc-status and HTTP status. */
  async function call(port: number, path: string, headers: Record<string, string>) {
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    // An empty message: five bytes of frame.
    stream.end(Buffer.alloc(5));
    stream.resume();
    const seen: Record<string, unknown> = {};
    stream.on('response', (received) => Object.assign(seen, received));
    stream.on('trailers', (received) => Object.assign(seen, received));
    await new Promise((resolve) => stream.once('close', resolve));
    session.close();
    return { status: seen[':status'], code: seen['grpc-status'] };
  }

  const methods = () =>
    [
      [pubsub.port, '/google.pubsub.v1.Publisher/ListTopics'],
      [pubsub.port, '/google.pubsub.v1.Subscriber/StreamingPull'],
      [bigquery.grpcPort, '/google.cloud.bigquery.storage.v1.BigQueryWrite/GetWriteStream'],
      [bigquery.grpcPort, '/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows'],
    ] as const;
  const denied = '7';

  test('a foreign authority, or an origin, is PERMISSION_DENIED', async () => {
    for (const [port, path] of methods()) {
      const foreign = await call(port, path, { ':authority': 'evil.example' });
      expect(foreign).toEqual({ status: 200, code: denied });
      const fromPage = await call(port, path, { origin: 'https://evil.example' });
      expect(fromPage).toEqual({ status: 200, code: denied });
    }
  });

  test('this machine, and an allowed name, are not', async () => {
    for (const [port, path] of methods()) {
      for (const authority of ['localhost:1', '127.0.0.1', 'tributary:9060']) {
        const { code } = await call(port, path, { ':authority': authority });
        expect(code).not.toBe(denied);
      }
    }
  });

  test('only application/grpc is taken', async () => {
    for (const [port, path] of methods()) {
      expect(await call(port, path, { 'content-type': 'text/plain' })).toMatchObject({
        status: 415,
      });
    }
  });

  test("Google's own clients are answered", async () => {
    const client = connectPubsub('p', pubsub.port);
    const [topics] = await client.getTopics();
    expect(topics.map(({ name }) => name)).toContain(topic);
    await client.close();
    const write = new v1.BigQueryWriteClient({
      projectId: 'p',
      apiEndpoint: '127.0.0.1',
      port: bigquery.grpcPort,
      sslCreds: credentials.createInsecure(),
    });
    const name = 'projects/p/datasets/kept/tables/none/streams/_default';
    await expect(write.getWriteStream({ name })).rejects.toMatchObject({ code: 5 });
    await write.close();
  });
});

test('without a list of names only this machine is allowed', () => {
  expect(refusalOf({ host: 'localhost:8085' })).toBeUndefined();
  expect(refusalOf({ host: 'tributary:8085' })).toContain('"tributary"');
  expect(refusalOf({ host: undefined })).toContain('Host');
});
