// COMMITTED and PENDING streams: offsets, finalizing, the atomic commit, and restarts.

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { quoteTable } from '../../../local/bigquery/tables/duckdb-types.ts';
import { changedTable } from '../../../local/bigquery/tables/new-resource.ts';
import type { TableRef } from '../../../local/bigquery/tables/schema.ts';
import { changeSchema } from '../../../local/bigquery/tables/schema-change.ts';
import { Connection, openWriteClient, texts, type WriteClient } from '../../beds/append-client.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../beds/storage-write-bed.ts';

const { StorageError, WriteStream } = protos.google.cloud.bigquery.storage.v1;
const { StorageErrorCode } = StorageError;

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
  const rows = await bed.query(`SELECT s FROM ${quoteTable(table)} ORDER BY s`);
  return rows.map(([text]) => text);
}

async function create(type: 'COMMITTED' | 'PENDING'): Promise<string> {
  const request = { parent: tablePath(table), writeStream: { type: WriteStream.Type[type] } };
  const [stream] = await client.createWriteStream(request);
  return stream.name ?? '';
}

/** Appends on a new connection. Returns the offset, or the error's code and details. */
async function append(stream: string, rows: string[], offset?: number) {
  const connection = new Connection(client);
  const more = offset === undefined ? {} : { offset: { value: offset } };
  const { appendResult, error } = await connection.answer(texts(stream, rows, more));
  await connection.close();
  if (!error) return Number(appendResult?.offset?.value);
  const details = error.details?.[0]?.value;
  const code = details instanceof Uint8Array ? StorageError.decode(details).code : 0;
  return [error.code, code];
}

const finalize = async (name: string) =>
  Number((await client.finalizeWriteStream({ name }))[0].rowCount);

async function commit(...writeStreams: string[]) {
  const [response] = await client.batchCommitWriteStreams({
    parent: tablePath(table),
    writeStreams,
  });
  const errors = response.streamErrors?.map(({ code, entity }) => [code, entity]);
  return { isCommitted: Boolean(response.commitTime), errors };
}

