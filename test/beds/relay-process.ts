import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { BigQuery } from '@google-cloud/bigquery';
import { connectBigQuery } from '../../local/google-clients.ts';
import { type Ports, portNames } from '../../local/parts/ports.ts';
import type { Secrets } from '../../local/secrets.ts';
import { relay } from '../../tributary.config.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

type RelayHome = Pick<Home, 'state' | 'secretsFile'>;

/** By default those of the tests. */
interface Surroundings {
  cwd?: string;
  env?: Readonly<Record<string, string>>;
}

/** A folder for one relay's state and secrets. */
export class Home {
  readonly path = mkdtempSync(join(tmpdir(), 'tributary-test-'));
  readonly state = join(this.path, 'state');
  readonly secretsFile = join(this.path, '.dev.vars');

  get secrets(): Secrets {
    return parseEnv(readFileSync(this.secretsFile, 'utf8')) as Secrets;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const anyPorts = Object.values(portNames).flatMap(({ option }) => [option, '0']);

/** `tributary start`, as a terminal runs it: a process group of its own. */
export class RelayProcess {
  readonly process: ChildProcess;
  readonly #home: RelayHome;
  output = '';

  constructor(home: RelayHome, args: string[] = anyPorts, { cwd, env }: Surroundings = {}) {
    this.#home = home;
    const flags = ['start', '--state', home.state, '--secrets', home.secretsFile, ...args];
    this.process = spawn(process.execPath, [main, ...flags], {
      detached: true,
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  static async start(
    home: RelayHome,
    args?: string[],
    surroundings?: Surroundings,
  ): Promise<RelayProcess> {
    const relayProcess = new RelayProcess(home, args, surroundings);
    await relayProcess.printed('The relay is ready');
    return relayProcess;
  }

  /** Waits until the text was printed; fails when the process ends first. */
  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.process.exitCode !== null) throw new Error(`it ended: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get ports(): Ports {
    const text = readFileSync(join(this.#home.state, 'stack.json'), 'utf8');
    return (JSON.parse(text) as { ports: Ports }).ports;
  }

  get edge(): string {
    return `http://127.0.0.1:${this.ports.edge}`;
  }

  get bigquery(): BigQuery {
    return connectBigQuery(relay.project, this.ports.bigquery);
  }

  /** The `curl` that was printed for a stream, ready for a shell. */
  curlOf(stream: string): string {
    const printed = this.output.slice(this.output.indexOf(`\n${stream} → `));
    const [curl] = /curl -i [\s\S]*?(?=\n\n|$)/.exec(printed) ?? [];
    if (!curl) throw new Error(`no curl was printed for ${stream}`);
    return curl;
  }

  /** Ctrl-C: the terminal signals every process of the group. Returns the exit code. */
  async interrupt(): Promise<number | null> {
    this.#signalGroup('SIGINT');
    return await this.exited();
  }

  async killGroup(): Promise<void> {
    this.#signalGroup('SIGKILL');
    await this.exited();
  }

  async exited(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await once(this.process, 'exit');
    }
    return this.process.exitCode;
  }

  /** Is any process of the group still running? One that has ended but waits to be reaped is not. */
  get leavesProcesses(): boolean {
    const { stdout } = spawnSync('ps', ['-A', '-o', 'pgid=,stat='], { encoding: 'utf8' });
    return (stdout ?? '').split('\n').some((line) => {
      const [group, state] = line.trim().split(/\s+/);
      return Number(group) === this.process.pid && !state?.startsWith('Z');
    });
  }

  /** The id of the group's process with this in its command line. */
  find(command: string): number {
    const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pgid=,pid=,args='], {
      encoding: 'utf8',
    });
    const lines = (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/));
    const found = lines.find(
      ([group, , ...args]) =>
        Number(group) === this.process.pid && args.join(' ').includes(command),
    );
    if (!found) throw new Error(`no process "${command}"`);
    return Number(found[1]);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.process.pid) process.kill(-this.process.pid, signal);
  }
}

/** Asks again and again until the rows satisfy; fails by the test's own time limit. */
export async function until<Row>(
  read: () => Promise<Row[]>,
  isEnough: (rows: Row[]) => boolean,
): Promise<Row[]> {
  for (;;) {
    const rows = await read();
    if (isEnough(rows)) return rows;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The rows of `SELECT …`; none where the table is not there yet. */
export async function select<Row>(bigquery: BigQuery, query: string): Promise<Row[]> {
  try {
    const [rows] = await bigquery.query({ query });
    return rows as Row[];
  } catch (error) {
    if ((error as { code?: unknown }).code === 404) return [];
    throw error;
  }
}
