// A server that is killed, or whose disk is full, loses nothing that it has acknowledged.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectBigQuery } from '../../../../local/google-clients.ts';
import {
  Connection,
  openWriteClient,
  texts,
  type WriteClient,
} from '../../../beds/append-client.ts';

const script = fileURLToPath(new URL('../../../beds/bigquery-process.ts', import.meta.url));
const parent = 'projects/demo/datasets/d/tables/t';
const rowsPerAppend = 20;
const WAIT = { timeout: 20_000 };

let directory: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-killed-'));
});

afterEach(async () => {
  await kill();
  await rm(directory, { recursive: true });
});

async function kill(): Promise<void> {
  if (!child) return;
  const ended = once(child, 'exit');
  if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended;
  child = undefined;
}

interface Server {
  client: WriteClient;
  bigquery: BigQuery;
}

/** @param maxFileKiB stands for a disk that is full: no file of the process grows beyond it */
async function start(maxFileKiB?: number): Promise<Server> {
  const command = `trap '' XFSZ; ulimit -f ${maxFileKiB ?? 'unlimited'}; exec "$0" "$@"`;
  const started = spawn('bash', ['-c', command, process.execPath, script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const [line] = await once(createInterface({ input: started.stdout }), 'line');
  const [restPort, grpcPort] = String(line).split(' ').map(Number);
  return {
    client: openWriteClient(grpcPort ?? 0),
    bigquery: connectBigQuery('demo', restPort ?? 0),
  };
}

async function createTable({ bigquery }: Server): Promise<void> {
  await bigquery.createDataset('d');
  await bigquery.dataset('d').createTable('t', { schema: [{ name: 's', type: 'STRING' }] });
}

async function createStream({ client }: Server, type: 'BUFFERED' | 'PENDING'): Promise<string> {
  return (await client.createWriteStream({ parent, writeStream: { type } }))[0].name ?? '';
}

/** How often each text is in the table. */
async function stored({ bigquery }: Server): Promise<Map<string, number>> {
  const [rows] = await bigquery.query('SELECT s, COUNT(*) AS n FROM d.t GROUP BY s');
  return new Map(rows.map(({ s, n }: { s: string; n: number }) => [s, n]));
}

function textsAt(stream: string, offset: number): string[] {
  const name = stream.split('/').at(-1);
  return Array.from({ length: rowsPerAppend }, (_, n) => `${name}/${offset + n}`);
}

/** Appends and counts the acknowledged rows until the connection ends. */
function appendFor(client: WriteClient, stream: string) {
  const connection = new Connection(client);
  let sent = 0;
  const write = () => {
    connection.write(texts(stream, textsAt(stream, sent), { offset: { value: sent } }));
    sent += rowsPerAppend;
  };
  for (let ahead = 0; ahead < 3; ahead++) write();
  const timer = setInterval(() => {
    if (sent / rowsPerAppend - connection.answers.length < 3) write();
  }, 1);
  return {
    acknowledged: () => connection.answers.filter(({ error }) => !error).length * rowsPerAppend,
    async ended() {
      await connection.ended();
      clearInterval(timer);
    },
  };
}

describe('after SIGKILL', { timeout: 120_000 }, () => {
  test('a BUFFERED and a PENDING stream are whole', async () => {
    const before = await start();
    await createTable(before);
    const streams = [await createStream(before, 'BUFFERED'), await createStream(before, 'PENDING')];
    const [buffered = '', pending = ''] = streams;
    const running = streams.map((stream) => appendFor(before.client, stream));
    let flushed = 0;
    while (running.some((each) => each.acknowledged() < 10 * rowsPerAppend)) {
      const target = (running[0]?.acknowledged() ?? 0) - 1;
      if (target > flushed) {
        const offset = { value: target };
        const [answer] = await before.client.flushRows({ writeStream: buffered, offset });
        flushed = Number(answer.offset) + 1;
      }
      await new Promise(setImmediate);
    }
    await kill();
    await Promise.all(running.map((each) => each.ended()));

    const after = await start();
    const visible = await stored(after);
    for (let n = 0; n < flushed; n++) {
      expect(visible.get(`${buffered.split('/').at(-1)}/${n}`)).toBe(1);
    }
    const counts: number[] = [];
    await after.client.flushRows({ writeStream: buffered });
    for (const [n, name] of streams.entries()) {
      const [{ rowCount }] = await after.client.finalizeWriteStream({ name });
      counts.push(Number(rowCount));
      expect(Number(rowCount)).toBeGreaterThanOrEqual(running[n]?.acknowledged() ?? 0);
      expect(Number(rowCount) % rowsPerAppend).toBe(0);
    }
    const commit = { parent, writeStreams: [pending] };
    const [{ streamErrors }] = await after.client.batchCommitWriteStreams(commit);
    expect(streamErrors).toEqual([]);
    const all = await stored(after);
    expect([...all.values()].filter((times) => times !== 1)).toEqual([]);
    expect(all.size).toBe(counts.reduce((sum, count) => sum + count, 0));
  });
});

test('on a full disk an append is an error, and what was acknowledged is there afterwards', {
  timeout: 120_000,
}, async () => {
  const full = await start(4000);
  await createTable(full);
  const connection = new Connection(full.client);
  const stream = `${parent}/streams/_default`;
  const acknowledged: string[] = [];
  let failure: number | undefined;
  for (let n = 0; n < 60 && failure === undefined; n++) {
    const text = `${n}/`.padEnd(200_000, String.fromCharCode(97 + (n % 26)));
    connection.write(texts(stream, [text]));
    await expect
      .poll(() => connection.answers.length > n || connection.code !== null, WAIT)
      .toBe(true);
    const error = connection.answers[n]?.error;
    failure = error?.code ?? connection.code ?? undefined;
    if (failure === undefined) acknowledged.push(text);
  }
  expect(failure).toBeGreaterThan(status.OK);
  expect(acknowledged.length).toBeGreaterThan(0);
  await kill();
  const after = await start();
  const there = await stored(after);
  expect(acknowledged.filter((text) => !there.has(text))).toEqual([]);
});
