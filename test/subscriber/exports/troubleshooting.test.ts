import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { ExportSettings, ExportStorage } from '../../../shared/config/export-settings.ts';
import { absmartly, absmartlySource } from '../../../shared/sources/absmartly.ts';
import { readCsvFile } from '../../../subscriber/exports/archive/csv-file.ts';
import { ExportColumns } from '../../../subscriber/exports/archive/export-columns.ts';
import {
  defaultExportLimits,
  type ExportLimits,
} from '../../../subscriber/exports/archive/limits.ts';
import { readArchive } from '../../../subscriber/exports/archive/zip-archive.ts';
import { ExportLoad } from '../../../subscriber/exports/export-load.ts';
import { bucketOrigin } from '../../../subscriber/exports/fetch/bucket-origin.ts';
import { download } from '../../../subscriber/exports/fetch/download.ts';
import { matchesFilter } from '../../../subscriber/exports/fetch/experiment.ts';
import { apiOrigin } from '../../../subscriber/exports/fetch/export-api.ts';
import type { ExportOrigin } from '../../../subscriber/exports/fetch/export-origin.ts';
import { failedJob, uploadFailure } from '../../../subscriber/exports/load/bigquery-failure.ts';
import { requireSameTypes, requireSchema } from '../../../subscriber/exports/load/schema.ts';
import { send } from '../../../subscriber/exports/load/upload-request.ts';
import { clientOf } from '../../beds/bigquery-client.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';
import { fileOf, temporaryDirectory } from '../../beds/temporary-files.ts';
import { patchDirectory, renamed, type ZipContent, zipOf } from '../../beds/zips.ts';

type Reason = () => Promise<string>;

async function messageOf(failing: Promise<unknown>): Promise<string> {
  const error: unknown = await failing.then(
    () => new Error('nothing failed'),
    (error: unknown) => error,
  );
  return (error as Error).message;
}

function atEdge(members: object, settings: ExportSettings = {}): Reason {
  return async () => {
    const body = Buffer.from(
      JSON.stringify({ event_name: 'ExperimentDataExportReady', ...members }),
    );
    const stream = absmartly({ table: 'ab.exports', ...settings });
    const reading = absmartlySource.read({ body, header: () => undefined }, stream);
    return reading.kind === 'malformed' ? reading.problem : reading.kind;
  };
}

const metadata = { download_url: '/x.zip' };
const status = (code: number, headers = {}): RequestListener => {
  return (_, response) => void response.writeHead(code, headers).end();
};

function onDownload(listener: RequestListener, maxBytes = 1000): Reason {
  return async () => {
    const { url } = await startSenderBed(listener);
    return await downloaded(apiOrigin({ url, key: 'k', idleTimeoutMs: 1500 }), '/x.zip', maxBytes);
  };
}

async function downloaded(origin: ExportOrigin, path: string, maxBytes: number): Promise<string> {
  const directory = await temporaryDirectory();
  return await messageOf(download({ origin, path, directory, maxBytes }));
}

function fromBucket(kind: ExportStorage['kind'], code: number, path = '/x.zip'): Reason {
  return async () => {
    process.env['AWS_ACCESS_KEY_ID'] ??= 'AKIDOFTHETESTS';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'secret-of-the-tests';
    const { url: endpoint } = await startSenderBed(status(code));
    const region = 'eu-central-1';
    const origin = bucketOrigin({ kind, bucket: 'shop', endpoint, region }, 1000);
    return await downloaded(origin, path, 1000);
  };
}

function onExperiment(listener: RequestListener): Reason {
  return async () => {
    const { url } = await startSenderBed(listener);
    const api = { url, key: 'k', idleTimeoutMs: 5000 };
    return await messageOf(matchesFilter('42', { tag: 'x' }, api, undefined));
  };
}

function inArchive(
  content: ZipContent,
  change: (zip: Buffer) => Buffer = (zip) => zip,
  limits: Partial<ExportLimits> = {},
): Reason {
  return async () => {
    const zip = change(await zipOf(content));
    const within = { ...defaultExportLimits, ...limits };
    const check = async () => {
      for (const file of await readArchive(await fileOf(zip), zip.length, within)) {
        await readCsvFile(file, {});
        await buffer(file.open());
      }
    };
    return await messageOf(check());
  };
}

const csv: ZipContent = [['a.csv', 'a\n1\n']];

async function fromBrokenDisk(): Promise<string> {
  const zip = await zipOf(csv);
  const spool = await fileOf(zip);
  const files = await readArchive(spool, zip.length, defaultExportLimits);
  await spool.close();
  return await messageOf(Promise.all(files.map((file) => readCsvFile(file, {}))));
}

async function lacksColumn(): Promise<string> {
  const zip = await zipOf([['a.csv', 'b\n1\n']]);
  const archived = await readArchive(await fileOf(zip), zip.length, defaultExportLimits);
  const files = await Promise.all(archived.map((file) => readCsvFile(file, {})));
  const check = async () => requireSchema(files, new ExportColumns(files), { a: 'STRING' });
  return await messageOf(check());
}

