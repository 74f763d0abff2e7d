// Google's own Pub/Sub emulator, if it is installed. Only tests and benchmarks use it, for comparison.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The path of the emulator's script, or null without Java or the Google Cloud SDK's emulator. */
export function findGoogleEmulator(): string | null {
  if (spawnSync('java', ['-version']).status !== 0) return null;
  const format = '--format=value(installation.sdk_root)';
  const root = spawnSync('gcloud', ['info', format], { encoding: 'utf8' }).stdout?.trim();
  if (!root) return null;
  const script = join(root, 'platform', 'pubsub-emulator', 'bin', 'cloud-pubsub-emulator');
  return existsSync(script) ? script : null;
}

export interface GoogleEmulator {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts an empty emulator on a free port of 127.0.0.1; undefined if it is not installed. */
export async function startGoogleEmulator(): Promise<GoogleEmulator | undefined> {
  const script = findGoogleEmulator();
  if (!script) return undefined;
  const directory = await mkdtemp(join(tmpdir(), 'pubsub-emulator-'));
  const port = await freePort();
  const flags = ['--host=127.0.0.1', `--port=${port}`, `--data-dir=${directory}`];
  // The script runs java as a child. In a process group of their own both can be ended.
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
