// A local Pub/Sub server that works with Google's own client. It speaks gRPC and REST on one port and
// stores messages in SQLite. A connection arrives in transport/shared-port.ts; both protocols call the
// methods of api.ts, and these call broker.ts. storage/ commits messages, delivery/ leases and delivers
// them. To begin, read api.ts, then delivery/subscription.ts.

import { ServerCredentials } from '@grpc/grpc-js';
import { openDataFile } from '../data-folder.ts';
import type { Faults } from '../faults/faults.ts';
import { type FaultsOption, openFaults } from '../faults/faults-endpoint.ts';
import type { AllowedHosts } from '../guards/request-guard.ts';
import { createApi } from './api.ts';
import { Broker } from './broker.ts';
import { applyAtOnce, withFaults } from './broker-faults.ts';
import { Store } from './storage/store.ts';
import { createGrpcServer } from './transport/grpc-server.ts';
import { createRestServer } from './transport/rest-server.ts';
import { createSharedPort, listen } from './transport/shared-port.ts';

export interface PubsubServer {
  readonly port: number;
  /** Ends the streams, flushes the log, and closes the file and the port. */
  stop(): Promise<void>;
}

/** Time for open calls to end when the server stops. */
const GRACE_MS = 300;

/**
 * Serves gRPC and REST on 127.0.0.1 from `pubsub.sqlite` in the directory, which is created if
 * missing. Port 0 selects a free port. Rejects with the system's error if the port is taken
 * (EADDRINUSE), and with a RelayError `state.…` if the directory can't be used. `faults` enables the faults of docs/faults.md,
 * also over HTTP. request-guard.ts decides who may call.
 */
export async function startPubsub(options: {
  port: number;
  directory: string;
  faults?: FaultsOption;
  allowHosts?: AllowedHosts;
}): Promise<PubsubServer> {
  const { directory, allowHosts } = options;
  const sockets = createSharedPort({
    http2: (socket) => injector.injectConnection(socket),
    http1: (socket) => void rest.emit('connection', socket),
  });
  // The port first: a second server fails on both port and file, and a taken port is the clearer error.
  const port = await listen(sockets.server, options.port);
  const faults = openFaults(options.faults);
  const { broker, release } = await openBroker(directory, faults, () => sockets.server.close());
  const api = faults ? withFaults(createApi(broker), faults) : createApi(broker);
  const grpc = createGrpcServer(api, broker, allowHosts);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const rest = createRestServer(api, {
    faults,
    allowHosts,
    certs: () => broker.pushers.tokens.certs(),
  });
  faults?.onPerform(({ name }) => {
    if (name === 'connections.goaway') injector.drain(GRACE_MS);
    if (name === 'connections.cut') sockets.destroyAll();
  });
  return {
    port,
    async stop() {
      const closed = new Promise((resolve) => sockets.server.close(resolve));
      broker.close();
      release();
      injector.drain(GRACE_MS);
      const force = setTimeout(() => sockets.destroyAll(), GRACE_MS);
      await closed;
      clearTimeout(force);
      grpc.forceShutdown();
    },
  };
}

async function openBroker(
  directory: string,
  faults: Faults | undefined,
  onFailure: () => void,
): Promise<{ broker: Broker; release: () => void }> {
  try {
    const { opened, release } = await openDataFile(directory, Store.fileName, () => {
      const store = new Store(directory);
      try {
        return new Broker(store, faults);
      } catch (error) {
        store.close();
        throw error;
      }
    });
    faults?.onPerform((fault) => applyAtOnce(opened, fault));
    return { broker: opened, release };
  } catch (error) {
    onFailure();
    throw error;
  }
}
