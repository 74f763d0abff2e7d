import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery, TableMetadata } from '@google-cloud/bigquery';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { generic } from '../../shared/sources/generic.ts';
import { type OpenTables, openTables } from '../../subscriber/bigquery/tables/open-tables.ts';
import { TableLog } from '../../subscriber/log.ts';
import { InFlightLimit } from '../../subscriber/pull/in-flight-limit.ts';
import { writeRow } from '../../subscriber/rows/row-writer.ts';

type Entry = Record<string, unknown>;

const columns = {
  id: { type: 'STRING', from: '$.id' },
  amount: { type: 'NUMERIC', from: '$.amount' },
  received_at: { type: 'TIMESTAMP', from: 'delivery:received_at' },
} as const;

const fields = [
  { name: 'id', type: 'STRING' },
  { name: 'amount', type: 'NUMERIC' },
  { name: 'received_at', type: 'TIMESTAMP' },
];
const timePartitioning = { type: 'DAY', field: 'received_at' };

/** What is there before the subscriber comes, and what its log must name. */
const broken: Record<string, { table: TableMetadata; names: string[] }> = {
  type: {
    table: {
      schema: { fields: fields.map((field) => ({ ...field, type: 'STRING' })) },
      timePartitioning: { type: 'DAY' },
    },
    names: ['amount: STRING in the table, NUMERIC in the config', 'received_at'],
  },
  partitions: {
    table: { schema: { fields }, timePartitioning: { type: 'HOUR', field: 'received_at' } },
    names: ['by HOUR of received_at in the table, by DAY of received_at in the config'],
  },
  key: {
    table: {
      schema: { fields },
      timePartitioning,
      tableConstraints: { primaryKey: { columns: ['amount'] } },
    },
    names: ['primary key amount in the table, id in the config'],
  },
  view: {
    table: { view: { query: "SELECT 'x' AS id", useLegacySql: false } },
    names: ['it is a VIEW'],
  },
};

const relay = defineRelay({
  project: 'my-project',
  streams: Object.fromEntries(
    [...Object.keys(broken), 'sound'].map((name) => [
      name,
      generic({ table: `shop.${name}`, columns, key: ['id'] }),
    ]),
  ),
});

let directory: string;
let server: BigQueryServer;
let bigquery: BigQuery;
let tables: OpenTables;
const entries: Entry[] = [];
const of = (table: string) => entries.filter((entry) => entry['table'] === `shop.${table}`);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-broken-'));
  server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  bigquery = connectBigQuery(relay.project, server.restPort);
  await bigquery.createDataset('shop');
  for (const [name, { table }] of Object.entries(broken)) {
    await bigquery.dataset('shop').createTable(name, table);
  }
  tables = await openTables({
    relay,
    bigquery,
    storageEndpoint: `127.0.0.1:${server.grpcPort}`,
    inFlight: new InFlightLimit({ messages: 1000, bytes: 1_000_000 }),
    log: (entry) => entries.push(entry),
  });
});

afterAll(async () => {
  await tables.close(1000);
  await server.stop();
  await rm(directory, { recursive: true });
});

function write(stream: string, id: string) {
  const row = { id, amount: '1.5', received_at: new Date() };
  const table = tables.rows.get(stream);
  if (!table) throw new Error('no such stream');
  return writeRow(table, row, { sequence: '0' });
}

async function idsOf(table: string): Promise<string[]> {
  const [rows] = await bigquery.query(`SELECT id FROM shop.${table} ORDER BY id`);
  return rows.map(({ id }: { id: string }) => id);
}

it('tables that take no rows delay no other; each is logged once, and written when it is repaired', async () => {
  const waiting = Object.keys(broken).map((name) => ({ name, written: write(name, 'first') }));
  expect(await write('sound', 'a')).toMatchObject({ kind: 'written' });
  for (const [name, { names }] of Object.entries(broken)) {
    const [told, ...more] = of(name);
    expect(told).toMatchObject({ severity: 'ERROR', code: 'table.incompatible' });
    for (const word of [...names, 'Change the config']) expect(told?.['message']).toContain(word);
    expect(more).toEqual([]);
    expect(tables.rows.get(name)?.queue.isRefused).toBe(true);
  }
  // Nothing is sent meanwhile: with another key, a row would replace another.
  expect(await idsOf('key')).toEqual([]);
  expect(await idsOf('partitions')).toEqual([]);

  // Another reason is logged as well.
  await bigquery.dataset('shop').table('type').delete();
  await bigquery.dataset('shop').createTable('type', {
    schema: { fields: fields.map((field) => ({ ...field, mode: 'REPEATED' })) },
    timePartitioning: { type: 'DAY' },
  });
  await expect.poll(() => of('type').length, { timeout: 30_000 }).toBe(2);
  expect(of('type')[1]?.['message']).toContain('amount: REPEATED in the table');

  for (const name of Object.keys(broken)) await bigquery.dataset('shop').table(name).delete();
  for (const { name, written } of waiting) {
    expect(await written).toMatchObject({ kind: 'written' });
    expect(await idsOf(name)).toEqual(['first']);
    expect(of(name).at(-1)).toMatchObject({ severity: 'INFO', message: 'the table is open' });
    expect(tables.rows.get(name)?.queue.isRefused).toBe(false);
  }
  expect(of('key')).toHaveLength(2);
  expect(of('sound')).toEqual([]);
}, 120_000);

it('a problem is logged once, until it changes or rows are written', () => {
  let rows = 0;
  const logged: Entry[] = [];
  const tableLog = new TableLog(
    (entry) => logged.push(entry),
    () => rows,
  );
  const entry = (message: string) => ({ severity: 'ERROR' as const, message });
  tableLog.report('a', entry('x'));
  tableLog.report('a', entry('x'));
  tableLog.report('b', entry('x'));
  tableLog.report('a', entry('y'));
  tableLog.report('a', entry('y'));
  expect(logged.map(({ message }) => message)).toEqual(['x', 'x', 'y']);
  rows = 7;
  tableLog.report('a', entry('y'));
  tableLog.resolve('b', entry('over'));
  tableLog.resolve('a', entry('over'));
  tableLog.resolve('a', entry('over'));
  expect(logged.map(({ message }) => message)).toEqual(['x', 'x', 'y', 'y', 'over']);
});
