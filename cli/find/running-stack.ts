import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { RunningPorts } from '../../local/parts/ports.ts';
import { makePrivateFolder } from '../../local/parts/private-files.ts';
import { RelayError } from '../../shared/errors.ts';

/** The stack that `tributary start` runs, as it announces itself to the other commands. */
export interface RunningStack {
  pid: number;
  ports: RunningPorts;
}

const fileName = 'stack.json';

export const defaultState = '.tributary';

export function addStateOption(command: Command): Command {
  return command.option('--state <folder>', 'state folder of the local stack', defaultState);
}

/** The stack that is running on `directory`; undefined if there is none, or if it was killed. */
export function findRunning(directory: string): RunningStack | undefined {
  let running: RunningStack;
  try {
    running = JSON.parse(readFileSync(join(directory, fileName), 'utf8')) as RunningStack;
  } catch {
    return undefined;
  }
  return isAlive(running.pid) ? running : undefined;
}

/** @throws RelayError `stack.running` if another process uses the same state */
export function requireNotRunning(directory: string): void {
  const running = findRunning(directory);
  if (!running) return;
  throw new RelayError(
    'stack.running',
    `a relay is already running on ${directory} (process ${running.pid}, edge at port ${running.ports.edge})`,
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
