import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { type OpenTables, openTables } from '../../subscriber/bigquery/tables/open-tables.ts';
import { DeadLetterQueue } from '../../subscriber/dead-letters/dead-letter-queue.ts';
import { ReplayResults } from '../../subscriber/dead-letters/replay-results.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import { InFlightLimit } from '../../subscriber/pull/in-flight-limit.ts';

const relay = defineRelay({
  project: 'my-project',
  streams: {
    plain: datanostro({ table: 'shop.plain' }),
    keyed: datanostro({ table: 'shop.keyed', key: ['tenant_id', 'event_id'] }),
  },
});

let directory: string;
let server: BigQueryServer;
let bigquery: BigQuery;
let tables: OpenTables;
let pipeline: Pipeline;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-once-'));
  server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  bigquery = connectBigQuery(relay.project, server.restPort);
  await restart();
});

afterAll(async () => {
  await tables.close(1000);
  await server.stop();
  await rm(directory, { recursive: true });
});

/** A subscriber that remembers nothing of what was written before. */
async function restart(): Promise<void> {
  await tables?.close(1000);
  const inFlight = new InFlightLimit({ messages: 1000, bytes: 1_000_000 });
  const storageEndpoint = `127.0.0.1:${server.grpcPort}`;
  tables = await openTables({ relay, bigquery, storageEndpoint, inFlight, log: () => {} });
  pipeline = new Pipeline({
    relay,
    tables: tables.rows,
    deadLetters: new DeadLetterQueue({ table: tables.deadLetters, inFlight, log: () => {} }),
    inFlight,
    exports: { write: () => Promise.resolve({ kind: 'nacked', reason: 'there are none' }) },
    replays: new ReplayResults(tables.replays),
    log: () => {},
  });
}

interface Sent {
  stream: 'plain' | 'keyed';
  deliveryId: string;
  receivedAt: number;
  event: Record<string, string | null>;
}

async function deliver(...deliveries: Sent[]): Promise<number> {
  let acked = 0;
  await Promise.all(
    deliveries.map(({ stream, deliveryId, receivedAt, event }) =>
      pipeline.handle({
        id: deliveryId,
        attributes: toAttributes({ stream, deliveryId, receivedAt }),
        data: new TextEncoder().encode(JSON.stringify(event)),
        ack: () => acked++,
        nack: () => {},
      }),
    ),
  );
  return acked;
}

async function select<Row>(query: string): Promise<Row[]> {
  const [rows] = await bigquery.query({ query });
  return rows as Row[];
}

const day = Date.parse('2026-11-20T10:00:00Z');
const uuid = (n: number) => `0193a5c7-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

describe('a table without a key', () => {
  it('has a view of its rows, each once, whatever was delivered again', async () => {
    const deliveries = [1, 2, 3].map((n) => ({
      stream: 'plain' as const,
      deliveryId: uuid(n),
      receivedAt: day,
      event: { id: `e${n}` },
    }));
    expect(await deliver(...deliveries)).toBe(3);
    await restart();
    expect(await deliver(...deliveries)).toBe(3);
    expect(await select('SELECT event_id FROM shop.plain')).toHaveLength(6);
    expect(await select('SELECT event_id FROM shop.plain_unique ORDER BY event_id')).toEqual([
      { event_id: 'e1' },
      { event_id: 'e2' },
      { event_id: 'e3' },
    ]);
  });
});

describe('a table with a key', () => {
  const order = (id: string | null, name: string, n: number, receivedAt: number): Sent => ({
    stream: 'keyed',
    deliveryId: uuid(n),
    receivedAt,
    event: { id, tenant_id: 't', event_name: name },
  });
  const states = () =>
    select('SELECT event_id, event_name FROM shop.keyed WHERE tenant_id = "t" ORDER BY event_id');

  it('keeps one row for each, the newest, in whichever order they come', async () => {
    const newest = order('o1', 'shipped', 12, day + 1000);
    const oldest = order('o1', 'received', 11, day);
    expect(await deliver(newest, order('o2', 'received', 13, day))).toBe(2);
    await restart();
    // Delivered again, replayed, sent again by its sender, filled in from an older file.
    expect(await deliver(newest, oldest, order('o1', 'received', 10, day - 5000))).toBe(3);
    expect(await states()).toEqual([
      { event_id: 'o1', event_name: 'shipped' },
      { event_id: 'o2', event_name: 'received' },
    ]);
    expect(await select('SELECT * FROM shop.keyed_unique')).toHaveLength(2);
  });

  it('goes by the delivery’s id within a millisecond, the same way each time', async () => {
    await deliver(order('o3', 'second', 22, day), order('o3', 'first', 21, day));
    await restart();
    await deliver(order('o3', 'first', 21, day));
    expect(await states()).toContainEqual({ event_id: 'o3', event_name: 'second' });
  });

  it('takes no row without its key: that is a dead letter', async () => {
    expect(await deliver(order(null, 'lost?', 31, day))).toBe(1);
    const dead = await select<{ reason: string }>(
      `SELECT \`column\`, reason FROM ${relay.deadLetters} WHERE delivery_id = "${uuid(31)}"`,
    );
    expect(dead).toEqual([
      { column: 'event_id', reason: 'event_id is missing, and it is in the key' },
    ]);
  });
});
