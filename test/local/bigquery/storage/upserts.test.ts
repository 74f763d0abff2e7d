// Rows as changes by primary key: the documented semantics of change data capture.

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { runQuery } from '../../../../local/bigquery/query/run-query.ts';
import { quoteTable } from '../../../../local/bigquery/tables/duckdb-types.ts';
import { changedTable } from '../../../../local/bigquery/tables/new-resource.ts';
import type { TableRef } from '../../../../local/bigquery/tables/schema.ts';
import { changeSchema } from '../../../../local/bigquery/tables/schema-change.ts';
import { Connection, openWriteClient, type WriteClient } from '../../../beds/append-client.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../../beds/storage-write-bed.ts';

const { Type, Label } = protos.google.protobuf.FieldDescriptorProto;

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

const COLUMNS = [field('id', 'STRING'), field('v', 'STRING', { mode: 'REQUIRED' })];
const KEY = { tableConstraints: { primaryKey: { columns: ['id'] } } };

beforeEach(async () => {
  tables++;
  table = await bed.createTable(`t${tables}`, COLUMNS, KEY);
});

interface Change {
  id?: string;
  v?: string;
  type?: string;
  sequence?: string;
}

const FIELDS = ['id', 'v', '_CHANGE_TYPE', '_CHANGE_SEQUENCE_NUMBER'];

function request(changes: readonly Change[], stream = '_default', fields = FIELDS) {
  return {
    writeStream: `${tablePath(table)}/streams/${stream}`,
    protoRows: {
      writerSchema: {
        protoDescriptor: {
          name: 'Row',
          field: fields.map((name) => ({
            name,
            number: FIELDS.indexOf(name) + 1,
            type: Type.TYPE_STRING,
            label: Label.LABEL_OPTIONAL,
          })),
        },
      },
      rows: { serializedRows: changes.map(encode) },
    },
  };
}

function encode({ id, v, type, sequence }: Change): Uint8Array {
  const writer = protobuf.Writer.create();
  [id, v, type, sequence].forEach((text, index) => {
    if (text !== undefined) writer.uint32(((index + 1) << 3) | 2).string(text);
  });
  return writer.finish();
}

const upsert = (id: string, v: string, sequence?: string): Change => ({
  id,
  v,
  type: 'UPSERT',
  ...(sequence !== undefined && { sequence }),
});
const remove = (id: string, sequence?: string): Change => ({
  id,
  type: 'DELETE',
  ...(sequence !== undefined && { sequence }),
});

async function send(...changes: Change[]) {
  const connection = new Connection(client);
  const answer = await connection.answer(request(changes));
  await connection.close();
  return answer;
}

async function stored(): Promise<unknown[][]> {
  return await bed.query(`SELECT id, v FROM ${quoteTable(table)} ORDER BY id, v`);
}

const dml = (sql: string) =>
  runQuery(bed.store, { sql, scope: { projectId: 'demo' }, parameters: [] });

test('a key has one row: the last that came, in one request and over several', async () => {
  await send(upsert('a', '1'), upsert('b', '1'), upsert('a', '2'));
  expect(await stored()).toEqual([
    ['a', '2'],
    ['b', '1'],
  ]);
  await send(upsert('b', '2'), remove('a'));
  expect(await stored()).toEqual([['b', '2']]);
  await send(upsert('a', '3'));
  expect(await stored()).toEqual([
    ['a', '3'],
    ['b', '2'],
  ]);
});

test('the greatest sequence wins, whatever the order of arrival; a delete is remembered', async () => {
  await send(upsert('a', 'newer', 'ff'), upsert('a', 'older', '0A'), upsert('b', 'x', '1/5'));
  await send(upsert('a', 'older still', '9'), upsert('b', 'y', '1/4/FFFF'));
  expect(await stored()).toEqual([
    ['a', 'newer'],
    ['b', 'x'],
  ]);
  await send(upsert('a', 'same', 'FF'), upsert('b', 'z', '1/5/0/1'));
  expect(await stored()).toEqual([
    ['a', 'same'],
    ['b', 'z'],
  ]);
  await send(remove('a', '100'));
  await send(upsert('a', 'late', 'fe'));
  expect(await stored()).toEqual([['b', 'z']]);
  await send(upsert('a', 'after', '101'));
  expect(await stored()).toEqual([
    ['a', 'after'],
    ['b', 'z'],
  ]);
});

test('an upsert replaces rows of every other writer', async () => {
  await bed.store.append(table, [
    ['a', 'plain'],
    ['a', 'plain too'],
    ['b', 'plain'],
  ]);
  await send(upsert('a', 'changed'));
  expect(await stored()).toEqual([
    ['a', 'changed'],
    ['b', 'plain'],
  ]);
});

test('many connections at once leave the greatest of each key', async () => {
  const keys = ['a', 'b', 'c'];
  await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      send(...keys.map((key) => upsert(key, String(n).padStart(2, '0'), n.toString(16)))),
    ),
  );
  expect(await stored()).toEqual(keys.map((key) => [key, '11']));
});

