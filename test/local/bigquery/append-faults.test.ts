// Each fault of appends to local/bigquery, as a client sees it.

import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { quoteTable } from '../../../local/bigquery/tables/duckdb-types.ts';
import type { TableRef } from '../../../local/bigquery/tables/schema.ts';
import { Faults, type StatusName } from '../../../local/faults/faults.ts';
import { Connection, openWriteClient, texts, type WriteClient } from '../../beds/append-client.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../beds/storage-write-bed.ts';

const faults = new Faults();
let bed: StorageWriteBed;
let client: WriteClient;
let table: TableRef;
let stream: string;
let tables = 0;

beforeAll(async () => {
  bed = await startStorageWriteBed(undefined, faults);
  client = openWriteClient(bed.port);
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

beforeEach(async () => {
  tables++;
  table = await bed.createTable(`t${tables}`, [field('s', 'STRING')]);
  stream = `${tablePath(table)}/streams/_default`;
});

afterEach(() => faults.clear());

async function stored(): Promise<unknown[]> {
  const rows = await bed.query(`SELECT s FROM ${quoteTable(table)} ORDER BY s`);
  return rows.map(([text]) => text);
}

/** Sends requests of one row each, and waits for the end of the stream. */
async function sendAll(rows: readonly string[]) {
  const connection = new Connection(client);
  for (const row of rows) connection.write(texts(stream, [row]));
  const code = await connection.ended();
  return { code, answers: connection.answers.length };
}

test('append.lost-ack stores the rows and does not answer', async () => {
  faults.add({ name: 'append.lost-ack', after: 1 });
  expect(await sendAll(['a', 'b'])).toEqual({ code: status.UNAVAILABLE, answers: 1 });
  expect(await stored()).toEqual(['a', 'b']);
});

test('iam.denied refuses appends, and shows no stream', async () => {
  faults.add({ name: 'iam.denied', on: stream });
  expect(await sendAll(['a'])).toEqual({ code: status.PERMISSION_DENIED, answers: 0 });
  expect(await stored()).toEqual([]);
  await expect(client.getWriteStream({ name: stream })).rejects.toMatchObject({
    code: status.PERMISSION_DENIED,
  });
});

test('append.delayed-ack holds its answer back, and those behind it', async () => {
  faults.add({ name: 'append.delayed-ack', ms: 200 });
  const connection = new Connection(client);
  connection.write(texts(stream, ['a']));
  connection.write(texts(stream, ['b']));
  await expect.poll(stored).toEqual(['a', 'b']);
  expect(connection.answers).toEqual([]);
  await expect.poll(() => connection.answers.length).toBe(2);
  await connection.close();
});

test('append.stream-end ends the stream with OK, without the pending responses', async () => {
  faults.add({ name: 'append.stream-end', after: 1 });
  expect(await sendAll(['a', 'b', 'c'])).toEqual({ code: status.OK, answers: 1 });
  expect(await stored()).toEqual(['a']);
});

test.each<StatusName>(['ABORTED', 'UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'INTERNAL'])(
  'append.status ends the stream with %s',
  async (code) => {
    faults.add({ name: 'append.status', code });
    expect(await sendAll(['a', 'b'])).toEqual({ code: status[code], answers: 0 });
    expect(await stored()).toEqual([]);
  },
);

test('append.status in band is a response, and the stream continues', async () => {
  faults.add({ name: 'append.status', code: 'RESOURCE_EXHAUSTED', inBand: true });
  const connection = new Connection(client);
  const first = await connection.answer(texts(stream, ['a']));
  expect(first.error?.code).toBe(status.RESOURCE_EXHAUSTED);
  expect((await connection.answer(texts(stream, ['b']))).appendResult).toBeTruthy();
  await connection.close();
  expect(await stored()).toEqual(['b']);
});

test('append.frozen reads everything and answers nothing; other connections work', async () => {
  faults.add({ name: 'append.frozen' });
  const frozen = new Connection(client);
  for (const row of ['a', 'b']) frozen.write(texts(stream, [row]));
  await expect.poll(() => faults.list()[0]?.struck).toBe(1);
  const other = new Connection(client);
  await other.answer(texts(stream, ['c']));
  await other.close();
  expect({ answers: frozen.answers, code: frozen.code }).toEqual({ answers: [], code: null });
  expect(await stored()).toEqual(['c']);
  frozen.cancel();
});

test('append.idle-close ends a connection with ABORTED once it is idle', async () => {
  faults.add({ name: 'append.idle-close', ms: 50 });
  const connection = new Connection(client);
  await connection.answer(texts(stream, ['a']));
  expect(await connection.ended()).toBe(status.ABORTED);
  expect(await stored()).toEqual(['a']);
});

test('append.new-table hides a table while it is young', async () => {
  table = { ...table, tableId: `young${tables}` };
  stream = `${tablePath(table)}/streams/_default`;
  await bed.createTable(table.tableId, [field('s', 'STRING')], { creationTime: Date.now() });
  faults.add({ name: 'append.new-table', ms: 500, code: 'PERMISSION_DENIED' });
  expect(await sendAll(['a'])).toEqual({ code: status.PERMISSION_DENIED, answers: 0 });
  await expect(client.getWriteStream({ name: stream })).rejects.toMatchObject({
    code: status.PERMISSION_DENIED,
  });
  await expect
    .poll(async () => {
      const connection = new Connection(client);
      connection.write(texts(stream, ['b']));
      await expect.poll(() => connection.answers.length + (connection.code ?? 0)).not.toBe(0);
      connection.cancel();
      return connection.answers.length;
    })
    .toBe(1);
  expect(await stored()).toEqual(['b']);
});

test('append.updated-schema sends a schema with the ack, while more appends are pending', async () => {
  faults.add({ name: 'append.updated-schema', after: 1 });
  const connection = new Connection(client);
  for (const row of ['a', 'b', 'c']) connection.write(texts(stream, [row]));
  await expect.poll(() => connection.answers.length).toBe(3);
  await connection.close();
  const told = connection.answers.map(({ updatedSchema }) => updatedSchema?.fields?.[0]?.name);
  expect(told).toEqual([undefined, 's', undefined]);
  expect(await stored()).toEqual(['a', 'b', 'c']);
});

test('append.extra-fields is the error of an outdated schema', async () => {
  faults.add({ name: 'append.extra-fields' });
  const connection = new Connection(client);
  const answer = await connection.answer(texts(stream, ['a']));
  expect(answer.error?.code).toBe(status.INVALID_ARGUMENT);
  expect(answer.error?.details?.length).toBe(1);
  await connection.close();
  expect(await stored()).toEqual([]);
});

test('append.bad-row rejects rows by their content, with and without row errors', async () => {
  faults.add({ name: 'append.bad-row', contains: 'bad' });
  faults.add({ name: 'append.bad-row', contains: 'ugly', named: false });
  const connection = new Connection(client);
  const named = await connection.answer(texts(stream, ['a', 'bad', 'b', 'too bad']));
  expect(named.rowErrors?.map(({ index }) => Number(index))).toEqual([1, 3]);
  const unnamed = await connection.answer(texts(stream, ['c', 'ugly']));
  expect(unnamed).toMatchObject({ error: { code: status.INVALID_ARGUMENT }, rowErrors: [] });
  expect((await connection.answer(texts(stream, ['d']))).appendResult).toBeTruthy();
  await connection.close();
  expect(await stored()).toEqual(['d']);
});

test('streams.reset ends every open connection of the table', async () => {
  const connections = [new Connection(client), new Connection(client)];
  for (const connection of connections) await connection.answer(texts(stream, ['a']));
  faults.add({ name: 'streams.reset', on: 'no such table' });
  faults.add({ name: 'streams.reset', on: `${table.tableId}/`, code: 'ABORTED' });
  const codes = await Promise.all(connections.map((connection) => connection.ended()));
  expect(codes).toEqual([status.ABORTED, status.ABORTED]);
});
