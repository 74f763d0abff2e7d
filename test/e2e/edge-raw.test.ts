import { createHmac, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestHarness } from 'wrangler';
import { relay } from '../../tributary.config.ts';
import { type PubsubStandIn, startPubsubStandIn } from '../beds/pubsub-stand-in.ts';
import type { Fault, Try } from '../beds/pubsub-stand-in-script.ts';

// What no HTTP client would send, to the Worker of wrangler.toml as a black box.

const secret = 'secret of the tests';
const cap = 1024 * 1024;
const event = '{"event_name":"purchase"}';

let pubsub: PubsubStandIn;
let server: ReturnType<typeof createTestHarness>;
let port: number;

beforeAll(async () => {
  pubsub = await startPubsubStandIn({ hidesReports: true });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  server = createTestHarness({
    workers: [
      {
        configPath: new URL('../../wrangler.toml', import.meta.url),
        vars: { PUBSUB_ENDPOINT: pubsub.url },
        secrets: {
          GOOGLE_SERVICE_ACCOUNT: JSON.stringify({
            client_email: 'relay@your-project.iam.gserviceaccount.com',
            private_key_id: 'key-of-the-tests',
            private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
          }),
          DATANOSTRO_SECRET: secret,
          ABSMARTLY_KEY: 'absmartly-key',
          CRM_KEY: 'crm-key',
        },
      },
    ],
  });
  port = Number((await server.listen()).url.port);
});

afterAll(async () => {
  await server?.close();
  await pubsub?.close();
});

/** Sends bytes as they are, and gives the whole answer once the edge has closed the connection. */
async function raw(...parts: (string | Buffer)[]): Promise<string> {
  const socket = await open();
  for (const part of parts) socket.write(part);
  return answerOn(socket);
}

async function open(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // The edge may close while we still write: that is one of the things under test.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function answerOn(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString();
}

/** The status of the final answer, whether or not the edge closes the connection. */
async function statusOn(socket: Socket): Promise<number> {
  let text = '';
  for await (const chunk of socket) {
    text = (text + String(chunk)).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
    if (text.includes('\r\n')) break;
  }
  return statusOf(text);
}

function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
}

