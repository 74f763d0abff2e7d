import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RelayError } from '../../shared/errors.ts';
import type { HealthAddress } from '../environment.ts';
import type { Readiness } from './readiness.ts';

export interface Health {
  readonly port: number;
  stop(): void;
}

/**
 * `/livez` answers 200 while the process can answer at all; `/readyz` 200, or 503 with the reason;
 * trouble that does not make it unready is told with the 200. An outage of BigQuery changes neither: a
 * restart would not end it.
 *
 * @throws RelayError `port.taken`, `environment.invalid` where this machine has no such address
 */
export async function startHealth(
  { host, port }: HealthAddress,
  readiness: () => Readiness,
): Promise<Health> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    const [status, text] = answer(path, readiness);
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(`${text}\n`);
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') {
      const message = `HEALTH_HOST ${host} is no address of this machine`;
      throw new RelayError('environment.invalid', message, { cause });
    }
    const message = `port ${port} is not free for the health checks`;
    throw new RelayError('port.taken', message, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(path: string | undefined, readiness: () => Readiness): [number, string] {
  if (path === '/livez') return [200, 'ok'];
  if (path !== '/readyz') return [404, 'not found'];
  const { isReady, trouble } = readiness();
  if (!isReady) return [503, `not ready: ${trouble}`];
  return [200, trouble ? `ok, but there are ${trouble}` : 'ok'];
}
