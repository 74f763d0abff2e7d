import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { startPubsub } from '../../local/pubsub/main.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'data-folder-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const servers = [
  {
    name: 'Pub/Sub',
    file: 'pubsub.sqlite',
    start: () => startPubsub({ port: 0, directory }),
    module: '../../local/pubsub/main.ts',
    call: 'startPubsub({ port: 0, directory })',
  },
  {
    name: 'BigQuery',
    file: 'bigquery.duckdb',
    start: () => startBigQuery({ restPort: 0, grpcPort: 0, directory }),
    module: '../../local/bigquery/main.ts',
    call: 'startBigQuery({ restPort: 0, grpcPort: 0, directory })',
  },
];

describe.each(servers)('the data folder of $name', { timeout: 60_000 }, (server) => {
  const { start, file, module, call } = server;

  it('has one server, of this process or another', async () => {
    const first = await start();
    const locked = { code: 'state.locked', message: expect.stringContaining(file) };
    await expect(start()).rejects.toMatchObject(locked);
    const code = `const directory = ${JSON.stringify(directory)};
      const all = await import(${JSON.stringify(new URL(module, import.meta.url).href)});
      await all.${call}.then(() => console.log('started'), (error) => console.log(error.code));
      process.exit();`;
    const other = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
    });
    expect(other.stdout).toBe('state.locked\n');
    await first.stop();
    await (await start()).stop();
  });

  it('is named if its file is damaged, and works again once it is restored', async () => {
    await (await start()).stop();
    const path = join(directory, file);
    const whole = readFileSync(path);
    const damaged = { code: 'state.corrupt', message: expect.stringContaining(path) };
    writeFileSync(path, Buffer.from(whole).fill(0xaa, 0, 512));
    await expect(start()).rejects.toMatchObject(damaged);
    writeFileSync(path, whole);
    truncateSync(path, whole.length >> 1);
    await expect(start()).rejects.toMatchObject(damaged);
    writeFileSync(path, whole);
    await (await start()).stop();
  });

  it('is named if it is a file, or a folder stands in the place of its file', async () => {
    mkdirSync(join(directory, file));
    await expect(start()).rejects.toMatchObject({ code: 'state.unusable' });
    rmSync(directory, { recursive: true });
    writeFileSync(directory, '');
    await expect(start()).rejects.toMatchObject({ code: 'state.unusable' });
  });
});
