import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Envelope } from '../../../shared/envelope.ts';
import { Forwarder, plainRequest } from '../../../subscriber/tail/forward.ts';

interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A receiver on this machine; `answer` decides when it answers. */
async function startReceiver(
  answer: (received: Received, response: ServerResponse) => void = (_, response) => response.end(),
) {
  const received: Received[] = [];
  const server: Server = createServer(async (request, response) => {
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: await buffer(request) };
    received.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function envelopeOf(more: Partial<Envelope> = {}): Envelope {
  return { stream: 'crm', deliveryId: 'd-1', receivedAt: 0, body: Buffer.from('{}'), ...more };
}

function forwarderTo(url: string, timeoutMs = 30_000, atOnce?: number): Forwarder {
  const { signal } = new AbortController();
  const requestOf = async (envelope: Envelope) => plainRequest(envelope, url);
  return new Forwarder({ requestOf, timeoutMs, signal, ...(atOnce && { atOnce }) });
}

describe('what is forwarded', { timeout: 30_000 }, () => {
  it('is the body byte for byte, with its type, its headers and its id', async () => {
    const { url, received } = await startReceiver();
    const body = Buffer.from([0, 1, 0xff, 0xfe, 0x0a]);
    const result = await forwarderTo(`${url}/hook?key=k`).forward(
      envelopeOf({
        ...{ body, contentType: 'application/x-thing', contentEncoding: 'gzip', query: 'a=1&a=2' },
        headers: { 'x-topic': 'orders', host: 'else.example.com', 'content-length': '1' },
      }),
    );
    expect(result).toMatchObject({ kind: 'answered', status: 200 });
    expect(received).toMatchObject([
      {
        ...{ method: 'POST', path: '/hook?key=k&a=1&a=2', body },
        headers: {
          'content-type': 'application/x-thing',
          'content-encoding': 'gzip',
          'x-topic': 'orders',
          'tributary-delivery-id': 'd-1',
          host: new URL(url).host,
        },
      },
    ]);
  });

  it('is the query, if it was a GET', async () => {
    const { url, received } = await startReceiver();
    await forwarderTo(url).forward(envelopeOf({ method: 'GET', body: Buffer.from('id=%20') }));
    expect(received).toMatchObject([{ method: 'GET', path: '/?id=%20', body: Buffer.alloc(0) }]);
  });

  it('keeps the order of each stream, and streams do not wait for one another', async () => {
    const held: ServerResponse[] = [];
    const { url, received } = await startReceiver(({ headers }, response) => {
      if (headers['tributary-delivery-id'] === 'slow-0') held.push(response);
      else response.end();
    });
    const forwarder = forwarderTo(url);
    const results = ['slow', 'quick'].flatMap((stream) =>
      Array.from({ length: 20 }, (_, n) =>
        forwarder.forward(envelopeOf({ stream, deliveryId: `${stream}-${n}` })),
      ),
    );
    await Promise.all(results.slice(20));
    const idsOf = (stream: string) =>
      received
        .map(({ headers }) => String(headers['tributary-delivery-id']))
        .filter((id) => id.startsWith(stream));
    expect(idsOf('slow')).toEqual(['slow-0']);
    held[0]?.end();
    await Promise.all(results);
    for (const stream of ['slow', 'quick']) {
      expect(idsOf(stream)).toEqual(Array.from({ length: 20 }, (_, n) => `${stream}-${n}`));
    }
  });

  it('is never more than so many requests at once', async () => {
    const held: ServerResponse[] = [];
    const { url, received } = await startReceiver((_, response) => void held.push(response));
    const forwarder = forwarderTo(url, 30_000, 3);
    const results = Array.from({ length: 9 }, (_, n) =>
      forwarder.forward(envelopeOf({ stream: `s${n}` })),
    );
    for (let answered = 0; answered < 9; answered += 3) {
      await expect.poll(() => held.length).toBe(3);
      expect(received).toHaveLength(answered + 3);
      for (const response of held.splice(0)) response.end();
    }
    expect(await Promise.all(results)).toHaveLength(9);
  });
});

describe('a receiver', { timeout: 30_000 }, () => {
  it('that hangs costs a delivery its time limit, and the next one is sent', async () => {
    const { url, received } = await startReceiver((_, response) => {
      if (received.length > 1) response.writeHead(503).end();
    });
    const forwarder = forwarderTo(url, 200);
    const first = forwarder.forward(envelopeOf());
    const second = forwarder.forward(envelopeOf());
    expect(await first).toMatchObject({ kind: 'unanswered', reason: 'no answer within 0.2 s' });
    expect(await second).toMatchObject({ kind: 'answered', status: 503 });
  });

  it('that sends a body without an end does not hold the tail', async () => {
    const { url } = await startReceiver((_, response) => {
      response.writeHead(200);
      response.write('begun');
    });
    expect(await forwarderTo(url).forward(envelopeOf())).toMatchObject({ status: 200 });
  });

  it('that is away is told by its reason', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const { port } = squatter.address() as AddressInfo;
    await new Promise((resolve) => squatter.close(resolve));
    const result = await forwarderTo(`http://127.0.0.1:${port}/secret-path`).forward(envelopeOf());
    expect(result).toMatchObject({ kind: 'unanswered', reason: 'ECONNREFUSED' });
  });

  it('that redirects is not followed', async () => {
    const { url, received } = await startReceiver((_, response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    );
    expect(await forwarderTo(url).forward(envelopeOf())).toMatchObject({ status: 307 });
    expect(received).toHaveLength(1);
  });
});
