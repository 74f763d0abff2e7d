import { readdirSync, readlinkSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { defineRelay } from '../../../shared/config/define-relay.ts';
import type { ExportSettings } from '../../../shared/config/export-settings.ts';
import { absmartly } from '../../../shared/sources/absmartly.ts';
import { ExportQueue, type ExportQueueOptions } from '../../../subscriber/exports/export-queue.ts';
import type { WriteResult } from '../../../subscriber/rows/write-result.ts';
import { clientOf } from '../../beds/bigquery-client.ts';
import { type ExportsBed, startExportsBed } from '../../beds/exports-bed.ts';
import { startSenderBed } from '../../beds/sender-bed.ts';
import { forward } from '../../beds/subscriber-proxy.ts';
import { zipOf } from '../../beds/zips.ts';

const table = 'absmartly.exports';

const announced = (name: string) => ({ path: `/v1/experiments/exports/7/${name}.zip`, table });

/** Each stream with the API of its exports. */
type Apis = Record<string, string>;

function openQueue(
  bed: ExportsBed,
  apis: Apis,
  settings: ExportSettings = {},
  more: Partial<ExportQueueOptions> = {},
) {
  const streamOf = (apiUrl: string) => absmartly({ table, apiUrl, ...settings });
  const names = Object.entries(apis);
  const relay = defineRelay({
    project: 'local-project',
    location: 'europe-west3',
    streams: Object.fromEntries(names.map(([name, url]) => [name, streamOf(url)])),
  });
  const lines: { message: string }[] = [];
  const queue = new ExportQueue({
    relay,
    bigquery: bed.bigquery,
    // Longer than any test, so that no idle timeout ends it.
    apis: new Map(names.map(([name, url]) => [name, { ...bed.api, url, idleTimeoutMs: 600_000 }])),
    directory: bed.directory,
    log: (line) => lines.push(line),
    ...more,
  });
  onTestFinished(() => queue.close());
  return { queue, lines };
}

/** The result, if there is one yet. */
function watched(result: Promise<WriteResult>) {
  const seen: { result?: WriteResult } = {};
  void result.then((known) => {
    seen.result = known;
  });
  return seen;
}

const zip = await zipOf([['1.csv', 'a,b\n1,x\n']]);

describe('exports of one stream', () => {
  it('are loaded one after the other, in the order of their announcements', async () => {
    const bed = await startExportsBed();
    const open: ServerResponse[] = [];
    const sender = await startSenderBed((_, response) => open.push(response));
    const { queue } = openQueue(bed, { ab: sender.url });
    const results = ['a', 'b', 'c'].map((name) =>
      watched(queue.write({ stream: 'ab', announcement: announced(name) })),
    );
    for (const [turn, seen] of results.entries()) {
      await expect.poll(() => open.length).toBe(turn + 1);
      // Time for the others to start, if they did not wait.
      await sleep(100);
      expect(sender.requests.map(({ url }) => url?.slice(-5, -4))).toEqual(
        ['a', 'b', 'c'].slice(0, turn + 1),
      );
      open[turn]?.end(zip);
      await expect.poll(() => seen.result).toEqual({ kind: 'written' });
    }
  });

  it('don’t wait for another stream, and are fetched from their own API', async () => {
    const bed = await startExportsBed();
    const stuck = await startSenderBed(() => {});
    const sound = await startSenderBed((_, response) => response.end(zip));
    const { queue } = openQueue(bed, { stuck: stuck.url, sound: sound.url });
    void queue.write({ stream: 'stuck', announcement: announced('a') });
    await expect.poll(() => stuck.requests.length).toBe(1);
    expect(await queue.write({ stream: 'sound', announcement: announced('b') })).toEqual({
      kind: 'written',
    });
    expect([stuck.requests.length, sound.requests.length]).toEqual([1, 1]);
  });

  it('that are settled block nobody: the next one is tried as long as necessary', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed((_, response) => {
      const isAway = sender.requests.length === 2 || sender.requests.length === 3;
      if (isAway) response.writeHead(503).end();
      else response.end(zip);
    });
    const { queue } = openQueue(bed, { ab: sender.url }, {}, { yieldAfterMs: 0 });
    expect(await queue.write({ stream: 'ab', announcement: announced('a') })).toEqual({
      kind: 'written',
    });
    expect(await queue.write({ stream: 'ab', announcement: announced('b') })).toEqual({
      kind: 'written',
    });
  });

  it('yield when the sum of their waits exceeds the limit', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.1);
    onTestFinished(() => void vi.restoreAllMocks());
    const bed = await startExportsBed();
    const sender = await startSenderBed((request, response) => {
      if (request.url?.includes('away')) response.writeHead(503).end();
      else response.end(zip);
    });
    // The retries wait 100, 200, 400 ms.
    const { queue } = openQueue(bed, { ab: sender.url }, {}, { yieldAfterMs: 500 });
    const [away, next] = [
      queue.write({ stream: 'ab', announcement: announced('away') }),
      queue.write({ stream: 'ab', announcement: announced('b') }),
    ];
    expect(await away).toMatchObject({ kind: 'nacked' });
    expect(await next).toEqual({ kind: 'written' });
    expect(sender.requests).toHaveLength(4);
  });

  it('go into the columns and the location of the config', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed((_, response) => response.end(zip));
    const { queue } = openQueue(bed, { ab: sender.url }, { schema: { a: 'STRING', b: 'STRING' } });
    expect(await queue.write({ stream: 'ab', announcement: announced('a') })).toEqual({
      kind: 'written',
    });
    expect(await bed.query(`SELECT a, b FROM ${table}`)).toEqual([{ a: '1', b: 'x' }]);
    const [dataset] = await bed.bigquery.dataset('absmartly').getMetadata();
    expect(dataset.location).toBe('europe-west3');
  });

  it('of a stream without an API stay in Pub/Sub', async () => {
    const bed = await startExportsBed();
    const { queue } = openQueue(bed, { ab: bed.api.url }, {}, { apis: new Map() });
    expect(await queue.write({ stream: 'ab', announcement: announced('a') })).toMatchObject({
      kind: 'nacked',
    });
  });

  it.runIf(process.platform === 'linux')('leave nothing on the disk once settled', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed((_, response) => response.end('no ZIP'));
    const { queue } = openQueue(bed, { ab: sender.url });
    expect(await queue.write({ stream: 'ab', announcement: announced('a') })).toMatchObject({
      kind: 'invalid',
    });
    expect(spooledIn(bed.directory)).toEqual([]);
  });
});

