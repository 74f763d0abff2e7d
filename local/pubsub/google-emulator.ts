// Google's own emulator, where it is installed: the second opinion of tests, the yardstick of
// benchmarks. Nothing that serves needs it.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The emulator's own script, or null where there is no Java or no Google Cloud SDK with it. */
export function findOfficialEmulator(): string | null {
  if (spawnSync('java', ['-version']).status !== 0) return null;
  const format = '--format=value(installation.sdk_root)';
  const root = spawnSync('gcloud', ['info', format], { encoding: 'utf8' }).stdout?.trim();
  if (!root) return null;
  const script = join(root, 'platform', 'pubsub-emulator', 'bin', 'cloud-pubsub-emulator');
  return existsSync(script) ? script : null;
}

export interface OfficialEmulator {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts it on a free port of 127.0.0.1, with nothing in it; undefined where it is not installed. */
export async function startOfficialEmulator(): Promise<OfficialEmulator | undefined> {
  const script = findOfficialEmulator();
  if (!script) return undefined;
  const directory = await mkdtemp(join(tmpdir(), 'pubsub-emulator-'));
  const port = await freePort();
  const flags = ['--host=127.0.0.1', `--port=${port}`, `--data-dir=${directory}`];
  // The script runs java as its child: a group of their own, so that both can be ended.
  const emulator = spawn(script, flags, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes('listening on')) resolve();
    };
    emulator.stdout.on('data', read);
    emulator.stderr.on('data', read);
    emulator.once('error', reject);
    emulator.once('exit', () => reject(new Error(`the emulator did not start: ${output}`)));
  });
  const stop = async () => {
    const exited = new Promise((resolve) => emulator.once('exit', resolve));
    if (emulator.pid) process.kill(-emulator.pid, 'SIGKILL');
    await exited;
    await rm(directory, { recursive: true });
  };
  return { port, stop };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
