import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import type { BigQuery } from '@google-cloud/bigquery';
import { connectBigQuery } from '../../local/google-clients.ts';
import type { Ports } from '../../local/parts/ports.ts';
import { ProjectFolder } from './project-folder.ts';
import { anyPorts } from './relay-process.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** `tributary start` in a folder of its own, with its console. */
export class ConsoleBed {
  readonly project = new ProjectFolder();
  readonly #process: ChildProcess;
  output = '';

  /** @param streams the text between the braces of `streams: { … }` */
  constructor(streams: string, environment: NodeJS.ProcessEnv = {}) {
    this.project.write('package.json', '{"type":"module"}');
    this.writeConfig(streams);
    this.#process = spawn(process.execPath, [main, 'start', ...anyPorts], {
      cwd: this.project.path,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  static async start(streams: string, environment?: NodeJS.ProcessEnv): Promise<ConsoleBed> {
    const bed = new ConsoleBed(streams, environment);
    await bed.printed('The relay is ready');
    return bed;
  }

  writeConfig(streams: string): void {
    this.project.write(
      'tributary.config.ts',
      `import { absmartly, datanostro, defineRelay, generic, segmentstream, shopify } from 'tributary-relay';
export const relay = defineRelay({ project: 'test-project', streams: {
${streams}
} });
`,
    );
  }

  /** Changes the config as an editor does, and waits until the relay runs with it. */
  async changeConfig(streams: string): Promise<void> {
    const before = this.output.length;
    this.writeConfig(streams);
    await this.printed('Restarted.', before);
  }

  async printed(text: string, from = 0): Promise<void> {
    while (!this.output.includes(text, from)) {
      if (this.#process.exitCode !== null) throw new Error(`it ended: ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  get ports(): Ports {
    const text = this.project.read('.tributary/stack.json');
    return (JSON.parse(text) as { ports: Ports }).ports;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.console}`;
  }

  get edge(): string {
    return `http://127.0.0.1:${this.ports.edge}`;
  }

  get bigquery(): BigQuery {
    return connectBigQuery('test-project', this.ports.bigquery);
  }

  /** The value of a secret. */
  secret(name: string): string {
    const text = readFileSync(join(this.project.path, '.dev.vars'), 'utf8');
    return parseEnv(text)[name] ?? '';
  }

  /** Sends a JSON delivery to a stream whose endpoint ends in its key. */
  async post(stream: string, body: unknown, type = 'application/json'): Promise<Response> {
    const key = this.secret(`${stream.toUpperCase()}_KEY`);
    return await fetch(`${this.edge}/${stream}/${key}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGINT');
      await once(this.#process, 'exit');
    }
    this.project.remove();
  }
}
