import { createServer } from 'node:net';
import { RelayError } from '../../shared/errors.ts';

/** The port of each server. 0 selects any free port. */
export interface Ports {
  edge: number;
  pubsub: number;
  bigquery: number;
  bigqueryGrpc: number;
  absmartly: number;
  datanostro: number;
  console: number;
}

/** The ports of a running stack. */
export interface RunningPorts extends Ports {
  /** Where the subscriber answers health checks. Always a free one: another one after each restart. */
  subscriber?: number;
}

export const defaultPorts: Ports = {
  edge: 8787,
  pubsub: 8085,
  bigquery: 9050,
  bigqueryGrpc: 9060,
  absmartly: 9070,
  datanostro: 9080,
  console: 8788,
};

/** Any free ports. The stack returns the real ones. */
export const freePorts: Ports = {
  edge: 0,
  pubsub: 0,
  bigquery: 0,
  bigqueryGrpc: 0,
  absmartly: 0,
  datanostro: 0,
  console: 0,
};

/** A title for each port, and the option that changes it. */
export const portNames: Record<keyof Ports, { title: string; option: string }> = {
  edge: { title: 'the edge', option: '--port' },
  pubsub: { title: 'Pub/Sub', option: '--pubsub-port' },
  bigquery: { title: 'BigQuery (REST)', option: '--bigquery-port' },
  bigqueryGrpc: { title: 'BigQuery (gRPC)', option: '--bigquery-grpc-port' },
  absmartly: { title: 'the stand-in for ABsmartly', option: '--absmartly-port' },
  datanostro: { title: 'the stand-in for DataNostro', option: '--datanostro-port' },
  console: { title: 'the console', option: '--console-port' },
};

/**
 * Checks every port before the start, so that a taken port never leaves a half-started stack. The relay runs without
 * the console's.
 *
 * @throws RelayError `port.taken` with all taken ports
 */
export async function requireFree(ports: Partial<Ports>): Promise<void> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(ports) as [keyof Ports, number][]) {
    if (name !== 'console' && port !== 0 && !(await isFree(port))) {
      const { title, option } = portNames[name];
      taken.push(
        `port ${port} for ${title} is taken: stop what listens there, or choose another with ${option}`,
      );
    }
  }
  if (taken.length > 0) throw new RelayError('port.taken', taken.join('\n'));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
