import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RelayError } from '../../shared/errors.ts';

export interface LoopbackServer {
  readonly port: number;
  /** Closes every connection. */
  stop(): Promise<void>;
}

/**
 * Listens on 127.0.0.1. Port 0 selects a free port.
 *
 * @throws RelayError `port.taken`
 */
export async function listenOnLoopback(server: Server, port: number): Promise<LoopbackServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      reject(new RelayError('port.taken', `port ${port} is taken`));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
