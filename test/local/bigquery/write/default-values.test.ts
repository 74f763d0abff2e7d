// Columns with a default, and rows without a value for them.
// https://cloud.google.com/bigquery/docs/default-values

import { adapt, managedwriter, type protos } from '@google-cloud/bigquery-storage';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  Connection,
  openWriteClient,
  texts,
  type WriteClient,
} from '../../../beds/append-client.ts';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  startBigQueryBed,
} from '../../../beds/bigquery-bed.ts';

type WriterOptions = ConstructorParameters<typeof managedwriter.JSONWriter>[0];
type Request = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;

let bed: BigQueryBed;
let client: WriteClient;
let writerClient: managedwriter.WriterClient;
let tables = 0;
let table = '';

beforeAll(async () => {
  bed = await startBigQueryBed();
  await queryRows(bed, 'CREATE SCHEMA d');
  client = openWriteClient(bed.grpcPort);
  writerClient = new managedwriter.WriterClient({
    projectId: PROJECT,
    apiEndpoint: '127.0.0.1',
    port: bed.grpcPort,
    sslCreds: credentials.createInsecure(),
  });
});

afterAll(async () => {
  writerClient.close();
  await client.close();
  await bed.stop();
});

beforeEach(async () => {
  table = `d.t${++tables}`;
  await queryRows(
    bed,
    `CREATE TABLE ${table} (
       s STRING, n INT64 DEFAULT 7, id STRING NOT NULL DEFAULT GENERATE_UUID(),
       at TIMESTAMP DEFAULT CURRENT_TIMESTAMP(), price NUMERIC DEFAULT 1.50,
       tags ARRAY<STRING> DEFAULT ['x', 'y'], pair STRUCT<a INT64, b STRING> DEFAULT (1, 'one'))`,
  );
});

const path = () => `projects/${PROJECT}/datasets/d/tables/${table.slice(2)}`;

/** A writer whose schema has all columns of the table. */
async function openWriter(more: Partial<WriterOptions>) {
  const { tableSchema } = await writerClient.getWriteStream({
    streamId: `${path()}/streams/_default`,
    view: 'FULL' as never,
  });
  const connection = await writerClient.createStreamConnection({
    streamId: managedwriter.DefaultStream,
    destinationTable: path(),
  });
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(tableSchema ?? {}, 'root');
  return new managedwriter.JSONWriter({ connection, protoDescriptor, ...more });
}

test('columns that the writer schema lacks get their defaults, in each row', async () => {
  const connection = new Connection(client);
  const { error } = await connection.answer(texts(`${path()}/streams/_default`, ['a', 'b']));
  await connection.close();
  expect(error).toBeFalsy();
  const rows = await queryRows(
    bed,
    `SELECT s, n, price, ARRAY_TO_STRING(tags, ','), pair.a, pair.b, at IS NOT NULL, LENGTH(id)
     FROM ${table} ORDER BY s`,
  );
  const rest = ['7', '1.5', 'x,y', '1', 'one', 'true', '36'];
  expect(rows).toEqual([
    ['a', ...rest],
    ['b', ...rest],
  ]);
  expect(await queryRows(bed, `SELECT COUNT(DISTINCT id) FROM ${table}`)).toEqual([['2']]);
});

test('a column of the writer schema is NULL, unless the request asks for its default', async () => {
  const writer = await openWriter({ missingValueInterpretations: { id: 'DEFAULT_VALUE' } });
  expect((await writer.appendRows([{ s: 'null' }]).getResult()).error).toBeFalsy();
  writer.setDefaultMissingValueInterpretation('DEFAULT_VALUE');
  writer.setMissingValueInterpretations({ n: 'NULL_VALUE' });
  expect((await writer.appendRows([{ s: 'default' }]).getResult()).error).toBeFalsy();
  // It holds until a request sets another one.
  writer.setDefaultMissingValueInterpretation(undefined as never);
  writer.setMissingValueInterpretations({});
  expect((await writer.appendRows([{ s: 'still', n: 1 }]).getResult()).error).toBeFalsy();
  writer.close();
  expect(await queryRows(bed, `SELECT s, n, price FROM ${table} ORDER BY s`)).toEqual([
    ['default', null, '1.5'],
    ['null', null, null],
    ['still', '1', '1.5'],
  ]);
});

test('without a default a REQUIRED column without a value is a row error', async () => {
  const writer = await openWriter({});
  const { error, rowErrors } = await writer.appendRows([{ s: 'a' }]).getResult();
  writer.close();
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(rowErrors?.map(({ message }) => message)).toEqual([
    'Field value is required on field id.',
  ]);
});

test('a stream with offsets keeps its order while defaults are computed', async () => {
  const [{ name }] = await client.createWriteStream({
    parent: path(),
    writeStream: { type: 'COMMITTED' },
  });
  const connection = new Connection(client);
  const requests = Array.from({ length: 10 }, (_, n): Request => {
    const request = texts(name ?? '', [`${n}`], { offset: { value: n } });
    return request;
  });
  for (const request of requests) connection.write(request);
  await expect.poll(() => connection.answers.length, { timeout: 20_000 }).toBe(10);
  await connection.close();
  const offsets = connection.answers.map(({ appendResult }) => Number(appendResult?.offset?.value));
  expect(offsets).toEqual(requests.map((_, n) => n));
});

test('an interpretation without a meaning is refused', async () => {
  const connection = new Connection(client);
  const request = texts(`${path()}/streams/_default`, ['a'], {
    missingValueInterpretations: { n: 0 },
  });
  expect((await connection.answer(request)).error?.code).toBe(status.INVALID_ARGUMENT);
  await connection.close();
});
