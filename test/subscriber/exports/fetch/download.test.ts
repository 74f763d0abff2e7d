import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type DownloadOptions, download } from '../../../../subscriber/exports/fetch/download.ts';
import { apiOrigin, exportUrl } from '../../../../subscriber/exports/fetch/export-api.ts';
import { startSenderBed } from '../../../beds/sender-bed.ts';
import { temporaryDirectory } from '../../../beds/temporary-files.ts';

const path = '/v1/experiments/exports/15/experiment_42_export.zip';

interface Setting {
  url: string;
  idleTimeoutMs?: number;
  signal?: AbortSignal;
}

async function optionsOf({ url, idleTimeoutMs = 5000, signal }: Setting): Promise<DownloadOptions> {
  return {
    origin: apiOrigin({ url, key: 'the-key', idleTimeoutMs }),
    path,
    directory: await temporaryDirectory(),
    maxBytes: 1_000_000,
    signal,
  };
}

/** Downloads from a sender with this listener. Nothing may be left in the directory. */
async function downloadFrom(listener: RequestListener, setting: Omit<Setting, 'url'> = {}) {
  const sender = await startSenderBed(listener);
  const options = await optionsOf({ ...setting, url: sender.url });
  try {
    await using spool = await download(options);
    const content = Buffer.alloc(spool.bytes);
    await spool.file.read(content, 0, spool.bytes, 0);
    return { content, requests: sender.requests };
  } finally {
    expect(await readdir(options.directory)).toEqual([]);
  }
}

describe('a download', () => {
  it('is spooled byte for byte, and requested with the key', async () => {
    const sent = randomBytes(700_000);
    const { content, requests } = await downloadFrom((_, response) => response.end(sent));
    expect(content.equals(sent)).toBe(true);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.url).toBe(path);
    expect(requests[0]?.headers.authorization).toBe('Api-Key the-key');
  });

  it('may be empty', async () => {
    const { content } = await downloadFrom((_, response) => response.end());
    expect(content).toHaveLength(0);
  });

  it('may take longer than the idle timeout while bytes come', async () => {
    const { content } = await downloadFrom(
      (_, response) => {
        let pieces = 0;
        const timer = setInterval(() => {
          response.write('x');
          if (++pieces < 10) return;
          clearInterval(timer);
          response.end();
        }, 200);
      },
      { idleTimeoutMs: 1500 },
    );
    expect(content).toHaveLength(10);
  });
});

describe('a download with a permanent failure', () => {
  it.each<[string, string, RequestListener]>([
    ['401', 'export.unauthorized', (_, response) => response.writeHead(401).end()],
    ['403', 'export.unauthorized', (_, response) => response.writeHead(403).end()],
    ['404', 'export.not-found', (_, response) => response.writeHead(404).end()],
    ['410', 'export.not-found', (_, response) => response.writeHead(410).end()],
    ['400', 'export.status', (_, response) => response.writeHead(400).end('x'.repeat(100))],
    ['204', 'export.status', (_, response) => response.writeHead(204).end()],
    [
      'too large, as declared',
      'export.too-large',
      (_, response) => response.writeHead(200, { 'Content-Length': 1_000_001 }).write('x'),
    ],
    [
      'too large, as counted',
      'export.too-large',
      (_, response) => {
        const piece = Buffer.alloc(64 * 1024);
        const more = () => {
          while (response.write(piece)) if (response.destroyed) return;
        };
        response.on('drain', more);
        more();
      },
    ],
  ])('%s', async (_, code, listener) => {
    await expect(downloadFrom(listener)).rejects.toMatchObject({ code });
  });

  it('a redirect to another host, which gets neither the key nor a request', async () => {
    const elsewhere = await startSenderBed((_, response) => response.end('PK'));
    const redirected = downloadFrom((_, response) =>
      response.writeHead(302, { Location: `${elsewhere.url}/x?signature=1` }).end(),
    );
    await expect(redirected).rejects.toMatchObject({
      code: 'export.redirect',
      message: `302 on download: a redirect to ${elsewhere.url} is not followed`,
    });
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('a download with a transient failure', () => {
  it.each<[string, string, RequestListener]>([
    ['429', 'export.unavailable', (_, response) => response.writeHead(429).end()],
    ['500', 'export.unavailable', (_, response) => response.writeHead(500).end('oops')],
    ['503', 'export.unavailable', (_, response) => response.writeHead(503).end()],
    ['408', 'export.unavailable', (_, response) => response.writeHead(408).end()],
    ['cut before the answer', 'export.network', (request) => request.destroy()],
    [
      'cut in the middle, chunked',
      'export.network',
      (_, response) => response.write('PK', () => response.destroy()),
    ],
    [
      'shorter than it declared',
      'export.network',
      (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('PK', () => response.destroy());
      },
    ],
  ])('%s', async (_, code, listener) => {
    await expect(downloadFrom(listener)).rejects.toMatchObject({ code });
  });

  it.each<[string, RequestListener]>([
    ['no answer', () => {}],
    ['an answer that stops', (_, response) => response.write('PK')],
  ])('the idle timeout: %s', async (_, listener) => {
    const hung = downloadFrom(listener, { idleTimeoutMs: 200 });
    await expect(hung).rejects.toMatchObject({ code: 'export.network' });
    await expect(hung).rejects.toThrow('nothing came for 200 ms');
  });

  it('no server', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const refused = download(await optionsOf({ url: `http://127.0.0.1:${port}` }));
    await expect(refused).rejects.toMatchObject({ code: 'export.network' });
  });

  it('the subscriber stops', async () => {
    const stop = new AbortController();
    const stopped = downloadFrom((_, response) => response.write('PK', () => stop.abort()), {
      signal: stop.signal,
    });
    await expect(stopped).rejects.toMatchObject({ code: 'export.network' });
    await expect(stopped).rejects.toThrow('the subscriber stops');
  });
});

describe('the URL of an export', () => {
  const refusal = expect.objectContaining({ code: 'export.url' });

  it.each([
    ['https://shop.absmartly.com', `https://shop.absmartly.com${path}`],
    ['https://shop.absmartly.com/', `https://shop.absmartly.com${path}`],
    ['https://proxy.example:8443/absmartly/', `https://proxy.example:8443/absmartly${path}`],
  ])('is below %s', (api, expected) => {
    expect(exportUrl(api, path).href).toBe(expected);
  });

  it.each([
    '@evil.example/x.zip',
    '.evil.example/x.zip',
    ':8443/x.zip',
    ':pass@evil.example/x.zip',
    '//evil.example/x.zip',
    '/\\evil.example/x.zip',
    '\\\\evil.example/x.zip',
    'https://evil.example/x.zip',
    '/../x.zip',
    '/%2e%2e/x.zip',
    '/a/../../x.zip',
    '',
  ])('is rejected if it leads elsewhere: %s', (path) => {
    expect(() => exportUrl('https://shop.absmartly.com/api', path)).toThrow(refusal);
  });

  it.each(['@evil.example/x.zip', '.evil.example/x.zip', ':8443/x.zip', '//evil.example/x.zip'])(
    'is refused if it changes the host: %s',
    (path) => {
      expect(() => exportUrl('https://shop.absmartly.com', path)).toThrow(refusal);
    },
  );
});
