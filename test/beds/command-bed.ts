import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import { onTestFinished } from 'vitest';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { startDatanostro } from '../../local/datanostro/main.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { relay } from '../../tributary.config.ts';
import { type Run, runCommand } from './run-command.ts';

const config = fileURLToPath(new URL('../../tributary.config.ts', import.meta.url));
const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** A BigQuery and a sender where the history commands find them, until the end of the test. */
export interface CommandBed {
  directory: string;
  bigquery: BigQuery;
  /** Of the processes started from now on. */
  environment: NodeJS.ProcessEnv;
  /** The beginnings of the windows that the sender was asked for. */
  asked: number[];
  start(...args: string[]): { process: ChildProcess; ended: Promise<Run> };
  run(...args: string[]): Promise<Run>;
  /** Like `run`, in this process: faster. */
  runInProcess(...args: string[]): Promise<Run>;
  /** Like `run`, in a terminal of 120 columns. `out` has both outputs. */
  runOnTerminal(...args: string[]): Promise<Run>;
  rows(): Promise<{ event_id: string; delivery_id: string }[]>;
  /** Peak memory of the last run, in MiB. */
  peakMiB(): Promise<number>;
}

/** Runs a command in a terminal. */
export const recorder = 'script';

export const table = relay.streams.get('datanostro')?.table ?? '';

export async function startCommandBed(
  history: (from: number, to: number) => Iterable<string>,
): Promise<CommandBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-history-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const server = await startBigQuery({ restPort: 0, grpcPort: 0, directory: `${directory}/bq` });
  onTestFinished(() => server.stop());
  const asked: number[] = [];
  const sender = await startDatanostro({
    port: 0,
    apiKeys: ['the-key'],
    history(from, to) {
      asked.push(from);
      return history(from, to);
    },
  });
  onTestFinished(() => sender.stop());
  const ports = { bigquery: server.restPort, bigqueryGrpc: server.grpcPort };
  await writeFile(join(directory, 'stack.json'), JSON.stringify({ pid: process.pid, ports }));
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    DATANOSTRO_API_URL: `http://127.0.0.1:${sender.port}`,
    DATANOSTRO_API_KEY: 'the-key',
    METADATA_SERVER_DETECTION: 'none',
    TRIBUTARY_CONFIG: config,
  };
  const bigquery = connectBigQuery(relay.project, server.restPort);
  const peakFile = join(directory, 'peak');
  const start = (...args: string[]) => {
    const flags = ['--import', peakReporter(peakFile), main, ...args, '--state', directory];
    const child = spawn(process.execPath, flags, {
      cwd: directory,
      env: environment,
    });
    return { process: child, ended: ended(child) };
  };
  return {
    directory,
    bigquery,
    environment,
    asked,
    start,
    run: (...args) => start(...args).ended,
    runInProcess: (...args) => runCommand([...args, '--state', directory], environment),
    runOnTerminal(...args) {
      const words = [process.execPath, main, ...args, '--state', directory];
      const command = `stty cols 120; ${words.map((word) => `'${word}'`).join(' ')}`;
      const child = spawn(recorder, ['-qefc', command, '/dev/null'], {
        cwd: directory,
        env: environment,
      });
      return ended(child);
    },
    async rows() {
      const [rows] = await bigquery.query(`SELECT event_id, delivery_id FROM ${table}`);
      return rows as { event_id: string; delivery_id: string }[];
    },
    peakMiB: async () => Number(await readFile(peakFile, 'utf8')) / 1024,
  };
}

/** Code that writes the peak memory of its process, in KiB, at the exit. */
function peakReporter(path: string): string {
  const code = `import { writeFileSync } from 'node:fs';
    process.on('exit', () => {
      writeFileSync(${JSON.stringify(path)}, String(process.resourceUsage().maxRSS));
    });`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

async function ended(child: ChildProcess): Promise<Run> {
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, out, err };
}