function head(path: string, headers: Record<string, string | number>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nHost: relay.example\r\nConnection: close\r\n${lines.join('')}\r\n`;
}

/** A delivery of `event` with header lines as they are, in Latin-1: one byte a character. */
function withLines(target: string, lines: string[]): Buffer {
  const [, ...rest] = head('/', { 'Content-Length': event.length }).split('\r\n');
  return Buffer.from([`POST ${target} HTTP/1.1`, ...lines, ...rest].join('\r\n'), 'latin1');
}

function bodyOf(made: Try | undefined): string {
  return Buffer.from(made?.request.messages[0]?.data ?? '', 'base64').toString();
}

function sign(body: string | Buffer): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

async function tries(): Promise<Try[]> {
  const response = await fetch(`${pubsub.url}/tries/${relay.topic}`);
  return (await response.json()) as Try[];
}

async function script(faults: Fault[]): Promise<void> {
  const init = { method: 'PUT', body: JSON.stringify(faults) };
  await fetch(`${pubsub.url}/script/${relay.topic}`, init);
}

test('an honest delivery is accepted', async () => {
  const headers = { 'X-DN-Signature': sign(event), 'Content-Length': event.length };
  expect(statusOf(await raw(head('/datanostro', headers), event))).toBe(204);
  expect(bodyOf((await tries()).at(-1))).toBe(event);
});

test('chunks without a Content-Length are one body', async () => {
  const headers = { 'X-DN-Signature': sign(event), 'Transfer-Encoding': 'chunked' };
  const chunks = [...event].map((char) => `1\r\n${char}\r\n`).join('');
  expect(statusOf(await raw(head('/datanostro', headers), chunks, '0\r\n\r\n'))).toBe(204);
});

test('a Content-Length that promises too little: no more than that is read', async () => {
  const before = (await tries()).length;
  const headers = { 'X-DN-Signature': sign(event), 'Content-Length': event.length };
  expect(statusOf(await raw(head('/datanostro', headers), `${event}and some more`))).toBe(204);
  expect((await tries()).slice(before).map(bodyOf)).toEqual([event]);
});

test('a Content-Length that promises more than comes: nothing is relayed', async () => {
  const before = (await tries()).length;
  const socket = await open();
  socket.write(head('/crm/crm-key', { 'Content-Length': event.length + 1 }));
  socket.end(event);
  // Who answers depends on what stands before the Worker; that nobody says 2xx must not.
  expect(statusOf(await answerOn(socket))).not.toBe(204);
  expect((await tries()).length).toBe(before);
});

test.each(['-1', '1e3', '0x10', '9'.repeat(30), 'nonsense'])(
  'a Content-Length of %s is refused',
  async (length) => {
    const answer = await raw(head('/crm/crm-key', { 'Content-Length': length }), 'a=1');
    expect(statusOf(answer)).toBe(400);
  },
);

test('of a Content-Length and chunks, the chunks count', async () => {
  const before = (await tries()).length;
  const headers = { 'Content-Length': 1, 'Transfer-Encoding': 'chunked' };
  const answer = await raw(head('/crm/crm-key', headers), '3\r\na=1\r\n0\r\n\r\n');
  // RFC 9112, section 6.1, allows to refuse it as well; never may the two be read as two deliveries.
  expect([204, 400]).toContain(statusOf(answer));
  for (const made of (await tries()).slice(before)) expect(bodyOf(made)).toBe('a=1');
});

test.each([
  ['of a Content-Length of 5 GB', { 'Content-Length': 5e9 }, ''],
  ['in one huge chunk', { 'Transfer-Encoding': 'chunked' }, '7fffffff\r\n'],
])('a body %s is answered 413 before it ends', async (_, headers, before) => {
  const answer = await raw(head('/crm/crm-key', headers), before, Buffer.alloc(cap + 1));
  expect(statusOf(answer)).toBe(413);
});

test.each(['/crm/crm-key', '/crm/wrong', '/datanostro'])(
  'a declared length over the cap is answered 413 before any byte of the body: %s',
  async (path) => {
    const socket = await open();
    socket.write(head(path, { 'Content-Length': cap + 1 }));
    expect(await statusOn(socket)).toBe(413);
    socket.destroy();
  },
);

test('a chunked body over the cap is answered 413, though it never ends', async () => {
  const socket = await open();
  socket.write(head('/datanostro', { 'Transfer-Encoding': 'chunked' }));
  socket.write(`${(cap * 2).toString(16)}\r\n`);
  socket.write(Buffer.alloc(cap + 1));
  expect(await statusOn(socket)).toBe(413);
  socket.destroy();
});

test('a sender that waits for 100 Continue is told to go on, or at once why not', async () => {
  const expects = { Expect: '100-continue' };
  const socket = await open();
  const answer = answerOn(socket);
  socket.write(head('/crm/crm-key', { ...expects, 'Content-Length': 3 }));
  socket.write('a=1');
  expect((await answer).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')).toMatch(
    /^HTTP\/1\.1 204 /,
  );
  const refused = await open();
  refused.write(head('/crm/wrong', { ...expects, 'Content-Length': 3 }));
  expect(await statusOn(refused)).toBe(401);
  refused.destroy();
});

test('a POST without a length and without chunks has an empty body', async () => {
  expect(statusOf(await raw(head('/crm/crm-key', {})))).toBe(204);
  expect(bodyOf((await tries()).at(-1))).toBe('');
});

test.each([
  ['of a declared length', { 'Content-Length': 3 }, 'a=1'],
  ['that is empty', { 'Content-Length': 0 }, ''],
])('a GET with a body %s is never dropped in silence', async (_, framing, body) => {
  const before = (await tries()).length;
  const get = (path: string) => raw(head(path, framing).replace(/^POST/, 'GET'), body);
  const answer = await get('/crm/crm-key');
  expect(statusOf(answer)).toBe(body === '' ? 200 : 400);
  if (body !== '') expect(answer).toContain('a GET takes no body here');
  expect(statusOf(await get('/crm/wrong'))).toBe(401);
  expect(statusOf(await get('/datanostro'))).toBe(405);
  expect((await tries()).length).toBe(before);
});

test('a HEAD tries the endpoint, and a slash at the end leads there too', async () => {
  const probe = (path: string) => raw(head(path, {}).replace(/^POST/, 'HEAD'));
  expect(statusOf(await probe('/crm/crm-key'))).toBe(200);
  expect(statusOf(await probe('/crm/crm-key/'))).toBe(200);
  expect(statusOf(await probe('/crm/wrong'))).toBe(401);
  expect(statusOf(await probe('/datanostro'))).toBe(405);
});

test.each([
  ['at the cap', cap, 204],
  ['one byte beyond the cap', cap + 1, 413],
])('a chunked body %s', async (_, size, status) => {
  const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`;
  const answer = await raw(head('/crm/crm-key', { 'Transfer-Encoding': 'chunked' }), chunk);
  expect(statusOf(answer)).toBe(status);
});