describe('a COMMITTED stream', () => {
  test('shows its rows at once, and counts them', async () => {
    const stream = await create('COMMITTED');
    expect(await append(stream, ['a', 'b'])).toBe(0);
    expect(await append(stream, ['c'], 2)).toBe(2);
    expect(await append(stream, ['d'])).toBe(3);
    expect(await stored()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('rejects an offset below or above its end, and continues', async () => {
    const stream = await create('COMMITTED');
    await append(stream, ['a', 'b'], 0);
    const passed = [status.ALREADY_EXISTS, StorageErrorCode.OFFSET_ALREADY_EXISTS];
    expect(await append(stream, ['a', 'b'], 0)).toEqual(passed);
    expect(await append(stream, ['b'], 1)).toEqual(passed);
    const beyond = [status.OUT_OF_RANGE, StorageErrorCode.OFFSET_OUT_OF_RANGE];
    expect(await append(stream, ['d'], 3)).toEqual(beyond);
    expect(await append(stream, ['c'], 2)).toBe(2);
    expect(await stored()).toEqual(['a', 'b', 'c']);
  });

  test('answers appends after a failed one with OUT_OF_RANGE', async () => {
    const stream = await create('COMMITTED');
    const connection = new Connection(client);
    for (const [offset, text] of [
      [0, 'a'],
      [5, 'gap'],
      [6, 'behind the gap'],
    ] as const) {
      connection.write(texts(stream, [text], { offset: { value: offset } }));
    }
    await expect.poll(() => connection.answers.length).toBe(3);
    await connection.close();
    const codes = connection.answers.map(({ error }) => error?.code ?? 0);
    expect(codes).toEqual([0, status.OUT_OF_RANGE, status.OUT_OF_RANGE]);
    expect(await stored()).toEqual(['a']);
  });

  test('rejects appends after it is finalized', async () => {
    const stream = await create('COMMITTED');
    await append(stream, ['a']);
    expect(await finalize(stream)).toBe(1);
    const refused = [status.INVALID_ARGUMENT, StorageErrorCode.STREAM_FINALIZED];
    expect(await append(stream, ['b'])).toEqual(refused);
    expect(await finalize(stream)).toBe(1);
    expect(await stored()).toEqual(['a']);
  });

  test('cannot be committed', async () => {
    const stream = await create('COMMITTED');
    await finalize(stream);
    const errors = [['INVALID_STREAM_TYPE', stream]];
    expect(await commit(stream)).toEqual({ isCommitted: false, errors });
  });
});

describe('PENDING streams', () => {
  test('are seen together, or not at all', async () => {
    const [first, second] = [await create('PENDING'), await create('PENDING')];
    await append(first, ['a', 'b']);
    await append(second, ['c'], 0);
    await finalize(first);
    expect(await commit(first, second)).toEqual({
      isCommitted: false,
      errors: [['INVALID_STREAM_STATE', second]],
    });
    expect(await stored()).toEqual([]);
    await finalize(second);
    expect(await commit(first, second)).toEqual({ isCommitted: true, errors: [] });
    expect(await stored()).toEqual(['a', 'b', 'c']);
    expect(await commit(first)).toEqual({
      isCommitted: false,
      errors: [['STREAM_ALREADY_COMMITTED', first]],
    });
    const stranger = `${tablePath(table)}/streams/none`;
    expect((await commit(stranger)).errors).toEqual([['STREAM_NOT_FOUND', stranger]]);
    expect(await stored()).toEqual(['a', 'b', 'c']);
  });

  test('have offsets like COMMITTED ones', async () => {
    const stream = await create('PENDING');
    await append(stream, ['a'], 0);
    const passed = [status.ALREADY_EXISTS, StorageErrorCode.OFFSET_ALREADY_EXISTS];
    expect(await append(stream, ['a'], 0)).toEqual(passed);
    await finalize(stream);
    await commit(stream);
    expect(await stored()).toEqual(['a']);
  });

  test('follow their table when it gets a column', async () => {
    const stream = await create('PENDING');
    await append(stream, ['a']);
    const current = bed.store.requireTable(table);
    const wanted = [...current.schema, field('more', 'INTEGER')];
    const { schema, alterations } = changeSchema(current, wanted);
    await bed.store.updateTable(changedTable(current, { schema }), alterations);
    await append(stream, ['b']);
    await finalize(stream);
    expect((await commit(stream)).isCommitted).toBe(true);
    expect(await bed.query(`SELECT s, more FROM ${quoteTable(table)} ORDER BY s`)).toEqual([
      ['a', null],
      ['b', null],
    ]);
  });

  test('and the table’s other rows do not wait for each other', async () => {
    const stream = await create('PENDING');
    await append(stream, ['pending']);
    await finalize(stream);
    const others = Array.from({ length: 20 }, (_, n) =>
      bed.store.append(table, [[String(n).padStart(2, '0')]]),
    );
    await Promise.all([commit(stream), ...others]);
    expect(await stored()).toHaveLength(21);
  });
});

test('GetWriteStream describes every type of stream', async () => {
  const committed = await create('COMMITTED');
  const pending = await create('PENDING');
  const [ofCommitted] = await client.getWriteStream({ name: committed });
  expect(ofCommitted).toMatchObject({ name: committed, type: 'COMMITTED', tableSchema: null });
  const [ofPending] = await client.getWriteStream({ name: pending, view: 'FULL' });
  expect(ofPending).toMatchObject({ type: 'PENDING', commitTime: null });
  expect(ofPending.tableSchema?.fields?.map(({ name }) => name)).toEqual(['s']);
  await finalize(pending);
  await commit(pending);
  const [afterwards] = await client.getWriteStream({ name: pending });
  expect(Number(afterwards.commitTime?.seconds)).toBeGreaterThan(0);
});

test('unknown and invalid streams are rejected', async () => {
  const name = `${tablePath(table)}/streams/none`;
  const codes = await Promise.all(
    [
      client.getWriteStream({ name }),
      client.finalizeWriteStream({ name }),
      client.finalizeWriteStream({ name: `${tablePath(table)}/streams/_default` }),
      client.createWriteStream({ parent: tablePath(table), writeStream: {} }),
      client.createWriteStream({
        parent: `${tablePath(table)}x`,
        writeStream: { type: 'PENDING' },
      }),
      client.flushRows({ writeStream: name }),
    ].map((call) => call.then(() => 0).catch((error: { code: number }) => error.code)),
  );
  expect(codes).toEqual([
    status.NOT_FOUND,
    status.NOT_FOUND,
    status.INVALID_ARGUMENT,
    status.INVALID_ARGUMENT,
    status.NOT_FOUND,
    status.NOT_FOUND,
  ]);
  const connection = new Connection(client);
  connection.write(texts(name, ['a']));
  expect(await connection.ended()).toBe(status.NOT_FOUND);
});

test('a stream of a table that was dropped and made again is gone', async () => {
  const stream = await create('PENDING');
  await append(stream, ['a']);
  await bed.store.deleteTable(table);
  await bed.createTable(table.tableId, [field('s', 'STRING')], { creationTime: Date.now() + 1 });
  await expect(client.getWriteStream({ name: stream })).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
});

test('offsets, pending rows and commits survive a restart', async () => {
  const committed = await create('COMMITTED');
  const pending = await create('PENDING');
  await append(committed, ['a']);
  await append(pending, ['b', 'c']);
  await client.close();
  await bed.restart();
  client = openWriteClient(bed.port);
  expect(await append(committed, ['a'], 0)).toEqual([
    status.ALREADY_EXISTS,
    StorageErrorCode.OFFSET_ALREADY_EXISTS,
  ]);
  expect(await append(pending, ['d'], 2)).toBe(2);
  expect(await finalize(pending)).toBe(3);
  await commit(pending);
  expect(await stored()).toEqual(['a', 'b', 'c', 'd']);
});
