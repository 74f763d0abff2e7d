import { afterAll, beforeAll, describe, test } from 'vitest';
import { Clients, type Endpoint } from '../beds/pubsub-clients.ts';
import { pubsubAreas } from './rows/pubsub/areas.ts';

/** These mostly wait for leases and backoffs, and every row has its own topic, so they can overlap. */
const concurrent = new Set(['delivery', 'replay', 'policies']);

/** The rows of the suite `pubsub` as tests. Those in `lacks` must fail, so that the list stays correct. */
export function conformance(start: () => Promise<Endpoint>, lacks: readonly string[] = []): void {
  let endpoint: Endpoint;
  let clients: Clients;
  beforeAll(async () => {
    endpoint = await start();
    clients = new Clients(endpoint.port);
  });
  afterAll(async () => {
    await clients?.close();
    await endpoint?.stop();
  });
  const known = Object.values(pubsubAreas).flatMap(({ rows }) => Object.keys(rows));
  const unknown = lacks.filter((behaviour) => !known.includes(behaviour));
  if (unknown.length > 0) throw new Error(`no such behaviour: ${unknown.join(', ')}`);
  for (const [area, { rows }] of Object.entries(pubsubAreas)) {
    describe(area, { concurrent: concurrent.has(area) }, () => {
      for (const [behaviour, run] of Object.entries(rows)) {
        const check = lacks.includes(behaviour) ? test.fails : test;
        check(behaviour, () => run(clients));
      }
    });
  }
}