test('two signature headers are a 401, even where both are right', async () => {
  const line = `X-DN-Signature: ${sign(event)}`;
  const request = withLines('/datanostro', [line, line]);
  expect(statusOf(await raw(request, event))).toBe(401);
});

test.each([
  ['not ASCII', 'X-DN-Signature: \u00e9\u00ff', 401],
  ['with a NUL', 'X-DN-Signature: a\u0000b', 400],
  ['of 100,000 characters', `X-DN-Signature: ${'0'.repeat(100_000)}`, 401],
])('a signature %s', async (_, line, status) => {
  expect(statusOf(await raw(withLines('/datanostro', [line]), event))).toBe(status);
});

test('a content type that is not ASCII is no reason to lose a delivery', async () => {
  const request = withLines('/crm/crm-key', ['Content-Type: text/\u00e9\u00ff']);
  expect(statusOf(await raw(request, event))).toBe(204);
});

test.each([
  ['/crm/crm-key%00', 401],
  ['/crm/..%2f..%2fdatanostro', 401],
  ['/crm/../datanostro', 401],
  ['/crm//crm-key', 404],
  ['/crm/crm-key\u0000', 400],
  ['/crm/\u00ff', 400],
  ['http://other.example/crm/crm-key', 204],
  ['', 400],
  ['/crm/%', 401],
])('the request target %j is a %i', async (target, status) => {
  expect(statusOf(await raw(withLines(target, []), event))).toBe(status);
});

test('a sender that hangs up in mid-body: nothing is relayed', async () => {
  const before = (await tries()).length;
  const socket = await open();
  socket.write(`${head('/crm/crm-key', { 'Content-Length': 100 })}${'x'.repeat(99)}`);
  socket.destroy();
  await once(socket, 'close');
  // The next delivery is accepted, and is the only one.
  expect(statusOf(await raw(head('/crm/crm-key', { 'Content-Length': 3 }), 'a=1'))).toBe(204);
  expect((await tries()).slice(before).map(bodyOf)).toEqual(['a=1']);
});

test('a sender that hangs up after its body: the delivery is published all the same', async () => {
  const before = (await tries()).length;
  await script([{ status: 503 }, { afterMs: 100 }]);
  const socket = await open();
  socket.write(`${head('/crm/crm-key', { 'Content-Length': 3 })}a=1`);
  await expect.poll(async () => (await tries()).length).toBeGreaterThan(before);
  socket.destroy();
  await expect
    .poll(async () => (await tries()).slice(before).map((made) => made.stored))
    .toEqual([false, true]);
});

test('a slow body is waited for', async () => {
  const socket = await open();
  const answer = answerOn(socket);
  socket.write(head('/crm/crm-key', { 'Content-Length': event.length }));
  for (const char of event) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    socket.write(char);
  }
  expect(statusOf(await answer)).toBe(204);
  expect(bodyOf((await tries()).at(-1))).toBe(event);
});
