// BUFFERED streams: rows wait for FlushRows, which moves a cursor forward.

import { adapt, managedwriter, protos } from '@google-cloud/bigquery-storage';
import { credentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { quoteTable } from '../../../../local/bigquery/tables/duckdb-types.ts';
import { changedTable } from '../../../../local/bigquery/tables/new-resource.ts';
import type { TableRef } from '../../../../local/bigquery/tables/schema.ts';
import { changeSchema } from '../../../../local/bigquery/tables/schema-change.ts';
import {
  Connection,
  openWriteClient,
  texts,
  type WriteClient,
} from '../../../beds/append-client.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../../beds/storage-write-bed.ts';

const { StorageErrorCode } = protos.google.cloud.bigquery.storage.v1.StorageError;

let bed: StorageWriteBed;
let client: WriteClient;
let table: TableRef;
let tables = 0;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  client = openWriteClient(bed.port);
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

beforeEach(async () => {
  tables++;
  table = await bed.createTable(`t${tables}`, [field('s', 'STRING')]);
});

async function stored(): Promise<unknown[]> {
  const rows = await bed.query(`SELECT s FROM ${quoteTable(table)} ORDER BY rowid`);
  return rows.map(([text]) => text);
}

async function create(type: 'BUFFERED' | 'PENDING' | 'COMMITTED' = 'BUFFERED'): Promise<string> {
  const request = { parent: tablePath(table), writeStream: { type } };
  return (await client.createWriteStream(request))[0].name ?? '';
}

/** The offset, or the code of the error. */
async function append(stream: string, rows: string[], offset?: number): Promise<number> {
  const connection = new Connection(client);
  const more = offset === undefined ? {} : { offset: { value: offset } };
  const { appendResult, error } = await connection.answer(texts(stream, rows, more));
  await connection.close();
  return error ? -(error.code ?? 0) : Number(appendResult?.offset?.value);
}

/** The flushed offset, or the code of the error and of its StorageError. */
async function flush(writeStream: string, offset?: number): Promise<unknown> {
  try {
    const more = offset === undefined ? {} : { offset: { value: offset } };
    const [response] = await client.flushRows({ writeStream, ...more });
    return Number(response.offset);
  } catch (error) {
    const { code } = error as { code: number };
    const [details] = managedwriter.parseStorageErrors(error as never);
    return details ? [code, StorageErrorCode[Number(details.code)]] : code;
  }
}

test('the managed writer appends, flushes and finalizes', async () => {
  const writerClient = new managedwriter.WriterClient({
    projectId: 'demo',
    apiEndpoint: '127.0.0.1',
    port: bed.port,
    sslCreds: credentials.createInsecure(),
  });
  const destinationTable = tablePath(table);
  const { name, tableSchema, type } = await writerClient.createWriteStreamFullResponse({
    streamType: managedwriter.BufferedStream,
    destinationTable,
  });
  expect(type).toBe('BUFFERED');
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(tableSchema ?? {}, 'root');
  const connection = await writerClient.createStreamConnection({ streamId: name ?? '' });
  const writer = new managedwriter.JSONWriter({ connection, protoDescriptor });
  await writer.appendRows([{ s: 'a' }, { s: 'b' }], 0).getResult();
  await writer.appendRows([{ s: 'c' }], 2).getResult();
  expect(await stored()).toEqual([]);
  expect(await connection.flushRows({ offset: 1 })).toMatchObject({ offset: '1' });
  expect(await stored()).toEqual(['a', 'b']);
  expect(await connection.flushRows({ offset: 2 })).toMatchObject({ offset: '2' });
  expect(await connection.finalize()).toMatchObject({ rowCount: '3' });
  expect(await stored()).toEqual(['a', 'b', 'c']);
  writer.close();
  writerClient.close();
});

test('each row becomes visible exactly once, whatever is flushed again', async () => {
  const stream = await create();
  expect(await append(stream, ['a', 'b', 'c'], 0)).toBe(0);
  expect(await flush(stream, 0)).toBe(0);
  expect(await stored()).toEqual(['a']);
  const passed = [status.ALREADY_EXISTS, 'OFFSET_ALREADY_EXISTS'];
  expect(await flush(stream, 0)).toEqual(passed);
  expect(await flush(stream, 2)).toBe(2);
  expect(await flush(stream, 1)).toEqual(passed);
  expect(await flush(stream)).toBe(2);
  expect(await stored()).toEqual(['a', 'b', 'c']);
});

test('a flush beyond the end, of another type or of no stream is refused', async () => {
  const stream = await create();
  const beyond = [status.OUT_OF_RANGE, 'OFFSET_OUT_OF_RANGE'];
  expect(await flush(stream, 0)).toEqual(beyond);
  await append(stream, ['a']);
  expect(await flush(stream, 1)).toEqual(beyond);
  expect(await flush(stream, -1)).toBe(status.INVALID_ARGUMENT);
  const wrongType = [status.INVALID_ARGUMENT, 'INVALID_STREAM_TYPE'];
  expect(await flush(await create('PENDING'), 0)).toEqual(wrongType);
  expect(await flush(await create('COMMITTED'), 0)).toEqual(wrongType);
  expect(await flush(`${tablePath(table)}/streams/_default`, 0)).toBe(status.INVALID_ARGUMENT);
  expect(await flush('no stream', 0)).toBe(status.INVALID_ARGUMENT);
  expect(await stored()).toEqual([]);
});

test('offsets are checked as for other streams, and count over flushes', async () => {
  const stream = await create();
  expect(await append(stream, ['a', 'b'], 0)).toBe(0);
  expect(await append(stream, ['a', 'b'], 0)).toBe(-status.ALREADY_EXISTS);
  expect(await append(stream, ['d'], 3)).toBe(-status.OUT_OF_RANGE);
  expect(await append(stream, ['d'], -3)).toBe(-status.INVALID_ARGUMENT);
  await flush(stream, 1);
  expect(await append(stream, ['a', 'b'], 0)).toBe(-status.ALREADY_EXISTS);
  expect(await append(stream, ['c'], 2)).toBe(2);
  await flush(stream, 2);
  expect(await stored()).toEqual(['a', 'b', 'c']);
});

test('after it is finalized a stream takes no rows and no flush, and cannot be committed', async () => {
  const stream = await create();
  await append(stream, ['a', 'b']);
  await flush(stream, 0);
  const [{ rowCount }] = await client.finalizeWriteStream({ name: stream });
  expect(Number(rowCount)).toBe(2);
  expect(await append(stream, ['c'])).toBe(-status.INVALID_ARGUMENT);
  expect(await flush(stream, 1)).toEqual([status.INVALID_ARGUMENT, 'STREAM_FINALIZED']);
  const commit = { parent: tablePath(table), writeStreams: [stream] };
  const [{ streamErrors, commitTime }] = await client.batchCommitWriteStreams(commit);
  expect(streamErrors?.map(({ code }) => code)).toEqual(['INVALID_STREAM_TYPE']);
  expect(commitTime).toBeNull();
  expect(await stored()).toEqual(['a']);
});

test('a buffered stream follows its table when it gets a column', async () => {
  const stream = await create();
  await append(stream, ['a']);
  const current = bed.store.requireTable(table);
  const wanted = [...current.schema, field('more', 'INTEGER')];
  const { schema, alterations } = changeSchema(current, wanted);
  await bed.store.updateTable(changedTable(current, { schema }), alterations);
  await append(stream, ['b']);
  expect(await flush(stream, 1)).toBe(1);
  expect(await bed.query(`SELECT s, more FROM ${quoteTable(table)} ORDER BY s`)).toEqual([
    ['a', null],
    ['b', null],
  ]);
});

test('flushes and appends of many streams do not disturb each other', async () => {
  const streams = await Promise.all(Array.from({ length: 4 }, () => create()));
  await Promise.all(
    streams.map(async (stream, n) => {
      for (let row = 0; row < 3; row++) {
        expect(await append(stream, [`${n}/${row}`], row)).toBe(row);
        expect(await flush(stream, row)).toBe(row);
      }
    }),
  );
  const rows = await stored();
  expect([rows.length, new Set(rows).size]).toEqual([12, 12]);
});

test('the cursor and the buffered rows survive a restart', async () => {
  const stream = await create();
  await append(stream, ['a', 'b', 'c']);
  await flush(stream, 0);
  await client.close();
  await bed.restart();
  client = openWriteClient(bed.port);
  expect(await stored()).toEqual(['a']);
  expect(await append(stream, ['c'], 2)).toBe(-status.ALREADY_EXISTS);
  expect(await append(stream, ['d'], 3)).toBe(3);
  expect(await flush(stream, 3)).toBe(3);
  expect(await stored()).toEqual(['a', 'b', 'c', 'd']);
  const [described] = await client.getWriteStream({ name: stream });
  expect(described).toMatchObject({ type: 'BUFFERED', commitTime: null });
});
