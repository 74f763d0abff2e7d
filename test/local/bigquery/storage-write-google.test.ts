import { adapt, managedwriter, protos } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteTable } from '../../../local/bigquery/tables/duckdb-types.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../beds/storage-write-bed.ts';

/** Google's own writer, as its documentation uses it. */
let bed: StorageWriteBed;
let client: managedwriter.WriterClient;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  client = new managedwriter.WriterClient({
    projectId: 'demo',
    apiEndpoint: '127.0.0.1',
    port: bed.port,
    sslCreds: credentials.createInsecure(),
  });
});

afterAll(async () => {
  client.close();
  await bed.stop();
});

const SCHEMA = [
  field('id', 'STRING', { mode: 'REQUIRED' }),
  field('count', 'INTEGER'),
  field('ratio', 'FLOAT'),
  field('price', 'NUMERIC'),
  field('good', 'BOOLEAN'),
  field('at', 'TIMESTAMP'),
  field('day', 'DATE'),
  field('civil', 'DATETIME'),
  field('clock', 'TIME'),
  field('blob', 'BYTES'),
  field('doc', 'JSON'),
  field('tags', 'STRING', { mode: 'REPEATED' }),
  field('place', 'RECORD', { fields: [field('city', 'STRING'), field('zip', 'INTEGER')] }),
];

async function openWriter(table: string) {
  const stream = await client.getWriteStream({
    streamId: `${table}/streams/_default`,
    view: protos.google.cloud.bigquery.storage.v1.WriteStreamView.FULL,
  });
  if (!stream.tableSchema) throw new Error('no schema in the full view');
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(stream.tableSchema, 'root');
  const connection = await client.createStreamConnection({
    streamId: managedwriter.DefaultStream,
    destinationTable: table,
  });
  return new managedwriter.JSONWriter({ connection, protoDescriptor });
}

test('JSONWriter writes every type by the schema that GetWriteStream gives', async () => {
  const ref = await bed.createTable('all_types', SCHEMA);
  const writer = await openWriter(tablePath(ref));
  // The package's type for a row knows no Buffer, its encoder does.
  const blob = Buffer.from('bytes') as unknown as string;
  const row = {
    id: 'a',
    count: 42,
    ratio: 0.5,
    price: '12.34',
    good: true,
    at: new Date('2026-01-02T03:04:05.678Z'),
    day: new Date('2026-01-02T00:00:00Z'),
    civil: '2026-01-02 03:04:05.5',
    clock: '03:04:05',
    blob,
    doc: '{"n": 12345678901234567890}',
    tags: ['x', 'y'],
    place: { city: 'Oslo', zip: 150 },
  };
  const result = await writer.appendRows([row, { id: 'b' }]).getResult();
  expect(result.error).toBeFalsy();
  writer.close();
  const rows = await bed.query(
    `SELECT id, count, ratio, price::VARCHAR, good, epoch_us("at"), day::VARCHAR, civil::VARCHAR,
       clock::VARCHAR, blob::VARCHAR, doc::VARCHAR, tags, place.city, place.zip
     FROM ${quoteTable(ref)} ORDER BY id`,
  );
  expect(rows[0]?.map(String)).toStrictEqual([
    'a',
    '42',
    '0.5',
    '12.340000000',
    'true',
    '1767323045678000',
    '2026-01-02',
    '2026-01-02 03:04:05.5',
    '03:04:05',
    'bytes',
    '{"n": 12345678901234567890}',
    'x,y',
    'Oslo',
    '150',
  ]);
  expect(rows[1]?.slice(0, 2)).toStrictEqual(['b', null]);
});

test('many appends in flight are each answered, and all their rows are there', async () => {
  const ref = await bed.createTable('many', [field('n', 'INTEGER')]);
  const writer = await openWriter(tablePath(ref));
  const pending = Array.from({ length: 50 }, (_, batch) =>
    writer.appendRows(Array.from({ length: 20 }, (_, row) => ({ n: batch * 20 + row }))),
  );
  const results = await Promise.all(pending.map((write) => write.getResult()));
  expect(results.filter((result) => result.error)).toStrictEqual([]);
  writer.close();
  expect(await bed.query(`SELECT count(DISTINCT n)::INT FROM ${quoteTable(ref)}`)).toStrictEqual([
    [1000],
  ]);
});

test('a bad row is named, and nothing of its request is written', async () => {
  const ref = await bed.createTable('partly_bad', [field('doc', 'JSON')]);
  const writer = await openWriter(tablePath(ref));
  const result = await writer.appendRows([{ doc: '{}' }, { doc: '{bad' }]).getResult();
  writer.close();
  expect(result.error?.code).toBe(3);
  expect(result.rowErrors?.map((error) => [Number(error.index), error.code])).toStrictEqual([
    [1, 'FIELDS_ERROR'],
  ]);
  expect(await bed.query(`SELECT * FROM ${quoteTable(ref)}`)).toStrictEqual([]);
});

test('a PENDING stream, written and committed as the documentation does it', async () => {
  const ref = await bed.createTable('pending', [field('n', 'INTEGER')]);
  const destinationTable = tablePath(ref);
  const streamType = managedwriter.PendingStream;
  const { name, tableSchema } = await client.createWriteStreamFullResponse({
    streamType,
    destinationTable,
  });
  if (!name || !tableSchema) throw new Error('a stream without a name or a schema');
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(tableSchema, 'root');
  const connection = await client.createStreamConnection({ streamId: name, destinationTable });
  const writer = new managedwriter.JSONWriter({ connection, protoDescriptor });
  const pending = [0, 2].map((n) => writer.appendRows([{ n }, { n: n + 1 }], n));
  const results = await Promise.all(pending.map((write) => write.getResult()));
  expect(results.map(({ appendResult }) => Number(appendResult?.offset?.value))).toEqual([0, 2]);
  expect(await connection.finalize()).toMatchObject({ rowCount: '4' });
  writer.close();
  expect(await bed.query(`SELECT n FROM ${quoteTable(ref)}`)).toEqual([]);
  const committed = await client.batchCommitWriteStream({
    parent: destinationTable,
    writeStreams: [name],
  });
  expect(committed.streamErrors).toEqual([]);
  expect(await bed.query(`SELECT n::INT FROM ${quoteTable(ref)} ORDER BY n`)).toEqual([
    [0],
    [1],
    [2],
    [3],
  ]);
});
