import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RelayError } from '../shared/error.ts';

export interface Health {
  readonly port: number;
  stop(): void;
}

/**
 * `/livez` answers 200 while the process can answer at all; `/readyz` 200, or 503 with the reason. An
 * outage of BigQuery changes neither: a restart would not end it.
 *
 * @param port 0 takes a free one
 * @param unready why it is not ready, in one line; undefined when it is
 * @throws RelayError `port.taken`
 */
export async function startHealth(
  port: number,
  unready: () => string | undefined,
): Promise<Health> {
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '').split('?', 1);
    const isKnown = path === '/livez' || path === '/readyz';
    const reason = path === '/readyz' ? unready() : undefined;
    response.writeHead(!isKnown ? 404 : reason ? 503 : 200, { 'content-type': 'text/plain' });
    response.end(!isKnown ? 'not found\n' : reason ? `not ready: ${reason}\n` : 'ok\n');
  });
  try {
    await once(server.listen(port), 'listening');
  } catch (cause) {
    const message = `port ${port} is not free for the health checks`;
    throw new RelayError('port.taken', 'setup', message, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
