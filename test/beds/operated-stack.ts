import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { connectBigQuery } from '../../local/google-clients.ts';
import type { RunningPorts } from '../../local/parts/ports.ts';
import type { Secrets } from '../../local/secrets.ts';
import { startCommand } from './operated-bed.ts';
import { ProjectFolder } from './project-folder.ts';
import { RelayProcess, select } from './relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** `tributary start` in a project of its own, which is killed and started again, and the commands that operate it. */
export class OperatedStack {
  readonly project = new ProjectFolder();
  readonly #environment: Readonly<Record<string, string>>;
  #process: RelayProcess | undefined;

  /** @param environment of the stack */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
    this.project.write('package.json', JSON.stringify({ type: 'module' }));
  }

  get config(): string {
    return join(this.project.path, 'tributary.config.ts');
  }

  get secrets(): Secrets {
    return parseEnv(this.project.read('.dev.vars')) as Secrets;
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

  /** The one that was started last. */
  get process(): RelayProcess {
    if (!this.#process) throw new Error('it was not started');
    return this.#process;
  }

  async start(): Promise<void> {
    const { path: cwd } = this.project;
    const home = { state: join(cwd, '.tributary'), secretsFile: join(cwd, '.dev.vars') };
    const surroundings = { cwd, env: this.#environment };
    this.#process = new RelayProcess(home, undefined, surroundings);
    await this.#process.printed('The relay is ready');
  }

  /** Starts a command. Its clock may be ahead of the one of this machine. */
  command(args: readonly string[], aheadMs = 0) {
    const clock = aheadMs > 0 ? ['--import', clockAhead(aheadMs)] : [];
    return startCommand([...clock, main, ...args], {
      cwd: this.project.path,
      env: { ...process.env, METADATA_SERVER_DETECTION: 'none' },
    });
  }

  /** The one document of a command with `--json`. */
  async json<Document>(args: readonly string[], aheadMs = 0): Promise<Document> {
    const { out, err } = await this.command([...args, '--json'], aheadMs).ended;
    if (err !== '') throw new Error(`${args.join(' ')}: ${err}`);
    return JSON.parse(out) as Document;
  }

  async rows<Row>(query: string): Promise<Row[]> {
    const { bigquery } = this.ports ?? {};
    if (bigquery === undefined) return [];
    return await select<Row>(connectBigQuery('test-project', bigquery), query);
  }

  async stop(): Promise<void> {
    await this.#process?.killGroup().catch(() => {});
    this.project.remove();
  }
}

function clockAhead(ms: number): string {
  const code = `const now = Date.now; Date.now = () => now() + ${ms};`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
