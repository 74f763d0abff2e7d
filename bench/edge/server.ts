import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A process of the bench that serves HTTP on 127.0.0.1. */
export interface Server {
  pid: number;
  port: number;
  stop(): Promise<void>;
}

/** Waits for `port`. Throws if the process ends before it listens. */
export async function toServer(
  child: ChildProcess,
  what: string,
  port: Promise<number>,
): Promise<Server> {
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const ended = exited.then(() => {
    throw new Error(`${what} ended before it listened`);
  });
  try {
    return { pid: child.pid ?? 0, port: await Promise.race([port, ended]), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
