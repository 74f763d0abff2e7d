import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { Faults } from '../../local/faults/faults.ts';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { type PubsubServer, startPubsub } from '../../local/pubsub/main.ts';
import type { Relay } from '../../shared/config/config.ts';
import { ProjectFolder } from './project-folder.ts';
import { select } from './relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

interface CommandRun {
  status: number | null;
  out: string;
  err: string;
}

interface StartedCommand {
  process: ChildProcess;
  ended: Promise<CommandRun>;
}

/** @param args of Node */
export function startCommand(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): StartedCommand {
  const child = spawn(process.execPath, args, { cwd, env });
  const run: CommandRun = { status: null, out: '', err: '' };
  for (const [stream, name] of [
    [child.stdout, 'out'],
    [child.stderr, 'err'],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      run[name] += text;
    });
  }
  const ended = once(child, 'close').then(([status]) => ({ ...run, status: status as number }));
  return { process: child, ended };
}

/** A project with a config that changes, Pub/Sub and BigQuery on this machine, and the commands that operate a relay. */
export class OperatedBed {
  readonly project: ProjectFolder;
  readonly pubsubFaults: Faults;
  readonly bigquery: BigQuery;
  readonly pubsub: PubSub;
  readonly #servers: readonly [BigQueryServer, PubsubServer];
  #subscriber: ChildProcess | undefined;
  #configs = 0;

  constructor(
    project: ProjectFolder,
    servers: readonly [BigQueryServer, PubsubServer],
    faults: Faults,
  ) {
    this.project = project;
    this.pubsubFaults = faults;
    this.#servers = servers;
    const [bigquery, pubsub] = servers;
    this.bigquery = connectBigQuery('test-project', bigquery.restPort);
    this.pubsub = connectPubsub('test-project', pubsub.port);
    const ports = { bigquery: bigquery.restPort, pubsub: pubsub.port };
    project.write('stack.json', JSON.stringify({ pid: process.pid, ports }));
    project.write('package.json', JSON.stringify({ type: 'module' }));
  }

  /** @param streams the text of each stream's config */
  async writeConfig(streams: Readonly<Record<string, string>>): Promise<Relay> {
    const lines = Object.entries(streams).map(([name, text]) => `    ${name}: ${text},\n`);
    const text = `import { datanostro, defineRelay, generic, segmentstream } from 'tributary-relay';
export const relay = defineRelay({ project: 'test-project', streams: {\n${lines.join('')}  } });\n`;
    this.project.write('tributary.config.ts', text);
    // Node reads a module once.
    const copy = `config-${++this.#configs}.ts`;
    this.project.write(copy, text);
    const url = pathToFileURL(join(this.project.path, copy)).href;
    return ((await import(/* @vite-ignore */ url)) as { relay: Relay }).relay;
  }

  get environment(): NodeJS.ProcessEnv {
    const [bigquery, pubsub] = this.#servers;
    return {
      ...process.env,
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsub.port}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigquery.restPort}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigquery.grpcPort}`,
      METADATA_SERVER_DETECTION: 'none',
    };
  }

  /** `tributary serve`, in a process of its own; a test that failed may have left one. */
  serve(): void {
    this.#subscriber?.kill('SIGKILL');
    this.#subscriber = spawn(process.execPath, [main, 'serve'], {
      cwd: this.project.path,
      env: this.environment,
      stdio: 'ignore',
    });
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#subscriber;
    if (!child) return null;
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  start(...args: string[]): StartedCommand {
    const { path: cwd } = this.project;
    return startCommand([main, ...args, '--state', cwd], { cwd, env: this.environment });
  }

  /** The same in a terminal of `script`, where the keys are typed when the text is shown. */
  async inTerminal(args: string[], text: string, keys: string) {
    const command = ['exec', process.execPath, main, ...args, '--state', this.project.path].join(
      ' ',
    );
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: this.project.path,
      env: this.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let shown = '';
    let isTyped = false;
    terminal.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      shown += chunk;
      if (!isTyped && shown.includes(text)) terminal.stdin.write(keys);
      isTyped = shown.includes(text);
    });
    const [code] = (await once(terminal, 'close')) as [number | null];
    return { code, shown };
  }

  async rows<Row>(query: string): Promise<Row[]> {
    return await select<Row>(this.bigquery, query);
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    await this.pubsub.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.project.remove();
  }
}

export async function startOperatedBed(): Promise<OperatedBed> {
  const project = new ProjectFolder();
  const faults = new Faults();
  const servers = await Promise.all([
    startBigQuery({ restPort: 0, grpcPort: 0, directory: join(project.path, 'bigquery') }),
    startPubsub({ port: 0, directory: join(project.path, 'pubsub'), faults }),
  ]);
  return new OperatedBed(project, servers, faults);
}
