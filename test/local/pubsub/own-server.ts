import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { type PubsubServer, startPubsub } from '../../../local/pubsub/main.ts';
import { Clients } from '../../beds/pubsub-clients.ts';

export interface OwnServer {
  readonly clients: Clients;
  readonly port: number;
  /** Starts it anew on its data. */
  restart(): Promise<void>;
}

/** A server with clients for each test of the file. */
export function ownServer(): OwnServer {
  let directory: string;
  let server: PubsubServer;
  let clients: Clients;
  const start = async () => {
    server = await startPubsub({ port: 0, directory });
    clients = new Clients(server.port);
  };
  const stop = async () => {
    await clients.close();
    await server.stop();
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pubsub-'));
    await start();
  });
  afterEach(async () => {
    await stop();
    await rm(directory, { recursive: true });
  });
  return {
    get clients() {
      return clients;
    },
    get port() {
      return server.port;
    },
    async restart() {
      await stop();
      await start();
    },
  };
}
