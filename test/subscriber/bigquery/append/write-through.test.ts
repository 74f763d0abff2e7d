import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteTable } from '../../../../local/bigquery/tables/duckdb-types.ts';
import type { TableLayout } from '../../../../shared/columns.ts';
import { TableWriter } from '../../../../subscriber/bigquery/append/writer.ts';
import { openWriteClient, type WriteClient } from '../../../../subscriber/bigquery/client.ts';
import { createEncoder } from '../../../../subscriber/bigquery/encode/encode.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../../beds/storage-write-bed.ts';

/** Encoder and writer against the local BigQuery, through the wire. */
let bed: StorageWriteBed;
let client: WriteClient;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  client = await openWriteClient({ projectId: 'demo', endpoint: bed.endpoint });
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

function open(table: string, layout: TableLayout, schema?: TableLayout) {
  const encoder = createEncoder(layout, Date.now);
  const { descriptor } = schema ? createEncoder(schema, Date.now) : encoder;
  const random = () => 0.01;
  const writer = new TableWriter(client, { table, descriptor, setupRetryMs: 50, random });
  const encode = (row: Parameters<typeof encoder.encode>[0]) => {
    const encoded = encoder.encode(row);
    if (!encoded.ok) throw new Error(encoded.reason);
    return encoded.row;
  };
  return { writer, encode };
}

test('each type arrives as it was sent', async () => {
  const ref = await bed.createTable('types', [
    field('s', 'STRING'),
    field('b', 'BYTES'),
    field('i', 'INTEGER'),
    field('f', 'FLOAT'),
    field('n', 'NUMERIC'),
    field('t', 'BOOLEAN'),
    field('ts', 'TIMESTAMP'),
    field('d', 'DATE'),
    field('dt', 'DATETIME'),
    field('tm', 'TIME'),
    field('j', 'JSON'),
    field('größe', 'STRING'),
    field('r', 'RECORD', {
      mode: 'REPEATED',
      fields: [field('x', 'INTEGER', { mode: 'REPEATED' }), field('y', 'STRING')],
    }),
  ]);
  const { writer, encode } = open(tablePath(ref), {
    columns: [
      { name: 's', type: 'STRING' },
      { name: 'b', type: 'BYTES' },
      { name: 'i', type: 'INT64' },
      { name: 'f', type: 'FLOAT64' },
      { name: 'n', type: 'NUMERIC' },
      { name: 't', type: 'BOOL' },
      { name: 'ts', type: 'TIMESTAMP' },
      { name: 'd', type: 'DATE' },
      { name: 'dt', type: 'DATETIME' },
      { name: 'tm', type: 'TIME' },
      { name: 'j', type: 'JSON' },
      { name: 'größe', type: 'STRING' },
      {
        name: 'r',
        type: 'RECORD',
        mode: 'REPEATED',
        columns: [
          { name: 'x', type: 'INT64', mode: 'REPEATED' },
          { name: 'y', type: 'STRING' },
        ],
      },
    ],
  });
  const outcome = await writer.append([
    encode({
      s: 'é🙂\u0000',
      b: Uint8Array.of(0, 255),
      i: 9007199254740993n,
      f: -0.1,
      n: '123456789.123456789',
      t: false,
      ts: '2026-01-02T03:04:05.123456+01:00',
      d: '2026-01-02',
      dt: '2026-01-02T03:04:05.000001',
      tm: '23:59:59.999999',
      j: '{"n":12345678901234567890, "a":[1.0]}',
      größe: 'XL',
      r: [{ x: [1, -2], y: 'z' }, {}],
    }),
    encode({}),
  ]);
  await writer.close();
  expect(outcome).toStrictEqual({ written: [0, 1], invalid: [], retryable: [] });
  const [full, empty] = await bed.query(
    `SELECT s, hex(b), i, f, n::VARCHAR, t, epoch_us(ts), d::VARCHAR, dt::VARCHAR, tm::VARCHAR,
       j::VARCHAR, "größe", to_json(r)::VARCHAR
     FROM ${quoteTable(ref)} ORDER BY i NULLS LAST`,
  );
  expect(full?.map(String)).toStrictEqual([
    'é🙂\u0000',
    '00FF',
    '9007199254740993',
    '-0.1',
    '123456789.123456789',
    'false',
    '1767319445123456',
    '2026-01-02',
    '2026-01-02 03:04:05.000001',
    '23:59:59.999999',
    '{"n":12345678901234567890, "a":[1.0]}',
    'XL',
    '[{"x":[1,-2],"y":"z"},{"x":[],"y":null}]',
  ]);
  expect(empty?.slice(0, 12)).toStrictEqual(Array(12).fill(null));
});

