import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports } from '../local/parts/ports.ts';
import { makePrivateFolder } from '../local/parts/private-files.ts';
import { RelayError } from '../shared/errors.ts';

/** The stack that `tributary start` runs from this folder: how the other commands find it. */
export interface RunningStack {
  pid: number;
  ports: Ports;
}

const fileName = 'stack.json';

/** The stack that runs on `directory`, or undefined. A file that a killed stack left behind does not count. */
export function findRunning(directory: string): RunningStack | undefined {
  let running: RunningStack;
  try {
    running = JSON.parse(readFileSync(join(directory, fileName), 'utf8')) as RunningStack;
  } catch {
    return undefined;
  }
  return isAlive(running.pid) ? running : undefined;
}

/** @throws RelayError `stack.running` when another process runs on the same state */
export function requireNotRunning(directory: string): void {
  const running = findRunning(directory);
  if (!running) return;
  throw new RelayError(
    'stack.running',
    `a relay already runs on ${directory} (process ${running.pid}, edge at port ${running.ports.edge}): stop it first, or give this one a --state of its own`,
  );
}

export function announceRunning(directory: string, running: RunningStack): void {
  makePrivateFolder(directory);
  writeFileSync(join(directory, fileName), `${JSON.stringify(running)}\n`, { mode: 0o600 });
}

export function retractRunning(directory: string): void {
  rmSync(join(directory, fileName), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
