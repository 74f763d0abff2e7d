import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { startPubsub } from '../../local/pubsub/main.ts';
import { runCommand } from '../beds/run-command.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const anyPorts = ['--pubsub-port', '0', '--bigquery-port', '0', '--bigquery-grpc-port', '0'];
const within = { timeout: 120_000 };

/** An empty folder: no config, no package.json. */
let folder: string;
const running = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-test-'));
});

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Document {
  ports: { pubsub: number; bigquery: number; bigqueryGrpc: number };
  data: string | null;
  variables: Record<string, string>;
}

/** `tributary local`, ready: its standard output, and how to stop it with Ctrl-C. */
async function startLocal(...args: string[]) {
  const child = spawn(process.execPath, [main, 'local', ...anyPorts, ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, GOOGLE_CLOUD_PROJECT: '' },
  });
  running.add(child);
  let [out, err] = ['', ''];
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
      if (/GOOGLE_CLOUD_PROJECT.*\n/.test(out)) resolve();
    });
    child.stderr.on('data', (chunk) => {
      err += String(chunk);
    });
    void closed.then(() => reject(new Error(`it ended: ${out}${err}`)));
  });
  await ready;
  const stop = async () => {
    child.kill('SIGINT');
    const status = await closed;
    running.delete(child);
    return { status, out, err };
  };
  return { out, stop, kill: () => child.kill('SIGKILL') && closed };
}

async function isGone(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/`);
    return false;
  } catch {
    return true;
  }
}

describe('tributary local', within, () => {
  it('serves both in an empty folder, and goes on with what was kept', async () => {
    const first = await startLocal('--json');
    const { ports, data, variables } = JSON.parse(first.out) as Document;
    expect(data).toBe(join('.tributary', 'local'));
    expect(variables).toMatchObject({
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsub}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${ports.bigquery}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${ports.bigqueryGrpc}`,
      GOOGLE_CLOUD_PROJECT: 'local',
    });
    const pubsub = connectPubsub('local', ports.pubsub);
    await pubsub.createTopic('orders');
    await pubsub.close();
    await connectBigQuery('local', ports.bigquery).createDataset('shop');
    const stopped = await first.stop();
    expect(stopped).toMatchObject({ status: 0, out: first.out });
    for (const port of Object.values(ports)) expect(await isGone(port)).toBe(true);

    const second = await startLocal();
    const lines = second.out.trimEnd().split('\n');
    expect(lines.filter((line) => !/^export [A-Z_]+=[\w.:/-]+$/.test(line))).toEqual([]);
    const restUrl = /BIGQUERY_EMULATOR_HOST=(\S+)/.exec(second.out)?.[1];
    const found = await fetch(`${restUrl}/bigquery/v2/projects/local/datasets/shop`);
    expect(found.status).toBe(200);
    await second.stop();

    const third = await startLocal('--reset', '--json');
    const { ports: now } = JSON.parse(third.out) as Document;
    const url = `http://127.0.0.1:${now.bigquery}/bigquery/v2/projects/local/datasets`;
    expect(await (await fetch(url)).json()).not.toHaveProperty('datasets');
    const topics = await fetch(`http://127.0.0.1:${now.pubsub}/v1/projects/local/topics`);
    expect(await topics.json()).toEqual({});
    await third.stop();
  });

  it('keeps nothing with --memory', async () => {
    const local = await startLocal('--memory', '--json');
    const { data, ports } = JSON.parse(local.out) as Document;
    expect(data).toBeNull();
    expect(readdirSync(folder)).toHaveLength(1);
    expect((await local.stop()).status).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    expect(await isGone(ports.pubsub)).toBe(true);
  });

  it('leaves no server behind when it is killed', async () => {
    const local = await startLocal('--json');
    const { ports } = JSON.parse(local.out) as Document;
    await local.kill();
    for (const port of Object.values(ports)) {
      await expect.poll(() => isGone(port), { timeout: 30_000 }).toBe(true);
    }
  });
});

describe('what stops it from starting', within, () => {
  const local = (...args: string[]) => runCommand(['local', ...anyPorts, ...args]);

  /** What it prints, with the exit code: a message, a code and a remedy, and no stack. */
  async function failure(...args: string[]): Promise<string> {
    const { status, out, err } = await local(...args);
    expect(out).toBe('');
    expect(err).not.toContain('    at ');
    return `${status} ${err}`;
  }

  it('is a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const failed = await failure('--data', folder, '--bigquery-port', String(port));
    server.close();
    expect(failed).toMatch(/^1 .*port\.taken.*/s);
    expect(failed).toContain(`port ${port} for BigQuery (REST) is taken`);
    expect(failed).toContain('--bigquery-port');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([[[]], [['--reset']]])('is another server on the folder, %j', async (flags) => {
    const directory = join(folder, 'pubsub');
    const server = await startPubsub({ port: 0, directory });
    const failed = await failure('--data', folder, ...flags);
    expect(failed).toMatch(/^1 .*state\.locked.*--data/s);
    expect(failed).toContain(join(directory, 'pubsub.sqlite'));
    expect(existsSync(join(directory, 'pubsub.sqlite'))).toBe(true);
    await server.stop();
  });

  it.each([
    ['pubsub', 'pubsub.sqlite'],
    ['bigquery', 'bigquery.duckdb'],
  ])('is a damaged file of %s, unless it may be deleted', async (part, name) => {
    const file = join(folder, part, name);
    mkdirSync(join(folder, part));
    writeFileSync(file, 'not a database, but long enough for one '.repeat(500));
    const failed = await failure('--data', folder);
    expect(failed).toMatch(/^1 .*state\.corrupt.*--reset/s);
    expect(failed).toContain(file);
    const again = await startLocal('--data', folder, '--reset', '--json');
    expect((await again.stop()).status).toBe(0);
  });

  it('is what a newer version has written', async () => {
    writeFileSync(join(folder, 'version.json'), '{"tributary":"99.0.0","layout":99}');
    const failed = await failure('--data', folder);
    expect(failed).toMatch(/^1 .*99\.0\.0.*state\.version/s);
  });

  it('is a folder that is a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    const failed = await failure('--data', join(folder, 'file'));
    expect(failed).toMatch(/^2 .*state\.unusable/s);
  });

  it.each([
    [['--pubsub-port', 'x'], 'a port is a number'],
    [['--memory', '--reset'], 'cannot be used with'],
    [['--memory', '--data', 'x'], 'cannot be used with'],
  ])('is a misuse: %j', async (args, problem) => {
    const { status, err } = await local(...args);
    expect(status).toBe(2);
    expect(err).toContain(problem);
  });
});
