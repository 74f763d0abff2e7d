import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../local/pubsub/main.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { ProjectFolder } from '../beds/project-folder.ts';
import { select } from '../beds/relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const project = new ProjectFolder();
const { path: directory } = project;
const each = 250;

let bigqueryServer: BigQueryServer;
let pubsubServer: PubsubServer;
let bigquery: BigQuery;
let pubsub: PubSub;
let subscriber: ChildProcess | undefined;

/** @param place where the config finds the amount: the senders' deliveries have it at `$.amount` */
function writeConfig(place: string, streams = ['broken', 'keyed', 'part']): void {
  const columns = (options: string) => `columns: {
    id: { type: 'STRING', from: '$.id' },
    amount: { type: 'INT64', from: '${place}'${options} },
    delivery_id: { type: 'STRING', from: 'delivery:id' },
    received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
  }`;
  const all: Record<string, string> = {
    broken: `generic({ scheme: 'endpoint-key', table: 'shop.broken', ${columns(', required: true')} })`,
    keyed: `generic({ scheme: 'endpoint-key', table: 'shop.keyed', key: ['id'], ${columns(', required: true')} })`,
    part: `generic({ scheme: 'endpoint-key', table: 'shop.part', ${columns('')} })`,
  };
  const lines = streams.map((name) => `    ${name}: ${all[name]},\n`);
  writeFileSync(
    join(directory, 'tributary.config.ts'),
    `import { defineRelay, generic } from 'tributary-relay';
export const relay = defineRelay({
  project: 'test-project',
  streams: {
${lines.join('')}  },
});
`,
  );
}

