import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Absmartly, startAbsmartly } from '../../local/absmartly/main.ts';
import { zipFiles } from '../../local/absmartly/sample-export.ts';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { Faults } from '../../local/faults/faults.ts';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { compileCache } from '../../local/parts/compile-cache.ts';
import { type PubsubServer, startPubsub } from '../../local/pubsub/main.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { relay } from '../beds/export-process.ts';
import { ExportProxy, type Point } from '../beds/export-proxy.ts';
import { select } from '../beds/relay-process.ts';

const child = fileURLToPath(new URL('../beds/export-process.ts', import.meta.url));
const rowsPerFile = 12_000;

/** Three CSVs, each larger than one unit of an upload. Their rows name their file. */
function csvs(label: string) {
  return [1, 2, 3].map((number) => {
    const rows = Array.from(
      { length: rowsPerFile },
      (_, row) => `${label}-${number},${row},"a, ""b"""\n`,
    );
    return { name: `${number}.csv`, text: `file,n,note\n${rows.join('')}` };
  });
}

/** Each point is reached by another subscriber process, in this order. */
const points: Point[] = [
  { step: 'zip', phase: 'asked' },
  { step: 'zip', phase: 'half' },
  { step: 'zip', phase: 'answered' },
  { step: 'dataset', phase: 'taken' },
  { step: 'job', phase: 'asked' },
  { step: 'session', phase: 'taken' },
  { step: 'body', phase: 'half' },
  { step: 'body', phase: 'taken' },
  { step: 'body', phase: 'answered' },
  // For the first file of a table that does not exist yet.
  { step: 'end', phase: 'asked' },
  { step: 'end', phase: 'half' },
  { step: 'end', phase: 'taken' },
  // The table exists, so the other files are uploaded ahead.
  { step: 'body', phase: 'half', after: 1 },
  { step: 'body', phase: 'answered', after: 1 },
  { step: 'end', phase: 'answered' },
  { step: 'end', phase: 'taken' },
  // Everything is loaded, and nothing is acked.
  { step: 'job', phase: 'answered', after: 2 },
];

describe('SIGKILL of a subscriber that loads an export', { timeout: 120_000 }, () => {
  const faults = new Faults();
  const files = new Map<string, Uint8Array>();
  let directory: string;
  let absmartly: Absmartly;
  let bigqueryServer: BigQueryServer;
  let pubsubServer: PubsubServer;
  let proxy: ExportProxy;
  let environment: NodeJS.ProcessEnv;
  let last: ChildProcess | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tributary-export-kill-'));
    absmartly = await startAbsmartly({ port: 0, apiKey: 'the-key', files });
    bigqueryServer = await startBigQuery({
      restPort: 0,
      grpcPort: 0,
      directory: join(directory, 'bigquery'),
    });
    pubsubServer = await startPubsub({ port: 0, directory: join(directory, 'pubsub'), faults });
    proxy = new ExportProxy({
      absmartlyPort: absmartly.port,
      bigqueryPort: bigqueryServer.restPort,
    });
    const url = await proxy.listen();
    environment = {
      ...process.env,
      AB_API_URL: url,
      AB_API_KEY: 'the-key',
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubServer.port}`,
      BIGQUERY_EMULATOR_HOST: url,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryServer.grpcPort}`,
      METADATA_SERVER_DETECTION: 'none',
      NODE_COMPILE_CACHE: compileCache,
    };
  });

  afterAll(async () => {
    last?.kill('SIGKILL');
    await proxy.stop();
    await Promise.all([absmartly.stop(), bigqueryServer.stop(), pubsubServer.stop()]);
    await rm(directory, { recursive: true });
  });

  async function announce(label: string): Promise<void> {
    const path = `/v1/experiments/exports/${label}/x.zip`;
    files.set(path, await zipFiles(csvs(label)));
    const body = {
      event_name: 'ExperimentDataExportReady',
      id: 42,
      metadata: { download_url: path },
    };
    const attributes = toAttributes({ stream: 'ab', deliveryId: uuidv7(), receivedAt: Date.now() });
    const pubsub = connectPubsub(relay.project, pubsubServer.port);
    await pubsub.topic(relay.topic).publishMessage({ json: body, attributes });
    await pubsub.close();
  }

  async function countOf(label: string) {
    return await select<{ file: string; n: number; distinct_n: number }>(
      connectBigQuery(relay.project, bigqueryServer.restPort),
      `SELECT file, COUNT(*) AS n, COUNT(DISTINCT n) AS distinct_n FROM ab.exports
       WHERE file LIKE '${label}-%' GROUP BY file ORDER BY file`,
    );
  }

  const loadedOnce = (label: string) =>
    [1, 2, 3].map((number) => ({
      file: `${label}-${number}`,
      n: rowsPerFile,
      distinct_n: rowsPerFile,
    }));

  function start(...mode: string[]): ChildProcess {
    last = spawn(process.execPath, [child, ...mode], { env: environment, stdio: 'ignore' });
    return last;
  }

  async function kill(subscriber: ChildProcess): Promise<void> {
    const exited = once(subscriber, 'exit');
    subscriber.kill('SIGKILL');
    await exited;
    // Otherwise the server would deliver again into a stream whose end it has not seen.
    await sleep(100);
    // Expires the leases now.
    faults.add({ name: 'leases.expire' });
  }

  it('at one step after the other leaves each CSV loaded once', async () => {
    const pubsub = connectPubsub(relay.project, pubsubServer.port);
    await pubsub.createTopic(relay.topic);
    await pubsub.createSubscription(relay.topic, relay.subscription, {
      // A redelivery has no backoff.
      retryPolicy: { minimumBackoff: { seconds: 0 }, maximumBackoff: { seconds: 0 } },
    });
    await pubsub.close();
    await announce('steps');
    for (const point of points) {
      const reached = proxy.reached(point);
      const subscriber = start('serve');
      await reached;
      await kill(subscriber);
    }
    proxy.open();
    expect(await once(start('drain', '--quiet-seconds', '2'), 'exit')).toEqual([0, null]);
    expect(await countOf('steps')).toEqual(loadedOnce('steps'));
  });

  it('at random times leaves each CSV loaded once', async () => {
    const labels = Array.from({ length: 6 }, (_, run) => `times-${run}`);
    for (const label of labels) {
      // A new export each time, because a fast run leaves nothing for the next one.
      await announce(label);
      const reached = proxy.reached({ step: 'zip', phase: 'answered' });
      const subscriber = start('serve');
      await reached;
      proxy.open();
      await sleep(Math.random() * 300);
      await kill(subscriber);
    }
    expect(await once(start('drain', '--quiet-seconds', '2'), 'exit')).toEqual([0, null]);
    for (const label of labels) expect(await countOf(label)).toEqual(loadedOnce(label));
  });
});