async function skipped(): Promise<string> {
  const { url } = await startSenderBed((_, response) => response.end('{"experiment":{}}'));
  const api = { url, key: 'k', idleTimeoutMs: 5000 };
  await using load = new ExportLoad(
    { path: '/x.zip', table: 'ab.exports', experimentId: '42' },
    {
      origin: apiOrigin(api),
      api,
      filter: { tag: 'x' },
      bigquery: clientOf(url),
      directory: await temporaryDirectory(),
      location: 'EU',
    },
  );
  const outcome = await load.try();
  return outcome.kind === 'skipped' ? outcome.reason : outcome.kind;
}

async function notUploaded(): Promise<string> {
  const { url } = await startSenderBed((request) => request.destroy());
  const reply = await send(url, { method: 'POST', headers: {}, body: '{}' }, undefined);
  return reply instanceof Error ? reply.message : reply.text;
}

/** Each reason, produced by the code itself. */
const reasons: Reason[] = [
  atEdge({}),
  atEdge({ metadata: {} }),
  atEdge({ metadata: { download_url: '//evil.example' } }),
  atEdge({ metadata }, { tablePerExperiment: true }),
  atEdge({ metadata }, { exportFilter: { tag: 'x' } }),
  skipped,
  onDownload(status(401)),
  onDownload(status(404)),
  onDownload(status(302, { Location: 'https://elsewhere.example/x' })),
  onDownload(status(503)),
  onDownload(() => {}),
  onDownload((_, response) => response.write('PK', () => response.destroy())),
  onDownload((_, response) => response.end('x'.repeat(1001))),
  onExperiment(status(401)),
  onExperiment(status(404)),
  onExperiment(status(200)),
  fromBucket('gcs', 403),
  fromBucket('s3', 403),
  fromBucket('gcs', 404),
  fromBucket('s3', 404, '/v1/'),
  inArchive([['a.csv', 'x'.repeat(100)]], undefined, { inflatedBytes: 10 }),
  inArchive([['a.csv', Buffer.alloc(20_000_000, 'a')]]),
  inArchive([...csv, ['b.csv', '']], undefined, { entries: 1 }),
  inArchive(csv, () => Buffer.alloc(0)),
  inArchive(csv, (zip) => zip.subarray(0, -10)),
  inArchive([['a.txt', '']]),
  inArchive([...csv, ['b.csv', 'a\n']], (zip) => renamed(zip, 'b.csv', 'a.csv')),
  inArchive(csv, (zip) => patchDirectory(zip, 8, [1, 0])),
  inArchive(csv, (zip) => patchDirectory(zip, 10, [12, 0])),
  inArchive(csv, (zip) => patchDirectory(zip, 16, [1, 2, 3, 4])),
  fromBrokenDisk,
  inArchive([['a.csv', '"a\n']]),
  inArchive([['a.csv', `${'a,'.repeat(10_000)}a\n`]]),
  inArchive([['a.csv', 'a,b\n1\n']]),
  inArchive([['a.csv', 'a,b\n1,2,3\n']]),
  inArchive([['a.csv', 'a,b\n"1,2\n']]),
  inArchive([['a.csv', 'a,b\n"1"2,3\n']]),
  inArchive([['a.csv', `a,b\n${'1'.repeat(9_000_000)},2\n`]]),
  inArchive([['a.csv', Buffer.from('a,b\n1,\xe9\n', 'latin1')]]),
  inArchive([['a.csv', Buffer.from('a,b\n1,2\n', 'utf16le')]]),
  lacksColumn,
  () =>
    messageOf((async () => requireSameTypes([{ name: 'a', type: 'INTEGER' }], { a: 'STRING' }))()),
  async () => failedJob('a.csv', 'job', [{ reason: 'invalid', message: 'line 2' }]).message,
  async () => uploadFailure(403, '{"error":{"message":"Access Denied"}}').message,
  notUploaded,
];

async function documentedReasons(): Promise<string[]> {
  const text = await readFile(new URL('../../../docs/exports.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('## Troubleshooting');
  return [...table.matchAll(/^\| [^|]+ \| `([^|]+)` \|/gm)].map(([, reason = '']) => reason);
}

function matches(documented: string, reason: string): boolean {
  const parts = documented.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`, 's').test(reason);
}

describe('the troubleshooting table', () => {
  it('has exactly the reasons of the code, word for word', async () => {
    const documented = await documentedReasons();
    const said: string[] = [];
    for (const reason of reasons) said.push(await reason());
    expect(said.filter((reason) => !documented.some((row) => matches(row, reason)))).toEqual([]);
    expect(documented.filter((row) => !said.some((reason) => matches(row, reason)))).toEqual([]);
    expect(documented.length).toBeGreaterThan(30);
  });
});
