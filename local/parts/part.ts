/**
 * One part of the local stack in its own process: `part.ts <name>`, forked by part-process.ts. The parent
 * sends the options as a message, because `ps` would show arguments with secrets to all users. The part
 * reports when it is ready. It stops on request, and when the parent is gone, so that no process is left
 * with a port or a lock.
 */
import type { Writable } from 'node:stream';
import { type ErrorCode, RelayError } from '../../shared/errors.ts';
import { followProcesses } from './own-processes.ts';

/** The one message to the parent. */
export type PartMessage =
  | { kind: 'ready'; ports: Record<string, number>; processes: readonly number[] }
  | { kind: 'failed'; code?: ErrorCode; message: string };

export interface RunningPart {
  ports: Record<string, number>;
  /** Ids of processes that would outlive a part that is killed. */
  processes?: readonly number[];
  stop(): Promise<void>;
}

export type PartName = 'pubsub' | 'bigquery' | 'edge' | 'subscriber';

const parts: Record<PartName, (options: never) => Promise<RunningPart>> = {
  async pubsub(options) {
    const { startPubsub } = await import('../pubsub/main.ts');
    const server = await startPubsub(options);
    return { ports: { pubsub: server.port }, stop: () => server.stop() };
  },
  async bigquery(options) {
    const { startBigQuery } = await import('../bigquery/main.ts');
    const server = await startBigQuery(options);
    return {
      ports: { bigquery: server.restPort, bigqueryGrpc: server.grpcPort },
      stop: () => server.stop(),
    };
  },
  async edge(options) {
    const started = followProcesses();
    const { startEdge } = await import('../edge.ts');
    const edge = await startEdge(options);
    const workerd = started.filter(({ spawnfile }) => spawnfile.includes('workerd'));
    const stopping = new AbortController();
    for (const one of workerd) {
      // Nobody answers at the port any more.
      one.once('exit', () => stopping.signal.aborted || process.exit(1));
    }
    return {
      ports: { edge: edge.port },
      processes: workerd.flatMap(({ pid }) => pid ?? []),
      stop() {
        stopping.abort();
        return edge.stop();
      },
    };
  },
  async subscriber({ config }: { config: string }) {
    const { loadRelay } = await import('../../subscriber/service/load-relay.ts');
    const { startSubscriber } = await import('../../subscriber/main.ts');
    const { LocalSamples } = await import('./local-samples.ts');
    const relay = await loadRelay(config);
    const { startHealth } = await import('../../subscriber/service/health.ts');
    const samples = new LocalSamples(relay, process.env);
    process.on('message', (message) => samples.hear(message));
    const settings = { relay, samples, logsCounts: true };
    const subscriber = await startSubscriber(process.env, () => process.exit(1), settings);
    // While the config changes, two subscribers run for a moment: each has a port of its own.
    const health = await startHealth(
      { host: '127.0.0.1', port: 0 },
      {
        readiness: () => subscriber.readiness,
        inFlight: (deliveryId) => subscriber.find(deliveryId),
      },
    );
    const stop = async () => {
      health.stop();
      await subscriber.stop();
    };
    // The subscriber that stops may still have the port: the console follows when it is free.
    const { consolePort: page } = subscriber;
    return {
      ports: { subscriber: health.port, ...(page !== undefined && { console: page }) },
      stop,
    };
  },
};

async function run(name: PartName): Promise<void> {
  let isStopping = false;
  // All files (messages, tables, workerd's temporary folder) are only for their owner.
  process.umask(0o077);
  // Ctrl-C reaches every process of the terminal, but the parent decides the order in which the parts stop.
  process.on('SIGINT', () => {});
  const starting = receiveOptions().then((options) => parts[name](options as never));
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    starting
      .then((part) => part.stop())
      .then(() => Promise.all([flushed(process.stdout), flushed(process.stderr)]))
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.on('disconnect', stop);
  process.on('SIGTERM', stop);
  process.on('message', (message) => {
    if (message === 'stop') stop();
  });
  try {
    const { ports, processes = [] } = await starting;
    sendToParent({ kind: 'ready', ports, processes });
  } catch (error) {
    sendToParent(failureOf(error));
    process.exitCode = 1;
    process.disconnect?.();
  }
}

function failureOf(error: unknown): PartMessage {
  if (error instanceof RelayError) {
    return { kind: 'failed', code: error.code, message: error.message };
  }
  const { code, message, stack } = error as NodeJS.ErrnoException;
  // The errors of a bundle say where they are in the user's own files; our stack would not.
  const isKnown = Boolean(code) || 'errors' in (error as Error);
  return { kind: 'failed', message: isKnown ? message : (stack ?? message) };
}

/** Resolves with the parent's first message. */
function receiveOptions(): Promise<unknown> {
  return new Promise((resolve) => process.once('message', resolve));
}

function sendToParent(message: PartMessage): void {
  process.send?.(message);
}

function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

await run(process.argv[2] as PartName);
