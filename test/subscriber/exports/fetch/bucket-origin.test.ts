import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ExportStorage } from '../../../../shared/config/export-settings.ts';
import { bucketOrigin } from '../../../../subscriber/exports/fetch/bucket-origin.ts';
import { download } from '../../../../subscriber/exports/fetch/download.ts';
import { startSenderBed } from '../../../beds/sender-bed.ts';
import { temporaryDirectory } from '../../../beds/temporary-files.ts';

const path = '/v1/experiments/exports/15/experiment_42_export.zip?signature=1';

beforeAll(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDOFTHETESTS');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret-of-the-tests');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterAll(() => vi.unstubAllEnvs());

interface Setting extends Partial<ExportStorage> {
  kind: 'gcs' | 's3';
  path?: string;
  idleTimeoutMs?: number;
}

async function read(listener: RequestListener, { path: at = path, ...setting }: Setting) {
  const sender = await startSenderBed(listener);
  const { idleTimeoutMs = 5000, ...storage } = setting;
  const directory = await temporaryDirectory();
  const origin = bucketOrigin({ bucket: 'shop', endpoint: sender.url, ...storage }, idleTimeoutMs);
  try {
    await using spool = await download({ origin, path: at, directory, maxBytes: 1_000_000 });
    const content = Buffer.alloc(spool.bytes);
    await spool.file.read(content, 0, spool.bytes, 0);
    return { content, requests: sender.requests };
  } finally {
    expect(await readdir(directory)).toEqual([]);
  }
}

/** The request of each API for the object: https://cloud.google.com/storage/docs/json_api/v1/objects/get */
const urls = {
  gcs: (key: string) => `/storage/v1/b/shop/o/${encodeURIComponent(key)}?alt=media`,
  s3: (key: string) => `/shop/${key}?x-id=GetObject`,
};

describe.each(['gcs', 's3'] as const)('a bucket of %s', (kind) => {
  it('returns the object named by the last segment, byte for byte', async () => {
    const sent = randomBytes(700_000);
    const { content, requests } = await read((_, response) => response.end(sent), { kind });
    expect(content.equals(sent)).toBe(true);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `GET ${urls[kind]('experiment_42_export.zip')}`,
    ]);
  });

  it('is read without a warning about leaks', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    await read((_, response) => response.end(randomBytes(700_000)), { kind });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('may have the objects below a prefix', async () => {
    const { requests } = await read((_, response) => response.end('PK'), {
      kind,
      prefix: 'exports/ab/',
    });
    expect(requests[0]?.url).toBe(urls[kind]('exports/ab/experiment_42_export.zip'));
  });

  it('does not get the key of the API', async () => {
    const { requests } = await read((_, response) => response.end('PK'), { kind });
    const { authorization = '' } = requests[0]?.headers ?? {};
    expect(authorization).toMatch(kind === 's3' ? /^AWS4-HMAC-SHA256 / : /^$/);
    expect(JSON.stringify(requests[0]?.headers)).not.toContain('secret-of-the-tests');
  });

  it.each<[string, string, RequestListener]>([
    ['401', 'export.unauthorized', (_, response) => response.writeHead(401).end()],
    ['403', 'export.unauthorized', (_, response) => response.writeHead(403).end('no')],
    ['404', 'export.not-found', (_, response) => response.writeHead(404).end('no')],
    ['400', 'export.status', (_, response) => response.writeHead(400).end()],
    ['429', 'export.unavailable', (_, response) => response.writeHead(429).end()],
    ['503', 'export.unavailable', (_, response) => response.writeHead(503).end()],
    ['a cut', 'export.network', (request) => request.destroy()],
    [
      'a cut in the middle',
      'export.network',
      (_, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('PK', () => response.destroy());
      },
    ],
    [
      'too large, as declared',
      'export.too-large',
      (_, response) => response.writeHead(200, { 'Content-Length': 1_000_001 }).write('x'),
    ],
  ])('that answers %s', async (_, code, listener) => {
    await expect(read(listener, { kind })).rejects.toMatchObject({ code });
  });

  it.each<[string, RequestListener]>([
    ['no answer', () => {}],
    ['an answer that stops', (_, response) => response.write('PK')],
  ])('that exceeds the idle timeout: %s', async (_, listener) => {
    await expect(read(listener, { kind, idleTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'export.network',
      message: expect.stringContaining('nothing came for 300 ms'),
    });
  });

  it('that redirects gets no credentials sent to the target', async () => {
    const elsewhere = await startSenderBed((_, response) => response.end('PK'));
    await read(
      (request, response) =>
        response.writeHead(307, { Location: `${elsewhere.url}${request.url}` }).end(),
      { kind },
    ).catch(() => {});
    for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
  });

  it.each(['/v1/exports/', '/', '/v1/..', '/v1/%2e%2e', '/v1/%ff'])(
    'is not asked for what has no name: %s',
    async (path) => {
      const asked = read((_, response) => response.end('PK'), { kind, path });
      await expect(asked).rejects.toMatchObject({ code: 'export.url' });
    },
  );
});