test('rows that the server refuses are named, the others written', async () => {
  const ref = await bed.createTable('picky', [field('c', 'JSON')]);
  // The rows are encoded as STRING, which takes what JSON does not.
  const { writer, encode } = open(
    tablePath(ref),
    { columns: [{ name: 'c', type: 'STRING' }] },
    { columns: [{ name: 'c', type: 'JSON' }] },
  );
  const outcome = await writer.append(['1', '{bad', '2', ''].map((c) => encode({ c })));
  await writer.close();
  expect(outcome.written).toStrictEqual([0, 2]);
  expect(outcome.invalid.map(({ index }) => index)).toStrictEqual([1, 3]);
  expect(await bed.query(`SELECT c::VARCHAR FROM ${quoteTable(ref)}`)).toHaveLength(2);
});

test('a table that comes into being while the writer tries', async () => {
  const layout: TableLayout = { columns: [{ name: 'c', type: 'STRING' }] };
  const table = 'projects/demo/datasets/events/tables/late';
  const encoder = createEncoder(layout, Date.now);
  let failures = 0;
  const writer = new TableWriter(client, {
    table,
    descriptor: encoder.descriptor,
    random: () => 0.1,
    onFailure: () => failures++,
  });
  const encoded = encoder.encode({ c: 'x' });
  if (!encoded.ok) throw new Error(encoded.reason);
  const pending = writer.append([encoded.row]);
  await expect.poll(() => failures).toBeGreaterThan(1);
  await bed.createTable('late', [field('c', 'STRING')]);
  expect((await pending).written).toStrictEqual([0]);
  await writer.close();
});

test('a layout that the table lacks columns for gives the rows back, until it has them', async () => {
  const ref = await bed.createTable('narrow', [field('c', 'STRING')]);
  const { writer, encode } = open(tablePath(ref), {
    columns: [
      { name: 'c', type: 'STRING' },
      { name: 'd', type: 'INT64' },
    ],
  });
  const bytes = encode({ c: 'x', d: 1 });
  expect(await writer.append([bytes])).toMatchObject({
    retryable: [0],
    failure: { reaction: 'setup' },
  });
  const table = bed.store.requireTable(ref);
  const schema = [...table.schema, field('d', 'INTEGER')];
  await bed.store.updateTable({ ...table, schema, schemaVersion: 2 }, [
    `ALTER TABLE ${quoteTable(ref)} ADD COLUMN d BIGINT`,
  ]);
  expect((await writer.append([bytes])).written).toStrictEqual([0]);
  await writer.close();
});

test('parallel appends, larger than one request: each row once', async () => {
  const ref = await bed.createTable('many', [field('n', 'INTEGER'), field('c', 'STRING')]);
  const { writer, encode } = open(tablePath(ref), {
    columns: [
      { name: 'n', type: 'INT64' },
      { name: 'c', type: 'STRING' },
    ],
  });
  const filler = 'x'.repeat(1000);
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, side) =>
      writer.append(
        Array.from({ length: 2500 }, (_, row) => encode({ n: side * 2500 + row, c: filler })),
      ),
    ),
  );
  await writer.close();
  expect(outcomes.map(({ written }) => written.length)).toStrictEqual(Array(10).fill(2500));
  expect(
    await bed.query(`SELECT count(*)::INT, count(DISTINCT n)::INT FROM ${quoteTable(ref)}`),
  ).toStrictEqual([[25_000, 25_000]]);
});
