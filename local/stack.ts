import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Relay } from '../shared/config/config.ts';
import { secretPrefix } from '../shared/config/secrets.ts';
import type { AllowedHosts } from './guards/request-guard.ts';
import type { PartName } from './parts/part.ts';
import { type PartListeners, PartProcess } from './parts/part-process.ts';
import { type Ports, requireFree } from './parts/ports.ts';
import { exportStreams, startSenders } from './samples/sender-apis.ts';
import type { Secrets } from './secrets.ts';
import { claimState } from './state-version.ts';

export interface StackOptions extends PartListeners {
  relay: Relay;
  ports: Ports;
  /** Where the queue and the tables are kept; a later start goes on from there. */
  directory: string;
  secrets: Secrets;
  /** Other names than this machine's that the servers beside the edge may be called by. */
  allowHosts?: AllowedHosts;
}

export interface Stack {
  readonly ports: Ports;
  /** Stops the edge, drains the subscriber, then stops the servers: within 5 s, by force where it must. */
  stop(): Promise<void>;
}

/** How long each part may take to stop; together less than the 5 s that `stop` promises. */
const stopWithinMs = { edge: 1200, subscriber: 2500, servers: 1200 } as const;

/**
 * Starts the whole relay on 127.0.0.1: the Worker in workerd, the subscriber, and the local servers that
 * stand where Google's do. Whatever has started is stopped again if a part does not start.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  await requireFree(options.ports);
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  claimState(options.directory);
  const parts = new Map<PartName, PartProcess>();
  const ports = { ...options.ports };
  const { allowHosts = [] } = options;

  const start = async (name: PartName, config: object, environment: NodeJS.ProcessEnv = {}) => {
    const part = new PartProcess(name, config, environment, options);
    parts.set(name, part);
    Object.assign(ports, await part.ready);
  };
  const senders = await startSenders(options.relay, options.secrets, ports, allowHosts);
  Object.assign(ports, senders.ports);

  const stop = async () => {
    await parts.get('edge')?.stop(stopWithinMs.edge);
    await parts.get('subscriber')?.stop(stopWithinMs.subscriber);
    await Promise.all([
      parts.get('pubsub')?.stop(stopWithinMs.servers),
      parts.get('bigquery')?.stop(stopWithinMs.servers),
      senders.stop(),
    ]);
  };
  try {
    await Promise.all([
      start('pubsub', {
        port: ports.pubsub,
        directory: join(options.directory, 'pubsub'),
        allowHosts,
      }),
      start('bigquery', {
        restPort: ports.bigquery,
        grpcPort: ports.bigqueryGrpc,
        directory: join(options.directory, 'bigquery'),
        allowHosts,
      }),
    ]);
    // The subscriber creates the topic and the tables: the edge opens when a delivery has somewhere to go.
    await start('subscriber', {}, subscriberEnvironment(options, ports));
    await start('edge', {
      port: ports.edge,
      bindings: { ...options.secrets, PUBSUB_ENDPOINT: `http://127.0.0.1:${ports.pubsub}` },
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, stop };
}

/** What a production deployment sets, but for the endpoints. */
function subscriberEnvironment(options: StackOptions, ports: Ports): NodeJS.ProcessEnv {
  const apiUrls = exportStreams(options.relay).map((name) => [
    `${secretPrefix(name)}_API_URL`,
    `http://127.0.0.1:${ports.absmartly}`,
  ]);
  return {
    ...Object.fromEntries(apiUrls),
    ...options.secrets,
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsub}`,
    BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${ports.bigquery}`,
    BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${ports.bigqueryGrpc}`,
    METADATA_SERVER_DETECTION: 'none',
    // Its servers answer at once, or not at all; and Ctrl-C is not to wait for that.
    STOP_WITHIN_SECONDS: '2.2',
  };
}
