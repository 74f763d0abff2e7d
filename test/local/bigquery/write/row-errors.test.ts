// Google's wording of errors, as its own clients' tests expect it, and the well-known types of protobuf.

import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteTable } from '../../../../local/bigquery/tables/duckdb-types.ts';
import type { Field } from '../../../../local/bigquery/tables/schema.ts';
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

const { Type, Label } = protos.google.protobuf.FieldDescriptorProto;
type FieldProto = protos.google.protobuf.IFieldDescriptorProto;
type Write = (writer: protobuf.Writer) => protobuf.Writer;

let bed: StorageWriteBed;
let client: WriteClient;
let tables = 0;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  client = openWriteClient(bed.port);
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

/** Appends rows to a table with one column `c`, and returns the response and what is stored. */
async function append(column: Field, sent: FieldProto, rows: readonly Write[]) {
  const ref = await bed.createTable(`t${++tables}`, [column]);
  const connection = new Connection(client);
  const descriptor = { name: 'c', number: 1, label: Label.LABEL_OPTIONAL, ...sent };
  const serializedRows = rows.map((write) => write(protobuf.Writer.create()).finish());
  const writeStream = `${tablePath(ref)}/streams/_default`;
  const answer = await connection.answer({
    writeStream,
    protoRows: {
      writerSchema: { protoDescriptor: { name: 'Row', field: [descriptor] } },
      rows: { serializedRows },
    },
  });
  await connection.close();
  const stored = await bed.query(`SELECT * FROM ${quoteTable(ref)} ORDER BY rowid`);
  const messages = answer.rowErrors?.map(({ index, code, message }) => [
    Number(index),
    code,
    message,
  ]);
  return { answer, stored: stored.map(([cell]) => cell), messages, writeStream };
}

const message = (typeName: string): FieldProto => ({ type: Type.TYPE_MESSAGE, typeName });
const wrapped = (write: Write): Write => {
  const inner = write(protobuf.Writer.create()).finish();
  return (writer) => writer.uint32(10).bytes(inner);
};

test('a text that is too long and an instant out of range', async () => {
  const text = field('c', 'STRING', { extra: { maxLength: '10' } });
  const rows: Write[] = ['aaabbbcccddd', 'bbb', 'cccdddeeefffggg'].map(
    (value) => (writer) => writer.uint32(10).string(value),
  );
  const long = await append(text, { type: Type.TYPE_STRING }, rows);
  const wording = (length: number) =>
    `Field c: STRING(10) has maximum length 10 but got a value with length ${length} on field c.`;
  expect(long.messages).toEqual([
    [0, 'FIELDS_ERROR', wording(12)],
    [2, 'FIELDS_ERROR', wording(15)],
  ]);
  expect(long.answer.error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    message: `Errors found while processing rows. Please refer to the row_errors field for details. The list may not be complete because of the size limitations. Entity: ${long.writeStream}`,
  });
  expect(long.stored).toEqual([]);
  const lowest = { low: 0, high: -(2 ** 31), unsigned: false } as protobuf.Long;
  const early = await append(field('c', 'TIMESTAMP'), { type: Type.TYPE_INT64 }, [
    (writer) => writer.uint32(8).int64(lowest),
  ]);
  expect(early.messages?.[0]?.[2]).toBe(
    'Timestamp field value is out of range: -9223372036854775808 on field c.',
  );
});

test('NUMERIC(p, s) rounds the digits after the point, and refuses too many before it', async () => {
  const column = field('c', 'NUMERIC', { extra: { precision: '4', scale: '2' } });
  const rows = (...values: string[]): Write[] =>
    values.map((value) => (writer) => writer.uint32(10).string(value));
  const type = { type: Type.TYPE_STRING };
  const { stored } = await append(column, type, rows('1.005', '-99.994', '0.001', '12'));
  expect(stored).toEqual(['1.010000000', '-99.990000000', '0.000000000', '12.000000000']);
  const { messages } = await append(column, type, rows('99.995', '100', '-100'));
  expect(messages?.map(([index]) => index)).toEqual([0, 1, 2]);
});

