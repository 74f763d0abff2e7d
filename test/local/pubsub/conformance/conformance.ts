// What Google documents, as tests that any Pub/Sub server can be put to.

import { afterAll, beforeAll, describe, test } from 'vitest';
import { Clients, type Endpoint } from '../../../beds/pubsub-endpoint.ts';
import { administration } from './administration.ts';
import { delivery } from './delivery.ts';
import { publishing } from './publishing.ts';
import { rest } from './rest.ts';
import { streams } from './streams.ts';

/** A documented behaviour: what it is, and a run that throws where a server behaves otherwise. */
export type Behaviours = Record<string, (clients: Clients) => Promise<void>>;

const areas: Record<string, Behaviours> = { administration, publishing, delivery, streams, rest };

/**
 * Puts a server to every behaviour. Those that it is known to lack must fail: once it has them,
 * the list is out of date.
 */
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
    describe(area, () => {
      for (const [behaviour, run] of Object.entries(behaviours)) {
        const check = lacks.includes(behaviour) ? test.fails : test;
        check(behaviour, () => run(clients));
      }
    });
  }
}
