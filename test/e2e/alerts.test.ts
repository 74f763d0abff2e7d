import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../local/pubsub/main.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { type AlertReceiverBed, secretPath, startAlertReceiver } from '../beds/alert-receiver.ts';
import { ProjectFolder } from '../beds/project-folder.ts';
import { select } from '../beds/relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const project = new ProjectFolder();
const { path: directory } = project;

let bigqueryServer: BigQueryServer;
let pubsubServer: PubsubServer;
let bigquery: BigQuery;
let pubsub: PubSub;

const soon = { timeout: 60_000, interval: 100 };

/** @param conditions of the alerts; without them there are none */
function writeConfig(conditions?: string): void {
  const columns = `{ amount: { type: 'INT64', from: '$.amount', required: true }, id: { type: 'STRING', from: '$.id' } }`;
  const alerts =
    conditions === undefined
      ? ''
      : `alerts: {
    receivers: [{ url: 'ALERTS_URL', format: 'generic' }],
    every: '1s',
    clearAfter: '1s',
    ${conditions}
  },`;
  project.write(
    'tributary.config.ts',
    `import { defineRelay, generic } from 'tributary-relay';
export const relay = defineRelay({
  project: 'test-project',
  ${alerts}
  streams: { orders: generic({ scheme: 'endpoint-key', table: 'shop.orders', columns: ${columns} }) },
});
`,
  );
}

/** A subscriber in a process of its own, as it runs in production. */
class Subscriber {
  readonly process: ChildProcess;
  output = '';

