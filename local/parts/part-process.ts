import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { RelayError } from '../../shared/errors.ts';
import { compileCache } from './compile-cache.ts';
import { modulePath } from './module-path.ts';
import type { PartMessage, PartName } from './part.ts';

export interface PartListeners {
  /** Called for each line that the part prints. */
  onLine: (part: PartName, line: string) => void;
  /** Called if the part exits unexpectedly after it was ready. */
  onExit: (part: PartName, how: string) => void;
}

/** How many lines an error shows if a part exits before it is ready. */
const rememberedLines = 20;

/** One part of the stack in a child process. */
export class PartProcess {
  readonly process: ChildProcess;
  /** Resolves with the part's ports; rejects with a RelayError if the part does not start. */
  readonly ready: Promise<Record<string, number>>;
  #exited: Promise<void>;
  #stopping = false;
  /** Of the part's own. */
  #processes: readonly number[] = [];

  constructor(
    name: PartName,
    config: object,
    environment: NodeJS.ProcessEnv,
    { onLine, onExit }: PartListeners,
  ) {
    this.process = fork(modulePath('./part', import.meta.url), [name], {
      env: { ...process.env, NODE_COMPILE_CACHE: compileCache, ...quiet, ...environment },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    // A part that exits before it reads the options is reported below.
    this.process.send(config, () => {});
    const lastLines: string[] = [];
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lastLines.push(line);
        if (lastLines.length > rememberedLines) lastLines.shift();
        onLine(name, line);
      });
    }
    this.process.once('exit', (_, signal) => {
      if (signal) this.#killOwn();
    });
    let isReady = false;
    this.#exited = new Promise((resolve) => {
      // Not 'exit', because the last output must be read first.
      this.process.once('close', (code, signal) => {
        resolve();
        if (isReady && !this.#stopping) onExit(name, signal ?? `exit code ${code}`);
      });
    });
    this.ready = new Promise((resolve, reject) => {
      this.process.once('message', (message: PartMessage) => {
        if (message.kind === 'ready') {
          isReady = true;
          this.#processes = message.processes;
          resolve(message.ports);
        } else {
          reject(
            new RelayError(
              message.code ?? 'part.failed',
              `${name} did not start: ${message.message}`,
            ),
          );
        }
      });
      void this.#exited.then(() => {
        const said = ['ended before it was ready', ...lastLines].join('\n  ');
        reject(new RelayError('part.ended', `${name} ${said}`));
      });
    });
  }

  /** What the part can use, and does not wait for. */
  tell(message: object): void {
    if (this.process.connected) this.process.send(message, () => {});
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    // The part may be exiting already; then the message cannot be sent.
    if (this.process.connected) this.process.send('stop', () => {});
    const force = setTimeout(() => this.process.kill('SIGKILL'), withinMs);
    await this.#exited;
    clearTimeout(force);
  }

  /** A part that was killed could not do it, and they would keep its port. */
  #killOwn(): void {
    for (const id of this.#processes) {
      try {
        process.kill(id, 'SIGKILL');
      } catch {
        // It has ended with the part.
      }
    }
  }
}

/** No telemetry, no banners, no requests to other machines. */
const quiet = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  WRANGLER_LOG: 'error',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};
