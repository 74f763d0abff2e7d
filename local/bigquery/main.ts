// A local BigQuery server that works with Google's own clients: rest/ serves the REST API, storage-write/ the
// Storage Write API and storage-read/ the Storage Read API on one port. All use one store (storage/, over DuckDB); tables/ and values/ define what it holds.
// query/ and sql/ run GoogleSQL, jobs/ runs load and query jobs.

import { type FaultsOption, openFaults } from '../faults/faults-endpoint.ts';
import type { AllowedHosts } from '../guards/request-guard.ts';
import { type RestServer, startRest } from './rest/server.ts';
import { Store } from './storage/store.ts';
import { openStorageRead } from './storage-read/main.ts';
import { startStorageWrite } from './storage-write/main.ts';

export interface BigQueryServer {
  readonly restPort: number;
  readonly grpcPort: number;
  stop(): Promise<void>;
}

/**
 * Starts the REST API and the Storage Write API over one store in `directory`. Port 0 selects a free
 * port. Throws EADDRINUSE as Node does. `faults` enables the faults of docs/faults.md, also over HTTP.
 * request-guard.ts decides who may call.
 */
export async function startBigQuery(options: {
  restPort: number;
  grpcPort: number;
  directory: string;
  faults?: FaultsOption;
  allowHosts?: AllowedHosts;
}): Promise<BigQueryServer> {
  const { directory, allowHosts } = options;
  const store = await Store.open(directory);
  const faults = openFaults(options.faults);
  let rest: RestServer | undefined;
  try {
    rest = await startRest(store, { port: options.restPort, directory, faults, allowHosts });
    const read = openStorageRead(store);
    const grpc = await startStorageWrite(store, {
      port: options.grpcPort,
      faults,
      allowHosts,
      addServices: (server) => read.addTo(server),
    });
    return {
      restPort: rest.port,
      grpcPort: grpc.port,
      async stop() {
        await grpc.stop();
        await read.close();
        await rest?.stop();
        await store.close();
      },
    };
  } catch (cause) {
    await rest?.stop();
    await store.close();
    throw cause;
  }
}
