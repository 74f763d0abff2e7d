import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from '../../faults/faults.ts';
import { answerFaults } from '../../faults/faults-endpoint.ts';
import { type AllowedHosts, guardRequests } from '../../guards/request-guard.ts';
import { JobStore } from '../jobs/job-store.ts';
import { Jobs } from '../jobs/jobs.ts';
import { dropResultTables } from '../jobs/result-tables.ts';
import type { Store } from '../storage/store.ts';
import { routeDatasets } from './datasets.ts';
import { handleWithFaults } from './http/rest-faults.ts';
import { Router } from './http/router.ts';
import { routeJobs } from './jobs.ts';
import { routeProjects } from './projects.ts';
import { routeQueries } from './queries.ts';
import { routeRoutines } from './routines.ts';
import { routeTableData } from './table-data.ts';
import { routeTables } from './tables.ts';
import { Uploads } from './uploads/uploads.ts';

/** Connections that wait to be accepted: of a thousand at once none is to be refused. */
const BACKLOG = 4096;

export interface RestServer {
  readonly port: number;
  /** Waits for running jobs. */
  stop(): Promise<void>;
}

/** How long a stop waits for requests whose clients are gone. */
const stopWithinMs = 2000;

/** Serves BigQuery's REST API v2 on 127.0.0.1. Uploads are stored in `directory`. Throws EADDRINUSE as Node does. */
export async function startRest(
  store: Store,
  options: {
    port: number;
    directory: string;
    faults?: Faults | undefined;
    allowHosts?: AllowedHosts | undefined;
  },
): Promise<RestServer> {
  const jobStore = await JobStore.open(store);
  const jobs = new Jobs(store, jobStore, {
    storage: join(options.directory, 'storage'),
    scratch: join(options.directory, 'scratch'),
  });
  await dropResultTables(store);
  const uploads = await Uploads.open(jobs, join(options.directory, 'uploads'));
  const router = new Router();
  routeProjects(router, store);
  routeDatasets(router, store);
  routeTables(router, store);
  routeTableData(router, store);
  routeRoutines(router, store);
  routeJobs(router, store, jobs, jobStore);
  routeQueries(router, store, jobs, jobStore);
  uploads.route(router);
  const { faults, allowHosts } = options;
  const handle = faults
    ? async (message: IncomingMessage, response: ServerResponse) => {
        if (await answerFaults(faults, message, response)) return;
        await handleWithFaults(faults, router, message, response);
      }
    : (message: IncomingMessage, response: ServerResponse) => router.handle(message, response);
  const handling = new Set<Promise<void>>();
  const listener = (message: IncomingMessage, response: ServerResponse) => {
    const handled = handle(message, response).finally(() => handling.delete(handled));
    handling.add(handled);
  };
  const server = createServer(guardRequests(listener, allowHosts));
  // By default 5 s: a client that reuses a connection in that moment gets ECONNRESET, and may not try a POST again.
  server.keepAliveTimeout = 300_000;
  server.listen(options.port, '127.0.0.1', BACKLOG);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      await closeServer(server);
      // What they still do needs the store. One that a fault lets hang is not waited for.
      const late = sleep(stopWithinMs, undefined, { ref: false });
      await Promise.race([Promise.allSettled(handling), late]);
      await jobStore.idle();
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
