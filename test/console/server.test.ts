import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Feed } from '../../console/live/feed.ts';
import { type Console, startConsole } from '../../console/main.ts';
import { readConsoleSettings } from '../../console/settings.ts';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { generic } from '../../shared/sources/generic.ts';
import type { LogEntry } from '../../subscriber/log.ts';

const relay = defineRelay({
  project: 'test-project',
  streams: { stock: generic({ scheme: 'endpoint-key', table: 'shop.stock' }) },
});

let directory: string;
let server: BigQueryServer;
let bigquery: BigQuery;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-console-'));
  server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  bigquery = connectBigQuery(relay.project, server.restPort);
  await bigquery.createDataset('tributary');
  await bigquery.query(`CREATE TABLE tributary.dead_letters (stored_at TIMESTAMP, received_at TIMESTAMP, stream STRING,
    delivery_id STRING, message_id STRING, reason STRING, column STRING, written_in_part BOOL, part INT64, data BYTES, attributes JSON)`);
  await bigquery.query(`INSERT INTO tributary.dead_letters (stored_at, stream, delivery_id, message_id, reason, data, attributes)
    VALUES (CURRENT_TIMESTAMP(), 'stock', 'd1', 'm1', 'a reason', b'{"card":"4111"}',
      JSON '{"stream":"stock","delivery_id":"d1","received_at":"2026-01-01T00:00:00Z","header_x":"secret header"}')`);
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function open(environment: NodeJS.ProcessEnv = {}) {
  const settings = readConsoleSettings({ CONSOLE_PORT: '0', ...environment });
  if (!settings) throw new Error('no console');
  const lines: LogEntry[] = [];
  const feed = new Feed();
  const page: Console = await startConsole({
    relay,
    bigquery,
    pubsub: () => {
      throw new Error('nothing is replayed here');
    },
    state: () => ({
      pulled: 0,
      inFlight: { messages: 0, bytes: 0, fullness: 0 },
      oldestReceivedAt: undefined,
      tables: [],
    }),
    feed,
    log: (line) => lines.push(line),
    settings,
  } as Parameters<typeof startConsole>[0] & { pubsub: () => PubSub });
  onTestFinished(() => page.stop());
  const url = `http://127.0.0.1:${page.port}`;
  const read = async (path: string) => await fetch(`${url}/api${path}`);
  const change = async (path: string, body: object, method = 'POST') => {
    const { csrf } = (await (await read('/session')).json()) as { csrf: string };
    const headers = { 'x-csrf-token': csrf, origin: url, 'content-type': 'application/json' };
    return await fetch(`${url}/api${path}`, { method, headers, body: JSON.stringify(body) });
  };
  return { page, url, feed, lines, read, change };
}

describe('the console as a server', () => {
  it('masks payloads, and switches queries off with them', async () => {
    const { read, change } = await open({ CONSOLE_PAYLOADS: 'masked' });
    const text = await (await read('/letters/m1')).text();
    expect(text).toContain('a reason');
    expect(text).not.toMatch(/4111|secret header/);
    expect((await read('/streams/stock/rows')).status).toBe(403);
    expect((await change('/queries', { sql: 'SELECT 1' })).status).toBe(403);
    expect((await read('/tables')).status).toBe(403);
    expect(await (await (await open()).read('/letters/m1')).text()).toContain('4111');
  });

  it('queries and replays can be switched off', async () => {
    const { read, change } = await open({ CONSOLE_QUERY: 'off', CONSOLE_REPLAY: 'off' });
    expect((await change('/queries', { sql: 'SELECT 1' })).status).toBe(403);
    expect((await change('/replays', { ids: ['m1'] })).status).toBe(403);
    expect(await (await read('/session')).json()).toMatchObject({
      features: { query: false, replay: false },
    });
    // A dry run changes nothing.
    expect((await change('/letters/dry-run', { ids: ['m1'] })).status).toBe(200);
  });

  it('changes nothing by GET, or without the token of the page', async () => {
    const { url, read } = await open();
    for (const path of ['/replays?all=true', '/login', '/logout', '/queries']) {
      expect((await read(path)).status === 404 || path.startsWith('/replays')).toBe(true);
    }
    const post = (headers: Record<string, string>) =>
      fetch(`${url}/api/replays`, { method: 'POST', headers, body: '{"ids":["m1"]}' });
    expect((await post({})).status).toBe(403);
    expect((await post({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await post({ origin: url })).status).toBe(403);
    expect((await post({ origin: url, 'x-csrf-token': 'x' })).status).toBe(403);
  });

  it('answers what is wrong with a request', async () => {
    const { read, change } = await open();
    expect((await read('/letters/unknown')).status).toBe(404);
    expect((await read('/streams/unknown/rows')).status).toBe(404);
    expect((await read('/no-such-path')).status).toBe(404);
    expect((await change('/letters/dry-run', { ids: [] })).status).toBe(400);
    expect((await change('/letters/dry-run', { everything: true })).status).toBe(400);
    for (const sql of ['DROP TABLE tributary.dead_letters', 'SELECT 1; SELECT 2', 'SELEC 1', '']) {
      expect((await change('/queries', { sql })).status).toBe(400);
    }
    expect((await read('/streams/stock/census?event=(')).status).toBe(400);
  });

  it('is served under a strict policy, and by no cache', async () => {
    const { url } = await open();
    const answer = await fetch(`${url}/dead-letters`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const html = await answer.text();
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect((await fetch(`${url}/api/session`)).headers.get('cache-control')).toBe('no-store');
  });

  it('says that its port is taken, and takes it as soon as it is free', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const { page, lines } = await open({ CONSOLE_PORT: String(port) });
    expect(page.port).toBeUndefined();
    await expect
      .poll(() => lines.some(({ message }) => message.includes(`port ${port} is taken`)))
      .toBe(true);
    other.close();
    await expect.poll(() => page.port).toBe(port);
    expect((await fetch(`http://127.0.0.1:${port}/api/session`)).status).toBe(200);
  });

  it('looks at nothing when the last page is closed', async () => {
    const { url, feed } = await open();
    expect(feed.isWatched).toBe(false);
    const abort = new AbortController();
    const live = await fetch(`${url}/api/live`, { signal: abort.signal });
    await live.body?.getReader().read();
    expect(feed.isWatched).toBe(true);
    abort.abort();
    await expect.poll(() => feed.isWatched).toBe(false);
  });
});