  constructor(receiver: AlertReceiverBed) {
    this.process = spawn(process.execPath, [main, 'serve'], {
      cwd: directory,
      env: {
        ...process.env,
        PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubServer.port}`,
        BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigqueryServer.restPort}`,
        BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryServer.grpcPort}`,
        METADATA_SERVER_DETECTION: 'none',
        TRIBUTARY_CONFIG: join(directory, 'tributary.config.ts'),
        ALERTS_URL: receiver.url,
      },
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    onTestFinished(() => this.kill('SIGKILL'));
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    await exited;
  }
}

async function publish(count: number, amount: unknown): Promise<string[]> {
  const topic = pubsub.topic('tributary', { batching: { maxMessages: 250 } });
  const ids = Array.from({ length: count }, () => uuidv7());
  await Promise.all(
    ids.map((deliveryId) =>
      topic.publishMessage({
        data: Buffer.from(JSON.stringify({ id: deliveryId, amount })),
        attributes: toAttributes({
          stream: 'orders',
          deliveryId,
          receivedAt: Date.now(),
          contentType: 'application/json',
        }),
      }),
    ),
  );
  return ids;
}

async function count(query: string): Promise<number> {
  const [row] = await select<{ n: number }>(bigquery, query);
  return row?.n ?? 0;
}

const countRows = () => count('SELECT COUNT(DISTINCT id) AS n FROM shop.orders');

function told(receiver: AlertReceiverBed): string[] {
  return receiver
    .messages()
    .flatMap(({ alerts }) => alerts.map(({ id, state }) => `${id} ${state}`));
}

async function ready(subscribers: readonly Subscriber[]): Promise<void> {
  const isReady = () =>
    subscribers.every(({ output }) => output.includes('the subscriber is ready'));
  await expect.poll(isReady, soon).toBe(true);
}

beforeAll(async () => {
  project.write('package.json', JSON.stringify({ type: 'module' }));
  [bigqueryServer, pubsubServer] = await Promise.all([
    startBigQuery({ restPort: 0, grpcPort: 0, directory: join(directory, 'bigquery') }),
    startPubsub({ port: 0, directory: join(directory, 'pubsub') }),
  ]);
  bigquery = connectBigQuery('test-project', bigqueryServer.restPort);
  pubsub = connectPubsub('test-project', pubsubServer.port);
}, 60_000);

afterAll(async () => {
  await pubsub?.close();
  await Promise.all([bigqueryServer?.stop(), pubsubServer?.stop()]);
  project.remove();
});

describe('alerts of subscriber processes', { timeout: 180_000 }, () => {
  it('two of them say once that there are dead letters; killed in mid-send, it is said again', async () => {
    writeConfig("deadLetters: 5, window: '20d'");
    const receiver = await startAlertReceiver();
    receiver.answer(() => {});
    const both = [new Subscriber(receiver), new Subscriber(receiver)];
    await ready(both);
    const ids = await publish(20, 'no number');
    await expect.poll(() => receiver.posts.length, soon).toBe(1);
    // The receiver hangs, and deliveries go on.
    await publish(300, 1);
    await expect.poll(countRows, soon).toBe(300);
    expect(receiver.posts).toHaveLength(1);
    await Promise.all(both.map((subscriber) => subscriber.kill('SIGKILL')));
    receiver.answer(200);
    const [first] = [new Subscriber(receiver), new Subscriber(receiver)];
    await expect.poll(() => receiver.posts.length, soon).toBe(2);
    const [, message] = receiver.messages();
    expect(message?.alerts).toHaveLength(1);
    expect(message?.alerts[0]).toMatchObject({ id: 'dead-letters/orders', state: 'firing' });
    expect(ids).toContain(message?.alerts[0]?.example);
    expect(receiver.posts.map(({ body }) => body).join()).not.toContain('no number');
    for (const { output } of [...both, first]) expect(output).not.toContain(secretPath);
  });

  it('a table that BigQuery refuses fires, and clears when it is mended', async () => {
    writeConfig("deadLetters: false, tableRefused: '1s'");
    const receiver = await startAlertReceiver();
    await bigquery.query('DROP TABLE IF EXISTS shop.orders');
    await bigquery.query('CREATE TABLE shop.orders (id INT64, amount STRING)');
    const subscriber = new Subscriber(receiver);
    await ready([subscriber]);
    const ids = await publish(3, 7);
    await expect.poll(() => told(receiver), soon).toContain('table-refused/orders firing');
    await bigquery.query('DROP TABLE shop.orders');
    await expect
      .poll(() => told(receiver), { ...soon, timeout: 120_000 })
      .toContain('table-refused/orders clear');
    const written = `SELECT COUNT(DISTINCT id) AS n FROM shop.orders WHERE id IN ('${ids.join("','")}')`;
    await expect.poll(() => count(written), soon).toBe(3);
  });

  it('BigQuery away is said by the replica itself, and its end', async () => {
    writeConfig("deadLetters: false, bigqueryAway: '3s'");
    const receiver = await startAlertReceiver();
    const subscriber = new Subscriber(receiver);
    await ready([subscriber]);
    const { restPort, grpcPort } = bigqueryServer;
    await bigqueryServer.stop();
    await expect.poll(() => told(receiver), soon).toContain('bigquery-away/ firing');
    bigqueryServer = await startBigQuery({
      restPort,
      grpcPort,
      directory: join(directory, 'bigquery'),
    });
    await expect.poll(() => told(receiver), soon).toContain('bigquery-away/ clear');
    expect(told(receiver).filter((text) => text.startsWith('bigquery-away'))).toHaveLength(2);
  });

  it('a subscriber without the URL says so, and relays', async () => {
    writeConfig('deadLetters: 1');
    const receiver = await startAlertReceiver();
    const subscriber = new Subscriber({ ...receiver, url: '' });
    await ready([subscriber]);
    expect(subscriber.output).toContain('ALERTS_URL is not set');
    const before = await countRows();
    await publish(5, 1);
    await expect.poll(countRows, soon).toBe(before + 5);
    await subscriber.kill('SIGTERM');
    expect(subscriber.process.exitCode).toBe(0);
  });

  it('a subscriber without alerts has no table of them', async () => {
    writeConfig();
    await bigquery.query('DROP TABLE IF EXISTS tributary.alerts');
    const receiver = await startAlertReceiver();
    const subscriber = new Subscriber(receiver);
    await ready([subscriber]);
    const before = await countRows();
    await publish(5, 1);
    await expect.poll(countRows, soon).toBe(before + 5);
    await subscriber.kill('SIGTERM');
    expect(await bigquery.dataset('tributary').table('alerts').exists()).toEqual([false]);
    expect(receiver.posts).toEqual([]);
  });
});
