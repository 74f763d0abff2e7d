import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Edge, startEdge } from '../../local/edge.ts';
import { relay } from '../../tributary.config.ts';
import { FaultProxy, type Faults } from '../beds/fault-proxy.ts';
import { writeConfig } from '../beds/overflow-config.ts';
import { Home, RelayProcess, select, until } from '../beds/relay-process.ts';

// The whole relay, and a second edge whose way to Pub/Sub is spoilt. What was accepted is what is in the
// table: no delivery less, none more, none twice.

const firstTry: (fault: ReturnType<Faults>) => Faults = (fault) => (nth) =>
  nth === 1 ? fault : undefined;

describe('faults between the edge and Pub/Sub', { timeout: 60_000 }, () => {
  const home = new Home();
  let relayProcess: RelayProcess;
  let proxy: FaultProxy;
  let edge: Edge;

  beforeAll(async () => {
    relayProcess = await RelayProcess.start(home);
    proxy = new FaultProxy(`http://127.0.0.1:${relayProcess.ports.pubsub}`);
    edge = await startEdge({
      port: 0,
      wranglerConfig: writeConfig(home.path),
      bindings: {
        ...home.secrets,
        PUBSUB_ENDPOINT: await proxy.start(),
        PUBSUB_FALLBACK_ENDPOINT: '',
      },
    });
  }, 60_000);

  afterAll(async () => {
    await edge?.stop();
    await proxy?.stop();
    await relayProcess?.interrupt();
    home.remove();
  });

  /** Sends each body at once; gives the ids of those that were accepted. */
  async function send(bodies: string[]): Promise<string[]> {
    const path = `/crm/${home.secrets['CRM_KEY']}`;
    const ids = bodies.map(async (body) => {
      const url = `http://127.0.0.1:${edge.port}${path}`;
      const response = await fetch(url, { method: 'POST', body });
      await response.arrayBuffer();
      return response.status === 204 ? [response.headers.get('tributary-delivery-id') ?? ''] : [];
    });
    return (await Promise.all(ids)).flat();
  }

  /** The rows of deliveries whose body begins so, as soon as there are so many. */
  function rowsOf(run: string, count: number): Promise<{ hit_id: string; payload: string }[]> {
    const table = `\`${relay.project}.crm.orders\``;
    const query = `SELECT hit_id, payload FROM ${table} WHERE STARTS_WITH(payload, '${run}')`;
    return until(
      () => select(relayProcess.bigquery, query),
      (rows) => rows.length >= count,
    );
  }

  function bodiesOf(run: string, count: number): string[] {
    return Array.from({ length: count }, (_, n) => `${run} ${n}`);
  }

  it.each<[string, Faults, number]>([
    ['503', firstTry({ status: 503 }), 2],
    ['a hang', firstTry('hang'), 2],
    ['a lost ack', firstTry('lose-ack'), 2],
    ['401', firstTry({ status: 401 }), 2],
    ['nothing', () => undefined, 1],
  ])('%s: accepted = rows', async (name, faults, tries) => {
    const bodies = bodiesOf(name, 20);
    proxy.faults = faults;
    const accepted = await send(bodies);
    expect(accepted).toHaveLength(20);
    const rows = await rowsOf(name, 20);
    expect(rows.map((row) => row.hit_id).sort()).toEqual(accepted.sort());
    expect(rows.map((row) => row.payload).sort()).toEqual(bodies.sort());
    for (const id of accepted) expect(proxy.tries.get(id)).toBe(tries);
  });

  it('down: kept in overflow, small and large, and drained when it is up again', async () => {
    // The last one does not fit into a queue: it goes by way of the bucket.
    const bodies = [...bodiesOf('down', 10), `down ${'x'.repeat(300_000)}`];
    proxy.faults = () => ({ status: 503 });
    const accepted = await send(bodies);
    expect(accepted).toHaveLength(11);
    proxy.faults = () => undefined;
    const rows = await rowsOf('down', 11);
    expect(rows.map((row) => row.hit_id).sort()).toEqual(accepted.sort());
    expect(rows.map((row) => row.payload).sort()).toEqual(bodies.sort());
  });
});
