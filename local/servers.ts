import { join } from 'node:path';
import type { AllowedHosts } from './guards/request-guard.ts';
import { type PartListeners, PartProcess } from './parts/part-process.ts';
import type { Ports } from './parts/ports.ts';

export type ServerPorts = Pick<Ports, 'pubsub' | 'bigquery' | 'bigqueryGrpc'>;

export interface ServersOptions extends PartListeners {
  ports: ServerPorts;
  /** The folder of messages and tables. A later start continues with them. */
  directory: string;
  /** Additional host names that the servers accept. */
  allowHosts: AllowedHosts;
}

export interface Servers {
  readonly ports: ServerPorts;
  stop(): Promise<void>;
}

const stopWithinMs = 1200;

/** Starts Pub/Sub and BigQuery on 127.0.0.1, each in its own process. If one does not start, the other is stopped. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  const { ports, directory, allowHosts } = options;
  const pubsub = new PartProcess(
    'pubsub',
    { port: ports.pubsub, directory: join(directory, 'pubsub'), allowHosts },
    {},
    options,
  );
  const bigquery = new PartProcess(
    'bigquery',
    {
      restPort: ports.bigquery,
      grpcPort: ports.bigqueryGrpc,
      directory: join(directory, 'bigquery'),
      allowHosts,
    },
    {},
    options,
  );
  const stop = async () => {
    await Promise.all([pubsub.stop(stopWithinMs), bigquery.stop(stopWithinMs)]);
  };
  try {
    const [first, second] = await Promise.all([pubsub.ready, bigquery.ready]);
    return { ports: { ...ports, ...first, ...second }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The variables under which Google's clients, and Tributary's, find servers on this machine. */
export function serverVariables(ports: ServerPorts): Record<string, string> {
  return {
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsub}`,
    BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${ports.bigquery}`,
    BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${ports.bigqueryGrpc}`,
    // Otherwise they look for a cloud's metadata server, and wait for it.
    METADATA_SERVER_DETECTION: 'none',
  };
}
