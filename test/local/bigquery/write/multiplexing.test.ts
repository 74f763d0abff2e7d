// Several default streams on one connection, as Google's Java and Go clients share it.

import { status } from '@grpc/grpc-js';
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

let bed: StorageWriteBed;
let client: WriteClient;
let tables: [TableRef, TableRef];
let count = 0;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  client = openWriteClient(bed.port);
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

beforeEach(async () => {
  const create = () => bed.createTable(`t${++count}`, [field('s', 'STRING')]);
  tables = [await create(), await create()];
});

const streamOf = (table: TableRef) => `${tablePath(table)}/streams/_default`;

async function stored(table: TableRef): Promise<unknown[]> {
  return (await bed.query(`SELECT s FROM ${quoteTable(table)} ORDER BY s`)).map(([text]) => text);
}

function withoutSchema(stream: string, row: string) {
  const { protoRows } = texts(stream, [row]);
  return { writeStream: stream, protoRows: { rows: protoRows?.rows ?? null } };
}

test('each row goes to the table that its request names, and each answer names the stream', async () => {
  const [one, two] = tables.map(streamOf) as [string, string];
  const connection = new Connection(client);
  connection.write(texts(one, ['a']));
  connection.write(withoutSchema('', 'b'));
  connection.write(texts(two, ['c']));
  connection.write(withoutSchema(two, 'd'));
  connection.write(texts(one, ['e']));
  await expect.poll(() => connection.answers.length).toBe(5);
  await connection.close();
  expect(connection.answers.map(({ writeStream }) => writeStream)).toEqual([
    one,
    one,
    two,
    two,
    one,
  ]);
  expect(connection.answers.filter(({ error }) => error)).toEqual([]);
  expect(await stored(tables[0])).toEqual(['a', 'b', 'e']);
  expect(await stored(tables[1])).toEqual(['c', 'd']);
});

test('a new schema of one table is told on that table’s next answer, once', async () => {
  const [one, two] = tables.map(streamOf) as [string, string];
  const connection = new Connection(client);
  for (const stream of [one, two]) await connection.answer(texts(stream, ['a']));
  const current = bed.store.requireTable(tables[0]);
  const wanted = [...current.schema, field('more', 'INTEGER')];
  const { schema, alterations } = changeSchema(current, wanted);
  await bed.store.updateTable(changedTable(current, { schema }), alterations);
  const told = [];
  for (const stream of [two, one, two, one]) {
    const { updatedSchema } = await connection.answer(texts(stream, ['b']));
    told.push(updatedSchema?.fields?.length ?? 0);
  }
  await connection.close();
  expect(told).toEqual([0, 2, 0, 0]);
});

test('after a change of the stream every request must name its stream', async () => {
  const [one, two] = tables.map(streamOf) as [string, string];
  const connection = new Connection(client);
  await connection.answer(texts(one, ['a']));
  await connection.answer(texts(two, ['b']));
  connection.write(withoutSchema('', 'c'));
  expect(await connection.ended()).toBe(status.INVALID_ARGUMENT);
});

test('a change of the stream needs the writer schema', async () => {
  const [one, two] = tables.map(streamOf) as [string, string];
  const connection = new Connection(client);
  await connection.answer(texts(one, ['a']));
  const { error } = await connection.answer(withoutSchema(two, 'b'));
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  await connection.close();
  expect(await stored(tables[1])).toEqual([]);
});

test('streams with offsets do not share a connection', async () => {
  const [{ name }] = await client.createWriteStream({
    parent: tablePath(tables[1]),
    writeStream: { type: 'COMMITTED' },
  });
  const connection = new Connection(client);
  await connection.answer(texts(streamOf(tables[0]), ['a']));
  connection.write(texts(name ?? '', ['b']));
  expect(await connection.ended()).toBe(status.INVALID_ARGUMENT);
  expect(await stored(tables[1])).toEqual([]);
});
