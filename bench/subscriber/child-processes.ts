import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { frugalAllocator, heapFlags, subscriberHeap } from '../../subscriber/service/small-heap.ts';
import type { Appended } from './instant-bigquery.ts';
import type { Measured } from './measured-process.ts';

type Message =
  | { kind: 'ready'; port?: number }
  | { kind: 'rss'; bytes: number }
  | ({ kind: 'measured' } & Measured)
  | ({ kind: 'appended' } & Appended);

/** A part of the bench in its own process. */
class Child {
  readonly process: ChildProcess;

  constructor(
    file: string,
    args: string[] = [],
    environment: NodeJS.ProcessEnv = {},
    nodeOptions: string[] = [],
  ) {
    this.process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      env: { ...process.env, ...environment },
      execArgv: ['--disable-warning=ExperimentalWarning', ...nodeOptions],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    // Each `told` adds an exit listener.
    this.process.setMaxListeners(0);
  }

  told<Kind extends Message['kind']>(kind: Kind): Promise<Extract<Message, { kind: Kind }>> {
    return new Promise((resolve, reject) => {
      const listen = (message: Message) => {
        if (message.kind !== kind) return;
        this.process.off('message', listen);
        resolve(message as Extract<Message, { kind: Kind }>);
      };
      this.process.on('message', listen);
      this.process.once('exit', (code) => reject(new Error(`${kind}: exit code ${code}`)));
    });
  }

  async stop(): Promise<void> {
    const exited = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exited;
  }
}

/** A BigQuery that answers every append at once; after `freeze`, none. */
export class InstantBigQuery extends Child {
  constructor() {
    super('./instant-bigquery.ts');
  }

  async port(): Promise<number> {
    return (await this.told('ready')).port ?? 0;
  }

  freeze(): void {
    this.process.send('freeze');
  }

  /** The appends since the last call. */
  async appended(): Promise<Appended> {
    const appended = this.told('appended');
    this.process.send('take');
    return await appended;
  }
}

export interface Run {
  kind: 'relay' | 'twin' | 'pull';
  /** The name of the topic and the subscription. */
  name: string;
  warmUp: number;
  events: number;
  environment: NodeJS.ProcessEnv;
}

/** The subscriber, or its twin. */
export class MeasuredProcess extends Child {
  constructor({ kind, name, warmUp, events, environment }: Run) {
    const args = [kind, name, String(warmUp), String(events)];
    // The twin gets the same memory limits as subscriber/main.ts.
    const bounded = { ...environment, ...frugalAllocator };
    super('./measured-process.ts', args, bounded, heapFlags(subscriberHeap));
  }

  async ready(): Promise<void> {
    await this.told('ready');
  }

  async measured(): Promise<Measured> {
    return await this.told('measured');
  }

  async rssBytes(): Promise<number> {
    return (await this.told('rss')).bytes;
  }
}