const environment = () => ({
  ...process.env,
  PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubServer.port}`,
  BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigqueryServer.restPort}`,
  BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryServer.grpcPort}`,
  METADATA_SERVER_DETECTION: 'none',
  TRIBUTARY_CONFIG: join(directory, 'tributary.config.ts'),
});

function startSubscriber(): void {
  subscriber = spawn(process.execPath, [main, 'serve'], {
    cwd: directory,
    env: environment(),
    stdio: 'ignore',
  });
}

async function killSubscriber(): Promise<void> {
  subscriber?.kill('SIGKILL');
  if (subscriber && subscriber.exitCode === null) await once(subscriber, 'exit');
}

interface Run {
  status: number | null;
  out: string;
  err: string;
}

function start(...args: string[]): { process: ChildProcess; ended: Promise<Run> } {
  const child = spawn(process.execPath, [main, 'dead-letters', ...args, '--state', directory], {
    cwd: directory,
    env: environment(),
  });
  const run: Run = { status: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    run.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    run.err += text;
  });
  const ended = once(child, 'close').then(([status]) => ({ ...run, status: status as number }));
  return { process: child, ended };
}

async function readJson<T>(...args: string[]): Promise<T> {
  const { out, err } = await start(...args, '--json').ended;
  expect(err).toBe('');
  return JSON.parse(out) as T;
}

async function count(query: string): Promise<number> {
  const [row] = await select<{ n: number }>(bigquery, query);
  return row?.n ?? 0;
}

async function publish(stream: string): Promise<void> {
  const topic = pubsub.topic('tributary', { batching: { maxMessages: 250 } });
  await Promise.all(
    Array.from({ length: each }, (_, n) =>
      topic.publishMessage({
        data: Buffer.from(JSON.stringify({ id: `${stream}-${n}`, amount: n, label: 'no number' })),
        attributes: toAttributes({
          stream,
          deliveryId: uuidv7(),
          receivedAt: Date.now(),
          contentType: 'application/json',
        }),
      }),
    ),
  );
}

beforeAll(async () => {
  project.write('package.json', JSON.stringify({ type: 'module' }));
  [bigqueryServer, pubsubServer] = await Promise.all([
    startBigQuery({ restPort: 0, grpcPort: 0, directory: join(directory, 'bigquery') }),
    startPubsub({ port: 0, directory: join(directory, 'pubsub') }),
  ]);
  bigquery = connectBigQuery('test-project', bigqueryServer.restPort);
  pubsub = connectPubsub('test-project', pubsubServer.port);
  const ports = { bigquery: bigqueryServer.restPort, pubsub: pubsubServer.port };
  writeFileSync(join(directory, 'stack.json'), JSON.stringify({ pid: process.pid, ports }));
}, 60_000);

afterAll(async () => {
  await killSubscriber();
  await pubsub?.close();
  await Promise.all([bigqueryServer?.stop(), pubsubServer?.stop()]);
  project.remove();
});

describe('dead letters', { timeout: 120_000 }, () => {
  const letters = 'SELECT COUNT(DISTINCT message_id) AS n FROM tributary.dead_letters';

  it('says so where there are none', async () => {
    writeConfig('$.label');
    expect(await readJson('list')).toEqual([]);
    expect(await start('show', 'x').ended).toMatchObject({
      status: 1,
      err: expect.stringContaining('dead-letter.unknown'),
    });
  });

  it('lists and shows what a wrong mapping made', async () => {
    startSubscriber();
    await expect
      .poll(() => count('SELECT 1 AS n FROM shop.part LIMIT 1').then(() => true))
      .toBe(true);
    await expect
      // What is published before there is a subscription reaches nobody.
      .poll(async () => (await pubsub.subscription('tributary-bigquery').exists())[0], {
        timeout: 60_000,
      })
      .toBe(true);
    await Promise.all(['broken', 'keyed', 'part'].map(publish));
    await expect.poll(() => count(letters), { timeout: 60_000 }).toBe(3 * each);

    const list = await readJson<{ stream: string; writtenInPart: boolean; messageId: string }[]>(
      'list',
      '--limit',
      '2000',
    );
    const inPart = list.filter(({ writtenInPart }) => writtenInPart);
    expect([list.length, inPart.length]).toEqual([3 * each, each]);
    expect(new Set(inPart.map(({ stream }) => stream))).toEqual(new Set(['part']));
    expect(await readJson('list', '--stream', 'keyed', '--reason', 'AMOUNT')).toHaveLength(50);
    expect(await readJson('list', '--until', '2020-01-01')).toEqual([]);

    const [first] = list;
    const { out } = await start('show', first?.messageId ?? '').ended;
    expect(out).toContain('"label": "no number"');
    expect(out).toMatch(/^column +amount$/m);
    const table = (await start('list', '--limit', '3').ended).out;
    for (const line of table.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('wants to be told which to replay', async () => {
    expect(await start('replay').ended).toMatchObject({
      err: expect.stringContaining('dead-letter.selection'),
    });
  });

  it('shows what a replay would do, under the config as it is', async () => {
    const groups = (...args: string[]) =>
      readJson<{ stream: string; kind: string; count: number }[]>('replay', '--dry-run', ...args);
    expect(await groups()).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ stream: 'broken', kind: 'dead letter', count: each }),
        expect.objectContaining({ stream: 'part', kind: 'row in part', count: each }),
      ]),
    );
    writeConfig('$.amount', ['keyed', 'part']);
    expect(await groups('--stream', 'broken')).toMatchObject([{ kind: 'no stream', count: each }]);
    writeConfig('$.amount');
    expect(await groups()).toMatchObject(
      ['broken', 'keyed', 'part'].map(() => ({ kind: 'row', count: each })),
    );
  });

  it('replays them once each, whatever is killed half-way', async () => {
    await killSubscriber();
    startSubscriber();
    const first = start('replay', '--all');
    await expect
      .poll(() => count('SELECT COUNT(*) AS n FROM shop.broken'), { timeout: 60_000 })
      .toBeGreaterThan(0);
    first.process.kill('SIGKILL');
    await killSubscriber();
    await first.ended;
    startSubscriber();

    const { status, out } = await start('replay', '--all').ended;
    expect(out).toMatch(/^Replayed \d+: /);
    expect(status).toBe(0);
    // What the killed replay had published may still be under way.
    await expect
      .poll(async () => (await readJson<unknown[]>('list')).length, { timeout: 60_000 })
      .toBe(0);

    const unique = (table: string) =>
      count(`SELECT COUNT(*) AS n FROM shop.${table} WHERE amount IS NOT NULL`);
    await expect.poll(() => unique('broken_unique'), { timeout: 30_000 }).toBe(each);
    await expect.poll(() => unique('part_unique'), { timeout: 30_000 }).toBe(each);
    await expect.poll(() => unique('keyed'), { timeout: 30_000 }).toBe(each);
    expect(await count('SELECT COUNT(*) AS n FROM shop.part_unique')).toBe(each);
    expect(await count('SELECT COUNT(*) AS n FROM shop.keyed')).toBe(each);
    expect(await readJson('list', '--all', '--limit', '2000')).toHaveLength(3 * each);
  });

  it('replays a letter again where it is named, and it stays one row', async () => {
    const [letter] = await readJson<{ deliveryId: string }[]>(
      'list',
      '--all',
      '--stream',
      'broken',
    );
    const { out, status } = await start('replay', letter?.deliveryId ?? '').ended;
    expect({ out, status }).toEqual({ out: 'Replayed 1: 1 written.\n', status: 0 });
    expect(await count('SELECT COUNT(*) AS n FROM shop.broken_unique')).toBe(each);
  });
});