test('a TIMESTAMP of picoseconds keeps microseconds, and refuses finer values by name', async () => {
  const column = field('c', 'TIMESTAMP', { extra: { timestampPrecision: '12' } });
  const rows = (...values: string[]): Write[] =>
    values.map((value) => (writer) => writer.uint32(10).string(value));
  const type = { type: Type.TYPE_STRING };
  const exact = rows('2023-01-01T12:00:00.123456000000Z', '2023-01-01 12:00:00Z');
  expect((await append(column, type, exact)).stored).toEqual([
    '2023-01-01 12:00:00.123456+00',
    '2023-01-01 12:00:00+00',
  ]);
  const finer = rows('2023-01-01T12:00:00.123456789123Z', 'never');
  const { messages, stored } = await append(column, type, finer);
  expect(messages?.map(([, , message]) => message)).toEqual([
    'TIMESTAMP values finer than a microsecond are not supported by the local server, which keeps timestampPrecision 6 on field c.',
    'The text is not a valid TIMESTAMP on field c.',
  ]);
  expect(stored).toEqual([]);
});

test.each<[string, Field['type'], Write, unknown]>([
  ['Int64Value', 'INTEGER', (w) => w.uint32(8).int64(456), '456'],
  ['Int64Value', 'INTEGER', (w) => w, '0'],
  ['Int32Value', 'NUMERIC', (w) => w, '0.000000000'],
  ['UInt32Value', 'INTEGER', (w) => w.uint32(8).uint32(2 ** 32 - 1), '4294967295'],
  ['BoolValue', 'BOOLEAN', (w) => w.uint32(8).bool(true), true],
  ['StringValue', 'STRING', (w) => w.uint32(10).string('foo'), 'foo'],
  ['StringValue', 'STRING', (w) => w, ''],
  ['DoubleValue', 'FLOAT', (w) => w.uint32(9).double(0.1), 0.1],
  ['FloatValue', 'FLOAT', (w) => w.uint32(13).float(0.5), 0.5],
  ['BytesValue', 'BYTES', (w) => w.uint32(10).bytes(Buffer.from('ab')), 'ab'],
  [
    'Timestamp',
    'TIMESTAMP',
    (w) => w.uint32(8).int64(1_700_000_000).uint32(16).int32(123_456_789),
    '2023-11-14 22:13:20.123456+00',
  ],
])('google.protobuf.%s for %s', async (name, type, write, expected) => {
  const sent = message(`.google.protobuf.${name}`);
  const { answer, stored } = await append(field('c', type), sent, [wrapped(write), (w) => w]);
  expect(answer.error).toBeFalsy();
  expect(stored).toEqual([expected, null]);
});

test('a wrapper with other fields than its own is a row error', async () => {
  const { messages } = await append(field('c', 'INTEGER'), message('.google.protobuf.Int64Value'), [
    wrapped((w) => w.uint32(16).int64(1)),
    wrapped((w) => w.uint32(8).int64(1)),
  ]);
  expect(messages?.map(([index]) => index)).toEqual([0]);
});

test('a request without rows, and one that is too large, are refused, and the connection goes on', async () => {
  const ref = await bed.createTable(`t${++tables}`, [field('s', 'STRING')]);
  const stream = `${tablePath(ref)}/streams/_default`;
  const connection = new Connection(client);
  const empty = await connection.answer(texts(stream, []));
  expect(empty.error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    message: `Rows must be specified. Entity: ${stream}`,
  });
  const large = await connection.answer(texts(stream, ['x'.repeat(12 * 1024 * 1024)]));
  expect(large.error?.code).toBe(status.INVALID_ARGUMENT);
  expect(large.error?.message).toMatch(
    /^AppendRows request too large: \d+ limit 10485760 Entity: /,
  );
  expect((await connection.answer(texts(stream, ['a']))).error).toBeFalsy();
  await connection.close();
});

test('very many row errors are cut to what a response can hold', async () => {
  const name = 'c'.repeat(300);
  const rows = Array.from({ length: 5000 }, (): Write => (writer) => writer.uint32(10).string('{'));
  const { messages } = await append(field(name, 'JSON'), { name, type: Type.TYPE_STRING }, rows);
  expect(messages?.length).toBeGreaterThan(1000);
  expect(messages?.length).toBeLessThan(5000);
});
