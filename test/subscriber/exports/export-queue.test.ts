import type { RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sampleExport, zipFiles } from '../../../local/absmartly/sample-export.ts';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import type { ExportSettings } from '../../../shared/config/export-settings.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { ExportQueue } from '../../../subscriber/exports/export-queue.ts';
import type { Log } from '../../../subscriber/log.ts';
import { noMetrics } from '../../../subscriber/service/metrics.ts';
import { clientOf } from '../../beds/bigquery-client.ts';
import { type ExportsBed, startExportsBed } from '../../beds/exports-bed.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';
import { forward } from '../../beds/subscriber-proxy.ts';

const table = 'absmartly.experiment_exports';
const { files } = sampleExport(15, 42);
const rowsOfSample = files.reduce((sum, { rows }) => sum + rows, 0);

function announced(experimentId: number) {
  const path = `/v1/experiments/exports/15/experiment_${experimentId}_export.zip`;
  return { path, table, experimentId: String(experimentId) };
}

/** A queue for one stream of these settings, until the test is over. */
function queueFor(
  bed: ExportsBed,
  settings: ExportSettings,
  bigquery = bed.bigquery,
  yieldAfterMs?: number,
) {
  const fetched: [string, number][] = [];
  const stream = absmartly({ table, apiUrl: bed.api.url, ...settings });
  const relay = defineRelay({ project: 'local-project', streams: { ab: stream } });
  const lines: Parameters<Log>[0][] = [];
  const queue = new ExportQueue({
    relay,
    bigquery,
    apis: settings.storage ? new Map() : new Map([['ab', bed.api]]),
    directory: bed.directory,
    log: (line) => lines.push(line),
    metrics: { ...noMetrics, fetched: (...sizes) => fetched.push(sizes) },
    ...(yieldAfterMs !== undefined && { yieldAfterMs }),
  });
  onTestFinished(() => queue.close());
  return { queue, lines, fetched };
}

describe('a stream with a filter', () => {
  it('skips an export whose experiment does not match, and says so', async () => {
    const bed = await startExportsBed();
    const { queue, lines } = queueFor(bed, { exportFilter: { tag: 'bigquery', team: 'Checkout' } });
    expect(await queue.write({ stream: 'ab', announcement: announced(43) })).toEqual({
      kind: 'written',
    });
    expect(lines).toEqual([
      {
        severity: 'INFO',
        message: 'Skipped: experiment 43 does not match filter',
        stream: 'ab',
      },
    ]);
    const [jobs] = await bed.bigquery.getJobs();
    expect(jobs).toEqual([]);
  });

  it('loads an export whose experiment matches', async () => {
    const bed = await startExportsBed();
    const { queue } = queueFor(bed, { exportFilter: { tag: 'bigquery', team: 'Checkout' } });
    expect(await queue.write({ stream: 'ab', announcement: announced(42) })).toEqual({
      kind: 'written',
    });
    expect(await bed.query(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: rowsOfSample }]);
  });

  it('stores a dead letter for one that names no experiment', async () => {
    const bed = await startExportsBed();
    const { queue } = queueFor(bed, { exportFilter: { tag: 'bigquery' } });
    const { experimentId, ...older } = announced(42);
    expect(experimentId).toBe('42');
    expect(await queue.write({ stream: 'ab', announcement: older })).toEqual({
      kind: 'invalid',
      problem: { reason: 'exportFilter is on but the payload has no experiment id' },
    });
  });
});

describe('a stream with a bucket', () => {
  it('reads its exports there, without an API', async () => {
    const bed = await startExportsBed();
    const zip = await zipFiles(files);
    const bucket = await startSenderBed((_, response) => response.end(zip));
    const { queue, fetched } = queueFor(bed, {
      storage: { kind: 'gcs', bucket: 'shop', endpoint: bucket.url },
    });
    expect(await queue.write({ stream: 'ab', announcement: announced(42) })).toEqual({
      kind: 'written',
    });
    expect(bucket.requests.map(({ url }) => url)).toEqual([
      '/storage/v1/b/shop/o/experiment_42_export.zip?alt=media',
    ]);
    expect(fetched).toEqual([['ab', zip.length]]);
    expect(await bed.query(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: rowsOfSample }]);
  });
});

describe('an export that is tried again', () => {
  /** Serves the bed's files after the first requests have failed. */
  const failing = (target: string, failures: number): RequestListener => {
    let left = failures;
    return async (request, response) => {
      if (left-- > 0) return response.writeHead(503).end();
      const answer = await fetch(`${target}${request.url}`, {
        headers: { Authorization: String(request.headers.authorization) },
      });
      return response.end(await answer.bytes());
    };
  };

  it('is fetched again after the sender was not reachable', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed(failing(bed.api.url, 2));
    const { queue, lines } = queueFor({ ...bed, api: { ...bed.api, url: sender.url } }, {});
    expect(await queue.write({ stream: 'ab', announcement: announced(42) })).toEqual({
      kind: 'written',
    });
    expect(sender.requests).toHaveLength(3);
    expect(lines.filter(({ severity }) => severity === 'WARNING')).toEqual(
      [1, 2].map(() => ({
        severity: 'WARNING',
        message: 'export not loaded, trying again',
        stream: 'ab',
        reason: '503 on download',
      })),
    );
  });

  it('is not fetched again after BigQuery was not reachable', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed(failing(bed.api.url, 0));
    let away = true;
    const bigquery = await startSenderBed((request, response) => {
      if (away) return response.writeHead(403).end('{}');
      return void forward(bed.bigquery.apiEndpoint, request, response);
    });
    const { queue, lines } = queueFor(
      { ...bed, api: { ...bed.api, url: sender.url } },
      {},
      clientOf(bigquery.url),
    );
    const result = queue.write({ stream: 'ab', announcement: announced(42) });
    await expect.poll(() => lines.length).toBeGreaterThan(1);
    away = false;
    expect(await result).toEqual({ kind: 'written' });
    expect(sender.requests).toHaveLength(1);
    expect(await bed.query(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: rowsOfSample }]);
  });

  it('lets the next one of its stream go first after a while, and is nacked', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed((request, response) => {
      if (request.url?.includes('experiment_7')) return response.writeHead(503).end();
      return void forward(bed.api.url, request, response);
    });
    const api = { ...bed.api, url: sender.url };
    const { queue } = queueFor({ ...bed, api }, {}, bed.bigquery, 500);
    const [failing, next] = [
      queue.write({ stream: 'ab', announcement: announced(7) }),
      queue.write({ stream: 'ab', announcement: announced(42) }),
    ];
    expect(await failing).toEqual({ kind: 'nacked', reason: '503 on download' });
    expect(await next).toEqual({ kind: 'written' });
  });

  it('keeps trying while it is alone, with the file that it has', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed(failing(bed.api.url, 3));
    const api = { ...bed.api, url: sender.url };
    const { queue } = queueFor({ ...bed, api }, {}, bed.bigquery, 0);
    expect(await queue.write({ stream: 'ab', announcement: announced(42) })).toEqual({
      kind: 'written',
    });
  });
});
