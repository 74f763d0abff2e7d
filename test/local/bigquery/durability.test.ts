import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Store } from '../../../local/bigquery/storage/store.ts';

const writer = fileURLToPath(new URL('../../beds/durability-process.ts', import.meta.url));

test('after SIGKILL every acknowledged row is there, and appends are complete', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-kill-'));
  const child = spawn(process.execPath, [writer, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  let tail = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const lines = (tail + chunk.toString()).split('\n');
    tail = lines.pop() ?? '';
    acknowledged.push(...lines.map(Number));
    if (acknowledged.length >= 100) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');

  const store = await Store.open(directory);
  const connection = await store.connect();
  const reader = await connection.runAndReadAll(
    'SELECT n // 50 * 50, count(*) FROM "p.d".t GROUP BY 1',
  );
  const found = new Map(reader.getRows().map(([first, rows]) => [Number(first), Number(rows)]));
  connection.closeSync();
  await store.close();
  await rm(directory, { recursive: true });
  expect(acknowledged.filter((first) => found.get(first) !== 50)).toEqual([]);
  expect([...found.values()].filter((rows) => rows !== 50)).toEqual([]);
});
