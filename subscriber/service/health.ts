import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RelayError } from '../../shared/errors.ts';
import type { HealthAddress } from '../environment.ts';

/** A table as the health check sees it. */
export interface TableHealth {
  stream: string;
  /** BigQuery keeps refusing its rows. */
  isRefused: boolean;
  rowsWritten: number;
}

export interface Readiness {
  isReady: boolean;
  /** What a person must fix before everything can be written, in one line. */
  problem?: string | undefined;
}

/**
 * A replica is not ready while BigQuery refuses dead letters, or the rows of every table. While one table takes
 * rows it is ready, and reports the others as a problem.
 *
 * @param deadLetters how many BigQuery refuses
 */
export function readinessOf(
  tables: readonly TableHealth[],
  deadLetters: number | 'all',
): Readiness {
  const refused = tables.filter(({ isRefused }) => isRefused);
  const takesRows =
    refused.length === 0 ||
    tables.some(({ isRefused, rowsWritten }) => !isRefused && rowsWritten > 0);
  const problems = [];
  if (deadLetters !== 0) problems.push(`dead letters that BigQuery refuses: ${deadLetters}`);
  if (refused.length > 0) {
    const streams = refused.map(({ stream }) => stream).join(', ');
    problems.push(`streams whose rows BigQuery refuses: ${streams}`);
  }
  return { isReady: deadLetters === 0 && takesRows, problem: problems.join('; ') || undefined };
}

/** A delivery that is pulled and neither written nor nacked. It holds no payload. Times are ISO 8601. */
export interface DeliveryInFlight {
  deliveryId: string;
  stream: string;
  /** By the clock of the edge. */
  receivedAt: string;
  /** When this subscriber pulled it. */
  since: string;
  /** Its message, and its duplicates. */
  messages: number;
  /** Which replay of a dead letter it is. */
  replay?: number;
}

/** What the server tells of the subscriber. */
export interface Answering {
  readiness(): Readiness;
  /** The delivery, if it is in flight. */
  inFlight(deliveryId: string): DeliveryInFlight | undefined;
}

export interface Health {
  readonly port: number;
  stop(): void;
}

/**
 * `/livez` returns 200 while the process can answer at all; `/readyz` returns 200, or 503 with the reason. A
 * problem that leaves the replica ready is in the body of the 200. An outage of BigQuery changes neither: a
 * restart would not end it. `/deliveries/<id>` returns whether this delivery is in flight. Only who knows the whole id
 * can ask, and the answer has no payload.
 *
 * @throws RelayError `port.taken`; `environment.invalid` if this machine has no such address
 */
export async function startHealth(
  { host, port }: HealthAddress,
  answering: Answering,
): Promise<Health> {
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const [, deliveryId] = /^\/deliveries\/([\w-]{1,64})$/.exec(path) ?? [];
    if (deliveryId !== undefined) {
      const delivery = answering.inFlight(deliveryId);
      response.writeHead(delivery ? 200 : 404, { 'content-type': 'application/json' });
      response.end(
        `${JSON.stringify(delivery ?? { deliveryId, problem: 'not in flight here' })}\n`,
      );
      return;
    }
    const [status, text] = answer(path, answering);
    response.writeHead(status, { 'content-type': 'text/plain' });
    response.end(`${text}\n`);
  });
  try {
    await once(server.listen(port, host), 'listening');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') {
      const message = `HEALTH_HOST ${host} is not an address of this machine`;
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

function answer(path: string, { readiness }: Answering): [number, string] {
  if (path === '/livez') return [200, 'ok'];
  if (path !== '/readyz') return [404, 'not found'];
  const { isReady, problem } = readiness();
  if (!isReady) return [503, `not ready: ${problem}`];
  return [200, problem ? `ok, but there are ${problem}` : 'ok'];
}
