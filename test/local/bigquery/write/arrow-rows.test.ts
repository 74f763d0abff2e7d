// Rows in Arrow's IPC format, written with Google's client.

import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import {
  Field as ArrowField,
  Binary,
  Bool,
  type DataType,
  DateDay,
  Decimal,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeBuilder,
  Schema,
  Struct,
  Table,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampNanosecond,
  Utf8,
  Vector,
} from 'apache-arrow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ArrowDecoder } from '../../../../local/bigquery/storage-write/rows/arrow/arrow-decoder.ts';
import { quoteTable } from '../../../../local/bigquery/tables/duckdb-types.ts';
import type { Field, TableRef } from '../../../../local/bigquery/tables/schema.ts';
import { Connection, openWriteClient, type WriteClient } from '../../../beds/append-client.ts';
import { arrowParts } from '../../../beds/arrow-parts.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../../beds/storage-write-bed.ts';

type Request = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;

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

/** A table of columns: a type and its values. A null value makes the column nullable. */
function arrowTable(columns: Record<string, [DataType, readonly unknown[]]>): Table {
  const entries = Object.entries(columns).map(([name, [type, values]]) => {
    const builder = makeBuilder({ type, nullValues: [null] });
    for (const value of values) builder.append(value);
    return { name, type, vector: new Vector([builder.finish().flush()]) };
  });
  const schema = new Schema(entries.map(({ name, type }) => new ArrowField(name, type, true)));
  return new Table(schema, Object.fromEntries(entries.map(({ name, vector }) => [name, vector])));
}

function request(ref: TableRef, sent: Table, stream = '_default'): Request {
  const { schema, batch } = arrowParts(sent);
  return {
    writeStream: `${tablePath(ref)}/streams/${stream}`,
    arrowRows: {
      writerSchema: { serializedSchema: schema },
      rows: { serializedRecordBatch: batch },
    },
  };
}

const makeTable = (schema: Field[]) => bed.createTable(`t${++tables}`, schema);

async function stored(ref: TableRef, columns = '*'): Promise<unknown[][]> {
  return await bed.query(`SELECT ${columns} FROM ${quoteTable(ref)} ORDER BY rowid`);
}

test('every type of a column that Arrow has', async () => {
  const ref = await makeTable([
    field('text', 'STRING'),
    field('whole', 'INTEGER'),
    field('small', 'INTEGER'),
    field('ratio', 'FLOAT'),
    field('half', 'FLOAT'),
    field('good', 'BOOLEAN'),
    field('blob', 'BYTES'),
    field('day', 'DATE'),
    field('clock', 'TIME'),
    field('at', 'TIMESTAMP'),
    field('civil', 'DATETIME'),
    field('price', 'NUMERIC'),
    field('doc', 'JSON'),
    field('tags', 'STRING', { mode: 'REPEATED' }),
    field('place', 'RECORD', { fields: [field('zip', 'INTEGER'), field('city', 'STRING')] }),
  ]);
  const micros = 1_767_323_045_678_901n;
  const timestamp = (zone?: string) => new TimestampMicrosecond(zone);
  const tags = new List(new ArrowField('item', new Utf8(), true));
  const place = new Struct([
    new ArrowField('City', new Utf8(), true),
    new ArrowField('zip', new Int64(), true),
  ]);
  const sent = arrowTable({
    TEXT: [new Utf8(), ['ä', null]],
    whole: [new Int64(), [-(2n ** 63n), null]],
    small: [new Int32(), [-7, null]],
    ratio: [new Float64(), [0.1, null]],
    half: [new Float32(), [0.5, null]],
    good: [new Bool(), [true, null]],
    blob: [new Binary(), [Buffer.from([0, 255]), null]],
    day: [new DateDay(), [new Date('2026-01-02'), null]],
    clock: [new TimeMicrosecond(), [3_723_000_004n, null]],
    at: [timestamp('UTC'), [Number(micros / 1000n), null]],
    civil: [timestamp(), [Number(micros / 1000n), null]],
    price: [new Decimal(9, 38, 128), [new Uint32Array([3_755_744_309, 2, 0, 0]), null]],
    doc: [new Utf8(), ['{"n": 1}', null]],
    tags: [tags, [['x', 'y'], null]],
    place: [place, [{ City: 'Oslo', zip: 150n }, null]],
  });
  const connection = new Connection(client);
  const { error, appendResult } = await connection.answer(request(ref, sent));
  await connection.close();
  expect(error).toBeFalsy();
  expect(appendResult).toBeTruthy();
  const columns = `text, whole, small, ratio, half, good, hex(blob), day::VARCHAR, clock::VARCHAR,
    epoch_ms("at"), civil::VARCHAR, price::VARCHAR, doc::VARCHAR, tags, place.city, place.zip`;
  const [row, empty] = await stored(ref, columns);
  expect(row?.map(String)).toEqual([
    'ä',
    '-9223372036854775808',
    '-7',
    '0.1',
    '0.5',
    'true',
    '00FF',
    '2026-01-02',
    '01:02:03.000004',
    String(micros / 1000n),
    '2026-01-02 03:04:05.678',
    '12.345678901',
    '{"n": 1}',
    'x,y',
    'Oslo',
    '150',
  ]);
  expect(empty?.filter((cell) => cell !== null && String(cell) !== '')).toEqual([]);
});

