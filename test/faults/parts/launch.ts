import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { compileCache } from '../../../local/parts/compile-cache.ts';
import type { PartMessage } from '../../../local/parts/part.ts';
import type * as PartProcesses from '../../../local/parts/part-process.ts';

/** A process that was started. */
export interface Launched {
  process: ChildProcess;
  /** Rejects if it ends before it is ready. */
  ready: Promise<Record<string, number>>;
  /** Processes of its own, which may outlive it: workerd. */
  children: readonly number[];
}

export interface LaunchOptions {
  /** The source of the product: this repository, or a copy of it with a planted bug. */
  root: string;
  /** The user's project, with the config. */
  project: string;
  logs: string;
}

/** It has no channel to this process, so it looks whether that is still its parent. */
const endWithParent = `data:text/javascript,${encodeURIComponent(
  `setInterval(() => process.ppid === ${process.pid} || process.exit(1), 1000).unref();`,
)}`;

const noWarnings = '--disable-warning=ExperimentalWarning';

/** A part as `tributary start` runs it. */
export async function launchPart(
  name: 'pubsub' | 'bigquery' | 'edge',
  options: object,
  { root, logs }: LaunchOptions,
): Promise<Launched> {
  const file = pathToFileURL(join(root, 'local/parts/part-process.ts')).href;
  const { PartProcess } = (await import(file)) as typeof PartProcesses;
  const log = createWriteStream(join(logs, `${name}.log`), { flags: 'a' });
  const onLine = (_: string, line: string) => log.write(`${line}\n`);
  const part = new PartProcess(name, options, {}, { onLine, onExit: () => {} });
  part.process.once('close', () => log.end());
  const children: number[] = [];
  part.process.once('message', (message: PartMessage) => {
    if (message.kind === 'ready') children.push(...message.processes);
  });
  return { process: part.process, ready: part.ready, children };
}

/** The subscriber as it is deployed: its own program, with a production environment. */
export function launchSubscriber(
  name: string,
  environment: NodeJS.ProcessEnv,
  { root, project, logs }: LaunchOptions,
): Launched {
  const main = join(root, 'subscriber/main.ts');
  const args = [noWarnings, '--import', endWithParent, main, 'serve'];
  const child = spawn(process.execPath, args, {
    cwd: project,
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ready = new Promise<Record<string, number>>((resolve, reject) => {
    const log = createWriteStream(join(logs, `${name}.log`), { flags: 'a' });
    child.once('close', () => {
      log.end();
      reject(new Error(`${name} ended before it was ready`));
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        log.write(`${line}\n`);
        if (line.includes('the subscriber is ready')) resolve({});
      });
    }
  });
  return { process: child, ready, children: [] };
}

/** A process of the suite itself, which reports when it is ready. */
export function launchOwn(
  file: string,
  options: object,
  { logs }: LaunchOptions,
  onMessage: (message: unknown) => void = () => {},
): Launched {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
    execArgv: [noWarnings],
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = createWriteStream(join(logs, 'own.log'), { flags: 'a' });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once('close', () => log.end());
  child.send(options, () => {});
  const ready = new Promise<Record<string, number>>((resolve, reject) => {
    child.on('message', (message: { kind: string; ports?: Record<string, number> }) => {
      if (message.kind === 'ready') resolve(message.ports ?? {});
      else onMessage(message);
    });
    child.once('close', () => reject(new Error(`${file} ended before it was ready`)));
  });
  return { process: child, ready, children: [] };
}
