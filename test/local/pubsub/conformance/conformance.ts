// The behaviour that Google documents, as tests for any Pub/Sub server.

import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Behaviours, Clients, type Endpoint } from '../../../beds/pubsub-clients.ts';
import { administration } from './administration.ts';
import { delivery } from './delivery.ts';
import { publishing } from './publishing.ts';
import { rest } from './rest.ts';
import { streams } from './streams.ts';

const areas: Record<string, Behaviours> = { administration, publishing, delivery, streams, rest };

/** Delivery mostly waits for leases and backoffs, and every behaviour has its own topic, so they can overlap. */
const CONCURRENT_AREA = 'delivery';

/** Tests a server for every behaviour. Those in `lacks` must fail, so that the list stays correct. */
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
  const known = Object.values(areas).flatMap(Object.keys);
  const unknown = lacks.filter((behaviour) => !known.includes(behaviour));
  if (unknown.length > 0) throw new Error(`no such behaviour: ${unknown.join(', ')}`);
  for (const [area, behaviours] of Object.entries(areas)) {
    describe(area, { concurrent: area === CONCURRENT_AREA }, () => {
      for (const [behaviour, run] of Object.entries(behaviours)) {
        const check = lacks.includes(behaviour) ? test.fails : test;
        check(behaviour, () => run(clients));
      }
    });
  }
}