test('later requests need no schema, and streams keep their offsets', async () => {
  const ref = await makeTable([field('n', 'INTEGER')]);
  const writeStream = { type: 'COMMITTED' as const };
  const [{ name }] = await client.createWriteStream({ parent: tablePath(ref), writeStream });
  const stream = name?.split('/').at(-1) ?? '';
  const batch = (...values: bigint[]) => arrowTable({ n: [new Int64(), values] });
  const connection = new Connection(client);
  connection.write({ ...request(ref, batch(1n, 2n), stream), offset: { value: 0 } });
  for (const [offset, value] of [
    [2, 3n],
    [3, 4n],
  ] as const) {
    const { arrowRows } = request(ref, batch(value), stream);
    connection.write({ arrowRows: { rows: arrowRows?.rows ?? null }, offset: { value: offset } });
  }
  await expect.poll(() => connection.answers.length).toBe(3);
  await connection.close();
  const offsets = connection.answers.map(({ appendResult }) => Number(appendResult?.offset?.value));
  expect(offsets).toEqual([0, 2, 3]);
  expect((await stored(ref)).map(([n]) => Number(n))).toEqual([1, 2, 3, 4]);
});

test('bad rows are named by index, and nothing of the batch is written', async () => {
  const ref = await makeTable([
    field('doc', 'JSON'),
    field('name', 'STRING', { mode: 'REQUIRED', extra: { maxLength: '3' } }),
  ]);
  const connection = new Connection(client);
  const sent = arrowTable({
    doc: [new Utf8(), ['{}', '{bad', null, null]],
    name: [new Utf8(), ['a', 'b', null, 'long']],
  });
  const { error, rowErrors } = await connection.answer(request(ref, sent));
  await connection.close();
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  expect(rowErrors?.map(({ index, message }) => [Number(index), message])).toEqual([
    [1, 'The text is not valid JSON on field doc.'],
    [2, 'Field value is required on field name.'],
    [3, 'Field name: STRING(3) has maximum length 3 but got a value with length 4 on field name.'],
  ]);
  expect(await stored(ref)).toEqual([]);
});

test('an instant out of range or finer than a microsecond', async () => {
  const ref = await makeTable([field('at', 'TIMESTAMP')]);
  const batch = (value: bigint) => {
    const table = arrowTable({ at: [new TimestampNanosecond('UTC'), [0]] });
    const [data] = table.data;
    (data?.children[0]?.values as BigInt64Array)[0] = value;
    return table;
  };
  const connection = new Connection(client);
  const fine = await connection.answer(request(ref, batch(-1001n)));
  expect(fine.error).toBeFalsy();
  await connection.close();
  expect(await stored(ref, 'epoch_us("at")')).toEqual([['-2']]);
});

test.each<[string, Field, DataType]>([
  ['a text for INTEGER', field('c', 'INTEGER'), new Utf8()],
  ['an integer for STRING', field('c', 'STRING'), new Int64()],
  ['an instant with a zone for DATETIME', field('c', 'DATETIME'), new TimestampMicrosecond('UTC')],
  ['an instant without a zone for TIMESTAMP', field('c', 'TIMESTAMP'), new TimestampMicrosecond()],
  ['one value for a list', field('c', 'STRING', { mode: 'REPEATED' }), new Utf8()],
  ['a field that the table lacks', field('d', 'STRING'), new Utf8()],
  ['no REQUIRED column', field('d', 'STRING', { mode: 'REQUIRED' }), new Utf8()],
])('a schema that does not match ends the connection: %s', async (_, column, type) => {
  const ref = await makeTable([column]);
  const connection = new Connection(client);
  connection.write(request(ref, arrowTable({ c: [type, [null]] })));
  expect(await connection.ended()).toBe(status.INVALID_ARGUMENT);
});

function outcome(read: () => number): string {
  try {
    return String(read());
  } catch (cause) {
    return (cause as Error).name;
  }
}

test('bytes that are not Arrow are refused, and do no harm', async () => {
  const ref = await makeTable([field('s', 'STRING')]);
  const good = request(ref, arrowTable({ s: [new Utf8(), ['a', 'b']] }));
  const batch = good.arrowRows?.rows?.serializedRecordBatch as Uint8Array;
  const connection = new Connection(client);
  await connection.answer(good);
  const send = async (bytes: Uint8Array) => {
    const rows = { serializedRecordBatch: bytes };
    return (await connection.answer({ arrowRows: { rows } })).error?.code;
  };
  expect(await send(new Uint8Array())).toBe(status.INVALID_ARGUMENT);
  expect(await send(Buffer.from('no arrow at all'))).toBe(status.INVALID_ARGUMENT);
  // A seeded walk over the bytes of the batch: each must be answered, whatever it means now.
  for (let at = 0; at < batch.length; at += 3) {
    const broken = Uint8Array.from(batch);
    broken[at] = (broken[at] ?? 0) ^ 0x5f;
    const code = await send(broken);
    expect([undefined, status.INVALID_ARGUMENT]).toContain(code);
  }
  for (let end = 1; end < batch.length; end += 7) {
    const code = await send(batch.subarray(0, end));
    expect([undefined, status.INVALID_ARGUMENT]).toContain(code);
  }
  expect(await send(batch)).toBeUndefined();
  await connection.close();
  const texts = (await stored(ref)).map(([text]) => text);
  expect(texts.slice(0, 2)).toEqual(['a', 'b']);
  const schema = good.arrowRows?.writerSchema?.serializedSchema as Uint8Array;
  const table = bed.store.requireTable(ref);
  for (let at = 0; at < schema.length; at++) {
    for (const bits of [0x01, 0x5f, 0xff]) {
      const broken = Uint8Array.from(schema);
      broken[at] = (broken[at] ?? 0) ^ bits;
      const read = () => new ArrowDecoder(table, broken, 'entity').decode(batch).length;
      expect(outcome(read)).toMatch(/^(Refusal|2)$/);
    }
  }
  const bad = new Connection(client);
  bad.write({
    ...good,
    arrowRows: { ...good.arrowRows, writerSchema: { serializedSchema: batch } },
  });
  expect(await bad.ended()).toBe(status.INVALID_ARGUMENT);
});
