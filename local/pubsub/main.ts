// A Pub/Sub server that Google's own client takes for the service. Connections come in at port.ts,
// which tells gRPC from REST; both call the methods of api.ts; these work on the broker, whose
// subscriptions lease and deliver what log.ts has committed to store.ts.

import { mkdir } from 'node:fs/promises';
import { ServerCredentials } from '@grpc/grpc-js';
import type { Faults } from '../faults/faults.ts';
import { type FaultsOption, openFaults } from '../faults/faults-endpoint.ts';
import type { AllowedHosts } from '../guards/request-guard.ts';
import { createApi } from './api.ts';
import { Broker } from './broker.ts';
import { performAtOnce, scriptApi } from './broker-faults.ts';
import { Store } from './storage/store.ts';
import { createGrpcServer } from './transport/grpc-server.ts';
import { createRestServer } from './transport/rest-server.ts';
import { createPortServer, listen } from './transport/shared-port.ts';

export interface PubsubServer {
  readonly port: number;
  /** Ends the streams, writes what waits, closes the file and the port. */
  stop(): Promise<void>;
}

/** How long open calls have to hear that the server stops. */
const GRACE_MS = 300;

/**
 * Serves gRPC and REST on 127.0.0.1, from `pubsub.sqlite` in the directory, which is made if
 * missing. Port 0 takes a free one. Rejects with the system's error when the port is taken
 * (EADDRINUSE), and when another server has the file. With `faults`, what docs/faults.md lists can be
 * scripted, also over HTTP. Who may call: request-guard.ts.
 */
export async function startPubsub(options: {
  port: number;
  directory: string;
  faults?: FaultsOption;
  allowHosts?: AllowedHosts;
}): Promise<PubsubServer> {
  const { directory, allowHosts } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const sockets = createPortServer({
    http2: (socket) => injector.injectConnection(socket),
    http1: (socket) => void rest.emit('connection', socket),
  });
  // The port first: whoever has it also has the file, and a taken port is the clearer error.
  const port = await listen(sockets.server, options.port);
  const faults = openFaults(options.faults);
  const broker = openBroker(directory, faults, () => sockets.server.close());
  const api = faults ? scriptApi(createApi(broker), faults) : createApi(broker);
  const grpc = createGrpcServer(api, broker, allowHosts);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const rest = createRestServer(api, { faults, allowHosts });
  return {
    port,
    async stop() {
      const closed = new Promise((resolve) => sockets.server.close(resolve));
      broker.close();
      injector.drain(GRACE_MS);
      const force = setTimeout(() => sockets.destroyAll(), GRACE_MS);
      await closed;
      clearTimeout(force);
      grpc.forceShutdown();
    },
  };
}

function openBroker(directory: string, faults: Faults | undefined, onFailure: () => void): Broker {
  try {
    const broker = new Broker(new Store(directory), faults);
    faults?.onPerform((fault) => performAtOnce(broker, fault));
    return broker;
  } catch (error) {
    onFailure();
    throw error;
  }
}
