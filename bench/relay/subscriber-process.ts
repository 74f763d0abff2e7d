import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startSubscriber } from '../../subscriber/main.ts';
import { frugalAllocator, heapFlags, subscriberHeap } from '../../subscriber/service/small-heap.ts';
import { relay } from '../load/relay-config.ts';

/** One replica of the subscriber, in its own process. */
export interface Replica {
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startReplica(environment: NodeJS.ProcessEnv): Promise<Replica> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, ...environment, ...frugalAllocator },
    // The same memory limits as subscriber/main.ts.
    execArgv: ['--disable-warning=ExperimentalWarning', ...heapFlags(subscriberHeap)],
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the subscriber ended with exit code ${code}`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    async stop() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

if (import.meta.main) {
  const subscriber = await startSubscriber(process.env, () => process.exit(1), {
    relay,
    log: () => {},
  });
  process.once('disconnect', () => void subscriber.stop().finally(() => process.exit()));
  process.send?.('ready');
}