test('invalid changes are listed, and nothing of the request is written', async () => {
  const answer = await send(
    upsert('a', '1'),
    { id: 'b', v: '1' },
    { id: 'c', v: '1', type: 'REPLACE' },
    upsert('d', '1', 'xyz'),
    upsert('e', '1', '1/2/3/4/5'),
    { v: '1', type: 'UPSERT' },
    { id: 'f', type: 'UPSERT' },
  );
  expect(answer.error?.code).toBe(status.INVALID_ARGUMENT);
  expect(answer.rowErrors?.map(({ index }) => Number(index))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(await stored()).toEqual([]);
});

test('a table without a primary key, and a sequence without a type, are refused', async () => {
  const connection = new Connection(client);
  const bare = ['id', 'v', '_CHANGE_SEQUENCE_NUMBER'];
  connection.write(request([{ id: 'a', v: '1' }], '_default', bare));
  expect(await connection.ended()).toBe(status.INVALID_ARGUMENT);
  table = await bed.createTable(`keyless${tables}`, COLUMNS);
  const keyless = new Connection(client);
  keyless.write(request([upsert('a', '1')]));
  expect(await keyless.ended()).toBe(status.INVALID_ARGUMENT);
  expect(await stored()).toEqual([]);
});

test('only the default stream accepts changes; other streams take rows of type INSERT', async () => {
  const [{ name }] = await client.createWriteStream({
    parent: tablePath(table),
    writeStream: { type: 'COMMITTED' },
  });
  const stream = name?.split('/').at(-1) ?? '';
  const connection = new Connection(client);
  const { error, rowErrors } = await connection.answer(request([upsert('a', '1')], stream));
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(rowErrors?.map(({ message }) => message)).toEqual([
    'The given value is not a valid CHANGE_TYPE in insert mode: UPSERT on field _CHANGE_TYPE.',
  ]);
  const insert = { ...upsert('a', '1'), type: 'INSERT' };
  const inserted = await connection.answer(request([insert], stream));
  expect(Number(inserted.appendResult?.offset?.value)).toBe(0);
  await connection.close();
  expect(await stored()).toEqual([['a', '1']]);
  expect((await send({ ...upsert('b', '1'), type: 'INSERT' })).error).toBeFalsy();
  expect(await stored()).toEqual([
    ['a', '1'],
    ['b', '1'],
  ]);
});

test('DML may add rows beside changes, and not change them', async () => {
  const path = `\`demo.events.${table.tableId}\``;
  await dml(`INSERT INTO ${path} (id, v) VALUES ('a', '1')`);
  await dml(`UPDATE ${path} SET v = '2' WHERE id = 'a'`);
  await send(upsert('b', '1'));
  for (const sql of [
    `UPDATE ${path} SET v = '3' WHERE TRUE`,
    `DELETE FROM ${path} WHERE TRUE`,
    `MERGE ${path} t USING (SELECT 'a' AS id) s ON t.id = s.id WHEN MATCHED THEN DELETE`,
  ]) {
    await expect(dml(sql)).rejects.toMatchObject({ reason: 'invalidQuery' });
  }
  await dml(`INSERT INTO ${path} (id, v) VALUES ('c', '1')`);
  expect(await stored()).toEqual([
    ['a', '2'],
    ['b', '1'],
    ['c', '1'],
  ]);
});

test('sequences survive a restart, and are deleted with their table', async () => {
  await send(upsert('a', 'newer', '5'), remove('b', '5'));
  await client.close();
  await bed.restart();
  client = openWriteClient(bed.port);
  await send(upsert('a', 'older', '4'), upsert('b', 'older', '4'));
  expect(await stored()).toEqual([['a', 'newer']]);
  await bed.store.deleteTable(table);
  await bed.createTable(table.tableId, COLUMNS, KEY);
  await send(upsert('a', 'older', '4'));
  expect(await stored()).toEqual([['a', 'older']]);
});

test('changes meet a table that grows: none is lost, none refused', async () => {
  const current = bed.store.requireTable(table);
  const wanted = [...current.schema, field('more', 'INTEGER')];
  const { schema, alterations } = changeSchema(current, wanted);
  const answers = Promise.all(
    Array.from({ length: 20 }, (_, n) => send(upsert(String(n).padStart(2, '0'), 'x'))),
  );
  await bed.store.updateTable(changedTable(current, { schema }), alterations);
  expect((await answers).filter(({ error }) => error)).toEqual([]);
  expect(await stored()).toHaveLength(20);
});

test('a key may have several columns, in any case', async () => {
  table = await bed.createTable(
    `compound${tables}`,
    [field('id', 'STRING'), field('v', 'STRING')],
    { tableConstraints: { primaryKey: { columns: ['id', 'V'] } } },
  );
  await send(upsert('a', '1'), upsert('a', '2'), upsert('a', '1'));
  expect(await stored()).toEqual([
    ['a', '1'],
    ['a', '2'],
  ]);
  expect((await send(remove('a'))).rowErrors).toHaveLength(1);
  await send({ id: 'a', v: '2', type: 'DELETE' });
  expect(await stored()).toEqual([['a', '1']]);
});
