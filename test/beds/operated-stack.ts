import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { connectBigQuery } from '../../local/google-clients.ts';
import type { PartName } from '../../local/parts/part.ts';
import type { RunningPorts } from '../../local/parts/ports.ts';
import type { Secrets } from '../../local/secrets.ts';
import type { CommandRun } from './operated-bed.ts';
import { ProjectFolder } from './project-folder.ts';
import { anyPorts, select } from './relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** `tributary start` in a project of its own, which is killed and started again, and the commands that operate it. */
export class OperatedStack {
  readonly project = new ProjectFolder();
  readonly #environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  #output = '';

  /** @param environment of the stack */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
    this.project.write('package.json', JSON.stringify({ type: 'module' }));
  }

  /** Undefined while the stack does not run. */
  get ports(): RunningPorts | undefined {
    try {
      const text = this.project.read('.tributary/stack.json');
      return (JSON.parse(text) as { ports: RunningPorts }).ports;
    } catch {
      return undefined;
    }
  }

  get secrets(): Secrets {
    return parseEnv(this.project.read('.dev.vars')) as Secrets;
  }

  async start(): Promise<void> {
    this.#output = '';
    const child = spawn(process.execPath, [main, 'start', ...anyPorts], {
      cwd: this.project.path,
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, as a terminal makes it.
      detached: true,
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    await this.printed('The relay is ready');
  }

  /** Waits until the stack has printed the text since it was started. */
  async printed(text: string): Promise<void> {
    while (!this.#output.includes(text)) {
      if (this.#hasEnded) throw new Error(`it ended: ${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get #hasEnded(): boolean {
    const { exitCode, signalCode } = this.#process ?? {};
    return exitCode !== null || signalCode !== null;
  }

  /** SIGKILL for one part: the stack stops the others, and ends. Returns its exit code, and what it said of it. */
  async killPart(name: PartName): Promise<{ code: number | null; output: string }> {
    const listed = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], {
      encoding: 'utf8',
    });
    const part = listed
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .find(([, parent, ...args]) => Number(parent) === this.#process?.pid && args.at(-1) === name);
    if (!part) throw new Error(`no process of the ${name}`);
    process.kill(Number(part[0]), 'SIGKILL');
    await this.#ended();
    return { code: this.#process?.exitCode ?? null, output: this.#output };
  }

  async killAll(): Promise<void> {
    const { pid } = this.#process ?? {};
    if (pid === undefined || this.#hasEnded) return;
    process.kill(-pid, 'SIGKILL');
    await this.#ended();
  }

  async interrupt(): Promise<number | null> {
    const { pid } = this.#process ?? {};
    if (pid !== undefined && !this.#hasEnded) process.kill(-pid, 'SIGINT');
    await this.#ended();
    return this.#process?.exitCode ?? null;
  }

  async #ended(): Promise<void> {
    if (this.#process && !this.#hasEnded) await once(this.#process, 'exit');
  }

  /** Starts a command. Its clock may be ahead of the one of this machine. */
  command(
    args: readonly string[],
    aheadMs = 0,
  ): { process: ChildProcess; ended: Promise<CommandRun> } {
    const clock = aheadMs > 0 ? ['--import', clockAhead(aheadMs)] : [];
    const child = spawn(process.execPath, [...clock, main, ...args], {
      cwd: this.project.path,
      env: { ...process.env, METADATA_SERVER_DETECTION: 'none' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const run: CommandRun = { status: null, out: '', err: '' };
    for (const name of ['out', 'err'] as const) {
      child[`std${name}`].setEncoding('utf8').on('data', (text: string) => {
        run[name] += text;
      });
    }
    const ended = once(child, 'close').then(([status]) => ({ ...run, status: status as number }));
    return { process: child, ended };
  }

  /** The one document of a command with `--json`. */
  async json<Document>(args: readonly string[], aheadMs = 0): Promise<Document> {
    const { out, err } = await this.command([...args, '--json'], aheadMs).ended;
    if (err !== '') throw new Error(`${args.join(' ')}: ${err}`);
    return JSON.parse(out) as Document;
  }

  async rows<Row>(query: string): Promise<Row[]> {
    const { bigquery } = this.ports ?? {};
    return bigquery === undefined
      ? []
      : await select<Row>(connectBigQuery('test-project', bigquery), query);
  }

  get config(): string {
    return join(this.project.path, 'tributary.config.ts');
  }

  async stop(): Promise<void> {
    await this.killAll();
    this.project.remove();
  }
}

function clockAhead(ms: number): string {
  const code = `const now = Date.now; Date.now = () => now() + ${ms};`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
