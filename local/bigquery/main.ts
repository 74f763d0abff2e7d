import { type RestServer, startRest } from './rest/server.ts';
import { startStorageWrite } from './storage-write/main.ts';
import { Store } from './store.ts';

export interface BigQueryServer {
  readonly restPort: number;
  readonly grpcPort: number;
  stop(): Promise<void>;
}

/**
 * BigQuery on this machine: the REST API and the Storage Write API over one store in `directory`.
 * Port 0 takes a free one. Throws EADDRINUSE as node does.
 */
export async function startBigQuery(options: {
  restPort: number;
  grpcPort: number;
  directory: string;
}): Promise<BigQueryServer> {
  const store = await Store.open(options.directory);
  let rest: RestServer | undefined;
  try {
    rest = await startRest(store, { port: options.restPort, directory: options.directory });
    const grpc = await startStorageWrite(store, { port: options.grpcPort });
    return {
      restPort: rest.port,
      grpcPort: grpc.port,
      async stop() {
        await grpc.stop();
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
