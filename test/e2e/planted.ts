import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ports } from '../../local/parts/ports.ts';
import { ProjectFolder } from '../beds/project-folder.ts';
import { anyPorts } from '../beds/relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** What must be in no output. Each begins alike, so that a part of it is found as well. */
export const plantedSecrets = {
  BILLING_SECRET: 'zqsecret-signing',
  ORDERS_KEY: 'zqsecret-endpoint',
  AB_KEY: 'zqsecret-exports',
  AB_API_KEY: 'zqsecret-api',
};
export const plantedOtlpHeader = 'zqsecret-otlp';
export const secretMark = /zqsecret/i;
/** In bodies, headers and queries of deliveries. */
export const bodyMark = /zqpayload/i;

const config = `import { absmartly, defineRelay, generic, stripe } from 'tributary-relay';
export const relay = defineRelay({
  project: 'test-project',
  streams: {
    billing: stripe({ table: 'planted.billing' }),
    orders: generic({
      table: 'planted.orders', event: '$.type', id: '$.id', time: '$.at', invalidValues: 'dead-letter',
    }),
    ab: absmartly({ table: 'planted.exports', apiUrl: 'http://127.0.0.1:9' }),
  },
});
`;

/** A local relay in a project of its own, with planted secrets; it remembers all output. */
export class PlantedRelay {
  readonly project = new ProjectFolder();
  readonly outputs = new Map<string, string>();
  readonly #processes: ChildProcess[] = [];

  constructor() {
    this.project.write('tributary.config.ts', config);
    const secrets = Object.entries(plantedSecrets).map(([name, value]) => `${name}='${value}'\n`);
    writeFileSync(join(this.project.path, '.dev.vars'), secrets.join(''), { mode: 0o600 });
  }

  get ports(): Ports {
    return (JSON.parse(this.project.read('.tributary/stack.json')) as { ports: Ports }).ports;
  }

  get edge(): string {
    return `http://127.0.0.1:${this.ports.edge}`;
  }

  /** The environment of a subscriber beside the one of `tributary start`. */
  get google(): NodeJS.ProcessEnv {
    const { pubsub, bigquery, bigqueryGrpc } = this.ports;
    return {
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsub}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigquery}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryGrpc}`,
      METADATA_SERVER_DETECTION: 'none',
      ...plantedSecrets,
    };
  }

  /** Starts a command that stays, until its output has this text. */
  async start(
    name: string,
    args: string[],
    { env = {}, until, terminal = false }: { env?: object; until: string; terminal?: boolean },
  ): Promise<ChildProcess> {
    // Of a person's terminal: Node shows no colours where `CI` is set.
    const { FORCE_COLOR: _, NO_COLOR: _no, CI: _ci, ...environment } = process.env;
    const words = [process.execPath, main, ...args];
    const [command = '', ...rest] = terminal
      ? ['script', '-qefc', `stty cols 80; exec ${words.join(' ')}`, '/dev/null']
      : words;
    const child = spawn(command, rest, {
      cwd: this.project.path,
      env: { ...environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#processes.push(child);
    this.outputs.set(name, '');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.outputs.set(name, (this.outputs.get(name) ?? '') + text);
      });
    }
    while (!this.outputs.get(name)?.includes(until)) {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${this.outputs.get(name)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return child;
  }

  startStack(env: object): Promise<ChildProcess> {
    return this.start('start', ['start', ...anyPorts], { env, until: 'The relay is ready' });
  }

  /** Runs a command to its end, and remembers both outputs. */
  async run(args: string[], input: string): Promise<void> {
    const child = spawn(process.execPath, [main, ...args], { cwd: this.project.path });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.stdin.on('error', () => {}).end(input);
    const [status] = (await once(child, 'close')) as [number | null];
    this.outputs.set(`${args.join(' ')} (${status})`, output);
  }

  async stop(): Promise<void> {
    for (const child of this.#processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  }

  remove(): void {
    this.project.remove();
  }
}
