import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Delivery } from '../edge/deliveries.ts';

/** What a sender sends: the same delivery, so many times a second, whether it is answered or not. */
export interface SendOrder {
  port: number;
  delivery: Delivery;
  perSecond: number;
  seconds: number;
}

/** One answer. Times are in milliseconds, `sentAt` since 1970. The status is 0 if there was no answer. */
export interface Answer {
  sentAt: number;
  ms: number;
  status: number;
}

/** A sender of webhooks in its own process, so that what it costs delays nobody else. */
export class Sender {
  readonly #child: ChildProcess = fork(
    fileURLToPath(new URL('./sender-process.ts', import.meta.url)),
    { serialization: 'advanced', execArgv: ['--disable-warning=ExperimentalWarning'] },
  );

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when every delivery is answered, or was given up after 30 s. */
  async send(order: SendOrder): Promise<Answer[]> {
    this.#child.send(order);
    const [answers] = await once(this.#child, 'message');
    return answers as Answer[];
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
