// What a broken, careless or hostile client sends to local/bigquery, and the answer that it gets.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Connection, openWriteClient, texts, type WriteClient } from '../../beds/append-client.ts';
import { type BigQueryBed, PROJECT, request, startBigQueryBed } from '../../beds/bigquery-bed.ts';

const base = `/bigquery/v2/projects/${PROJECT}`;
const table = `projects/${PROJECT}/datasets/d/tables/t`;
let server: BigQueryBed;
let client: WriteClient;

beforeAll(async () => {
  server = await startBigQueryBed();
  client = openWriteClient(server.grpcPort);
  await request(server, 'POST', `${base}/datasets`, { datasetReference: { datasetId: 'd' } });
  await query('CREATE TABLE d.t (s STRING)');
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

async function query(sql: string) {
  return await request(server, 'POST', `${base}/queries`, { query: sql, useLegacySql: false });
}

const one = async () => (await query('SELECT 1')).body.rows?.[0]?.f[0]?.v;

describe('the REST API', () => {
  it.each([
    ['POST', '/queries', '{"query": "SELECT 1"', 400],
    ['POST', '/queries', '[]', 400],
    ['POST', '/queries', '{}', 400],
    ['POST', '/queries', '{"query": 5}', 400],
    ['POST', '/jobs', '{"configuration": {}}', 400],
    ['POST', '/jobs', 'null', 400],
    ['POST', '/datasets', '{"datasetReference": {"datasetId": "a/b"}}', 400],
    ['POST', '/datasets', '{"datasetReference": {"datasetId": ""}}', 400],
    ['POST', '/datasets/d/tables', '{"tableReference": {"tableId": "a\\u0000b"}}', 400],
    ['POST', '/datasets/d/tables', '{"tableReference": {"tableId": "x"}, "schema": 5}', 400],
    ['POST', '/datasets/d/tables/t/insertAll', '{"rows": 5}', 400],
    ['GET', '/datasets/d/tables/t/data?maxResults=x', undefined, 400],
    ['GET', '/datasets/%ff', undefined, 400],
    ['GET', '/nothing/here', undefined, 404],
    ['PATCH', '/datasets', undefined, 404],
  ])('%s %s %s is %d, with the error in its form', async (method, path, body, code) => {
    const answer = await request(server, method, base + path, body);
    expect(answer.status).toBe(code);
    expect(answer.body.error).toMatchObject({ code, errors: [{ reason: expect.any(String) }] });
    expect(answer.body.error?.message).not.toBe('');
    expect(answer.body.error?.message).not.toContain('    at ');
    expect(await one()).toBe('1');
  });

  it('1,000 queries at once are all answered', { timeout: 240_000 }, async () => {
    const asked = Array.from({ length: 1000 }, (_, n) => query(`SELECT ${n} AS n`));
    const answers = await Promise.all(asked);
    const values = answers.map(({ body }) => body.rows?.[0]?.f[0]?.v);
    expect(values).toEqual(Array.from({ length: 1000 }, (_, n) => String(n)));
  });
});

describe('the Storage Write API', () => {
  const rows = async () =>
    Number((await query('SELECT COUNT(*) FROM d.t')).body.rows?.[0]?.f[0]?.v);

  it('offsets that lie write nothing', async () => {
    const [{ name }] = await client.createWriteStream({
      parent: table,
      writeStream: { type: 'COMMITTED' },
    });
    const before = await rows();
    const connection = new Connection(client);
    const lies = [status.OUT_OF_RANGE, status.INVALID_ARGUMENT, status.ALREADY_EXISTS];
    for (const value of [-1, 5, '9223372036854775807']) {
      const { error } = await connection.answer(texts(name ?? '', ['x'], { offset: { value } }));
      expect(lies, `${value}`).toContain(error?.code);
    }
    connection.cancel();
    expect(await rows()).toBe(before);
  });

  it('rows that are no protocol buffers are refused, and the connection goes on', async () => {
    const stream = `${table}/streams/_default`;
    const before = await rows();
    const connection = new Connection(client);
    const { protoRows } = texts(stream, ['x']);
    const broken = [Buffer.alloc(40, 0xff), Buffer.from([0x0a, 0x7f, 0x61])];
    for (const bytes of broken) {
      const { error } = await connection.answer({
        writeStream: stream,
        protoRows: { ...protoRows, rows: { serializedRows: [bytes] } },
      });
      expect(error?.code).toBe(status.INVALID_ARGUMENT);
    }
    const { error } = await connection.answer(texts(stream, ['whole']));
    expect(error ?? null).toBeNull();
    connection.cancel();
    expect(await rows()).toBe(before + 1);
  });

  it.each(['', 'x', 'projects/p', `${table}/streams`, `projects/${PROJECT}/datasets/../tables/t`])(
    'a stream of the name "%s" is refused',
    async (name) => {
      const connection = new Connection(client);
      connection.write(texts(name, ['x']));
      expect([status.INVALID_ARGUMENT, status.NOT_FOUND]).toContain(await connection.ended());
      expect(await one()).toBe('1');
    },
  );

  it('a connection that is dropped while it appends leaves whole appends only', async () => {
    const before = await rows();
    const stream = `${table}/streams/_default`;
    for (let round = 0; round < 5; round++) {
      const connection = new Connection(client);
      for (let n = 0; n < 20; n++) connection.write(texts(stream, Array(10).fill('dropped')));
      connection.cancel();
    }
    const last = new Connection(client);
    await last.answer(texts(stream, ['last']));
    last.cancel();
    const added = (await rows()) - before;
    expect((added - 1) % 10).toBe(0);
  });
});

const script = fileURLToPath(new URL('../../beds/full-disk-process.ts', import.meta.url));

/** A disk of its own, of a few MB; undefined where it can't be had. */
function smallDisk(megabytes: number): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  mkdirSync(join(folder, 'data'));
  const words = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', join(folder, 'data')];
  const { status } = spawnSync('mount', words);
  onTestFinished(() => {
    if (status === 0) spawnSync('umount', [join(folder, 'data')]);
    rmSync(folder, { recursive: true, force: true });
  });
  return status === 0 ? join(folder, 'data') : undefined;
}

describe('a full disk', { timeout: 240_000 }, () => {
  it.each(['pubsub', 'bigquery'])(
    '%s refuses what does not fit, and keeps what it has answered',
    async (name) => {
      const disk = smallDisk(24);
      if (disk === undefined) {
        console.log('skipped: a small disk needs the right to mount one');
        return;
      }
      const child = spawn(process.execPath, [script, name, disk], {
        stdio: ['ignore', 'pipe', 'inherit'],
        // The bed of this process sets it, and Google's client would obey.
        env: { ...process.env, BIGQUERY_EMULATOR_HOST: '' },
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      let out = '';
      child.stdout.on('data', (chunk) => {
        out += String(chunk);
      });
      await once(child, 'close');
      const { answered, refused, found } = JSON.parse(out) as Record<string, number>;
      expect(refused).toBeGreaterThan(0);
      expect(answered).toBeGreaterThan(0);
      expect(found).toBeGreaterThanOrEqual(answered ?? 0);
    },
  );
});