/** The unlinked files of the folder that this process has open. */
function spooledIn(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${number}`);
      return path.startsWith(`${directory}/`) ? [path] : [];
    } catch {
      return [];
    }
  });
}

describe('a load job with a transient failure', () => {
  /** A queue to a BigQuery whose jobs all fail; `tries` has the requested job ids. */
  async function openFailing() {
    const bed = await startExportsBed({ [announced('a').path]: zip });
    await bed.bigquery.createDataset('absmartly', { location: 'EU' });
    await bed.bigquery
      .dataset('absmartly')
      .createTable('exports', { schema: 'a:INTEGER,b:STRING' });
    const known = new Set<string>();
    const error = { reason: 'backendError', message: 'An internal error occurred' };
    const bigquery = await startSenderBed((request, response) => {
      const [, id] = /\/jobs\/(tributary-export-[\w-]+)/.exec(request.url ?? '') ?? [];
      const isMade = id !== undefined && request.method === 'GET' && known.has(id);
      if (id) known.add(id);
      if (!isMade) return void forward(bed.bigquery.apiEndpoint, request, response);
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ status: { state: 'DONE', errorResult: error } }));
    });
    const more = { bigquery: clientOf(bigquery.url), yieldAfterMs: 0 };
    return { ...openQueue(bed, { ab: bed.api.url }, {}, more), known };
  }

  it('is not tried again at once, because its table has a daily quota of jobs', async () => {
    const { queue, lines, known } = await openFailing();
    // Any other failure would have no wait.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    onTestFinished(() => void vi.restoreAllMocks());
    const result = queue.write({ stream: 'ab', announcement: announced('a') });
    await expect.poll(() => lines.at(-1)?.message).toBe('export not loaded, trying again');
    await sleep(300);
    expect(known.size).toBe(1);
    await queue.close();
    expect(await result).toMatchObject({ kind: 'nacked' });
  });

  it('is nacked if another one waits, not acked', async () => {
    const { queue } = await openFailing();
    const results = ['a', 'b'].map((name) =>
      queue.write({ stream: 'ab', announcement: announced(name) }),
    );
    expect(await results[0]).toMatchObject({ kind: 'nacked' });
    await queue.close();
    await results[1];
  });
});

describe('a queue that closes', () => {
  it('stops the running export and nacks all before close resolves', async () => {
    const bed = await startExportsBed();
    let broken = 0;
    const sender = await startSenderBed((_, response) => {
      response.once('close', () => broken++);
    });
    const { queue } = openQueue(bed, { ab: sender.url });
    const results = ['a', 'b'].map((name) =>
      watched(queue.write({ stream: 'ab', announcement: announced(name) })),
    );
    await expect.poll(() => sender.requests.length).toBe(1);
    await queue.close();
    expect(results).toMatchObject([{ result: { kind: 'nacked' } }, { result: { kind: 'nacked' } }]);
    await expect.poll(() => broken).toBe(1);
    expect(sender.requests).toHaveLength(1);
  });

  it('accepts nothing more', async () => {
    const bed = await startExportsBed();
    const sender = await startSenderBed((_, response) => response.end(zip));
    const { queue } = openQueue(bed, { ab: sender.url });
    await queue.close();
    expect(await queue.write({ stream: 'ab', announcement: announced('a') })).toMatchObject({
      kind: 'nacked',
    });
    expect(sender.requests).toEqual([]);
  });
});
