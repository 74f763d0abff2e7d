import { once } from 'node:events';
import { managedwriter, protos, v1 } from '@google-cloud/bigquery-storage';
import { credentials } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { quoteTable } from '../../../local/bigquery/tables/duckdb-types.ts';
import type { Field, Table, TableRef } from '../../../local/bigquery/tables/schema.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../beds/storage-write-bed.ts';

type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Request = protos.google.cloud.bigquery.storage.v1.IAppendRowsRequest;
type FieldProto = protos.google.protobuf.IFieldDescriptorProto;

const { StorageError } = protos.google.cloud.bigquery.storage.v1;
const { Type, Label } = protos.google.protobuf.FieldDescriptorProto;
const NOW = new Date('2026-11-21T12:00:00Z');

let bed: StorageWriteBed;
let client: InstanceType<typeof v1.BigQueryWriteClient>;

beforeAll(async () => {
  bed = await startStorageWriteBed(() => NOW);
  client = new v1.BigQueryWriteClient({
    projectId: 'demo',
    apiEndpoint: '127.0.0.1',
    port: bed.port,
    sslCreds: credentials.createInsecure(),
  });
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

/** One connection, used request by request. */
function connect() {
  const stream = client.appendRows();
  const answers: Response[] = [];
  let status: { code: number; message: string; storageErrors: unknown[] } | undefined;
  stream.on('data', (answer: Response) => answers.push(answer));
  stream.on('error', (error: Error & { code: number }) => {
    const storageErrors = managedwriter.parseStorageErrors(error as never);
    status = { code: error.code, message: error.message, storageErrors };
  });
  return {
    write: (request: Request) => stream.write(request),
    async answer(request: Request): Promise<Response> {
      stream.write(request);
      await once(stream, 'data');
      return answers.at(-1) ?? {};
    },
    async finish() {
      const closed = once(stream, 'end').catch(() => {});
      stream.end();
      await closed;
      return { answers, status };
    },
    async failure() {
      if (!status) await once(stream, 'error').catch(() => {});
      return status;
    },
  };
}

let tables = 0;

async function makeTable(schema: Field[], more?: Partial<Table>): Promise<TableRef> {
  tables++;
  return await bed.createTable(`table_${tables}`, schema, more);
}

function request(ref: TableRef, fields: FieldProto[], rows: Uint8Array[]): Request {
  return {
    writeStream: `${tablePath(ref)}/streams/_default`,
    protoRows: {
      writerSchema: { protoDescriptor: { name: 'Row', field: fields } },
      rows: { serializedRows: rows },
    },
  };
}

function proto(name: string, number: number, type: number, more: FieldProto = {}): FieldProto {
  return { name, number, type, label: Label.LABEL_OPTIONAL, ...more };
}

/** Bytes of a row, written by protobufjs field by field. */
function row(write: (writer: protobuf.Writer) => protobuf.Writer): Uint8Array {
  return write(protobuf.Writer.create()).finish();
}

/** protobufjs takes 64 bits as two words. */
function int64(decimal: string): protobuf.Long {
  const bits = BigInt(decimal);
  const low = Number(BigInt.asIntN(32, bits));
  return { low, high: Number(BigInt.asIntN(32, bits >> 32n)), unsigned: false } as protobuf.Long;
}

/** Appends rows to a table with one column, and returns the rows or the error. */
async function appendOne(
  column: Field,
  sent: FieldProto,
  rows: Uint8Array[],
  more?: Partial<Table>,
) {
  const ref = await makeTable([column], more);
  const connection = connect();
  const answer = await connection.answer(request(ref, [sent], rows));
  await connection.finish();
  const stored = await bed.query(`SELECT * FROM ${quoteTable(ref)}`);
  return { answer, stored: stored.map((cells) => cells[0]) };
}

const rowErrors = (answer: Response) => answer.rowErrors?.map(({ index }) => Number(index));

describe('the protobuf types of each column', () => {
  test.each<[string, Field['type'], number, (w: protobuf.Writer) => protobuf.Writer, unknown]>([
    ['uint32', 'INTEGER', Type.TYPE_UINT32, (w) => w.uint32(8).uint32(2 ** 32 - 1), '4294967295'],
    ['int32', 'INTEGER', Type.TYPE_INT32, (w) => w.uint32(8).int32(-7), '-7'],
    ['float', 'FLOAT', Type.TYPE_FLOAT, (w) => w.uint32(13).float(0.5), 0.5],
    ['uint64', 'NUMERIC', Type.TYPE_UINT64, (w) => w.uint32(8).uint64(7), '7.000000000'],
    ['float', 'NUMERIC', Type.TYPE_FLOAT, (w) => w.uint32(13).float(0.5), '0.500000000'],
    ['int64', 'BOOLEAN', Type.TYPE_INT64, (w) => w.uint32(8).int64(2), true],
    ['string', 'NUMERIC', Type.TYPE_STRING, (w) => w.uint32(10).string('+1.50'), '1.500000000'],
    [
      'bytes',
      'NUMERIC',
      Type.TYPE_BYTES,
      (w) => w.uint32(10).bytes(Buffer.from('00286bee', 'hex')),
      '-0.294967296',
    ],
    ['string', 'DATE', Type.TYPE_STRING, (w) => w.uint32(10).string('2026-01-02'), '2026-01-02'],
    ['int64', 'DATE', Type.TYPE_INT64, (w) => w.uint32(8).int64(-1), '1969-12-31'],
    [
      'a packed int64',
      'DATETIME',
      Type.TYPE_INT64,
      // 2006-01-02 03:04:05.000006, packed as the CivilTimeEncoder of the Java client does
      (w) => w.uint32(8).int64(int64('141164386903392262')),
      '2006-01-02 03:04:05.000006',
    ],
    [
      'a packed int64',
      'TIME',
      Type.TYPE_INT64,
      (w) => w.uint32(8).int64(3 * 2 ** 32 + 4 * 2 ** 26 + 5 * 2 ** 20 + 6),
      '03:04:05.000006',
    ],
    ['string', 'STRING', Type.TYPE_STRING, (w) => w.uint32(10).string('\ufffd\0'), '\ufffd\0'],
  ])('%s for %s', async (_, type, protoType, write, expected) => {
    const { answer, stored } = await appendOne(field('c', type), proto('C', 1, protoType), [
      row(write),
    ]);
    expect(answer.error).toBeFalsy();
    expect(stored).toStrictEqual([expected]);
  });

  test('packed and unpacked numbers, in any mixture', async () => {
    const column = field('c', 'INTEGER', { mode: 'REPEATED' });
    const sent = proto('c', 1, Type.TYPE_INT64, { label: Label.LABEL_REPEATED });
    const mixed = row((w) => w.uint32(8).int64(1).uint32(10).fork().int64(2).int64(300).ldelim());
    const { answer, stored } = await appendOne(column, sent, [mixed]);
    expect(answer.error).toBeFalsy();
    expect(stored).toStrictEqual([['1', '2', '300']]);
  });
});

describe('rows that are refused, by index', () => {
  const good = {
    STRING: row((w) => w.uint32(10).string('good')),
    JSON: row((w) => w.uint32(10).string('{"a":1}')),
    NUMERIC: row((w) => w.uint32(10).string('1')),
    TIMESTAMP: row((w) => w.uint32(8).int64(0)),
  };

  test.each<[string, keyof typeof good, number, Uint8Array]>([
    ['a length beyond the end', 'STRING', Type.TYPE_STRING, Buffer.of(10, 100, 65)],
    ['an endless varint', 'TIMESTAMP', Type.TYPE_INT64, Buffer.alloc(12, 0xff)],
    ['another wire type', 'STRING', Type.TYPE_STRING, Buffer.of(8, 1)],
    ['a field that the descriptor lacks', 'STRING', Type.TYPE_STRING, Buffer.of(16, 1)],
    ['invalid UTF-8', 'STRING', Type.TYPE_STRING, Buffer.of(10, 2, 0xc3, 0x28)],
    ['no JSON', 'JSON', Type.TYPE_STRING, row((w) => w.uint32(10).string('{bad'))],
    ['a lone surrogate', 'JSON', Type.TYPE_STRING, row((w) => w.uint32(10).string('"\\ud800"'))],
    [
      'JSON that is too deep',
      'JSON',
      Type.TYPE_STRING,
      row((w) => w.uint32(10).string('['.repeat(501) + ']'.repeat(501))),
    ],
    ['too many digits', 'NUMERIC', Type.TYPE_STRING, row((w) => w.uint32(10).string('1e29'))],
    ['digits lost', 'NUMERIC', Type.TYPE_STRING, row((w) => w.uint32(10).string('1e-10'))],
    ['no number', 'NUMERIC', Type.TYPE_STRING, row((w) => w.uint32(10).string('one'))],
    [
      'the year 10000',
      'TIMESTAMP',
      Type.TYPE_INT64,
      row((w) => w.uint32(8).int64(int64('253402300800000000'))),
    ],
    [
      'the year 0',
      'TIMESTAMP',
      Type.TYPE_INT64,
      row((w) => w.uint32(8).int64(int64('-62135596800000001'))),
    ],
  ])('%s in %s', async (_, type, protoType, bad) => {
    const rows = [good[type], bad, good[type], bad];
    const { answer, stored } = await appendOne(field('c', type), proto('c', 1, protoType), rows);
    expect(answer.error?.code).toBe(3);
    expect(rowErrors(answer)).toStrictEqual([1, 3]);
    expect(stored).toStrictEqual([]);
  });

  test('a REQUIRED column without a value', async () => {
    const column = field('c', 'STRING', { mode: 'REQUIRED' });
    const rows = [good.STRING, new Uint8Array()];
    const { answer } = await appendOne(column, proto('c', 1, Type.TYPE_STRING), rows);
    expect(rowErrors(answer)).toStrictEqual([1]);
  });

  test.each<['TIMESTAMP' | 'DATE', number, number]>([
    ['TIMESTAMP', Type.TYPE_INT64, 1000],
    ['DATE', Type.TYPE_INT32, 1 / 86_400_000],
  ])('partitions by %s outside of 10 years back to 1 year ahead', async (type, wire, perMs) => {
    const days = ['2016-11-20', '2016-11-22', '2027-11-21', '2027-11-22'];
    const rows = days.map((day) => row((w) => w.uint32(8).int64(Date.parse(day) * perMs)));
    const partitioned = { timePartitioning: { type: 'DAY' as const, field: 'c' } };
    const { answer } = await appendOne(field('c', type), proto('c', 1, wire), rows, partitioned);
    expect(rowErrors(answer)).toStrictEqual([0, 3]);
  });
});

describe('schemas that do not match end the connection', () => {
  async function refusal(columns: Field[], sent: FieldProto) {
    const ref = await makeTable(columns);
    const connection = connect();
    connection.write(request(ref, [sent], [new Uint8Array()]));
    return { ...(await connection.failure()), entity: `${tablePath(ref)}/streams/_default` };
  }

  test('a field that the table lacks, as the managed writer reads it', async () => {
    const column = field('c', 'STRING');
    const { code, storageErrors, entity } = await refusal(
      [column],
      proto('d', 1, Type.TYPE_STRING),
    );
    expect(code).toBe(3);
    expect(storageErrors).toMatchObject([
      {
        code: StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS,
        entity,
        errorMessage: 'Schema mismatch due to extra fields in user schema',
      },
    ]);
  });

  test.each<[string, Field, FieldProto]>([
    ['another type', field('c', 'TIMESTAMP'), proto('c', 1, Type.TYPE_STRING)],
    ['a type that no column takes', field('c', 'INTEGER'), proto('c', 1, Type.TYPE_SINT64)],
    ['an integer for a FLOAT', field('c', 'FLOAT'), proto('c', 1, Type.TYPE_INT64)],
    [
      'a text for a RECORD',
      field('c', 'RECORD', { fields: [field('d', 'STRING')] }),
      proto('c', 1, Type.TYPE_STRING),
    ],
    [
      'a list for one value',
      field('c', 'STRING'),
      proto('c', 1, Type.TYPE_STRING, { label: Label.LABEL_REPEATED }),
    ],
    [
      'one value for a list',
      field('c', 'STRING', { mode: 'REPEATED' }),
      proto('c', 1, Type.TYPE_STRING),
    ],
    [
      'a message that is not in the schema',
      field('c', 'RECORD', { fields: [field('d', 'STRING')] }),
      proto('c', 1, Type.TYPE_MESSAGE, { typeName: 'Elsewhere' }),
    ],
  ])('%s', async (_, column, sent) => {
    expect(await refusal([column], sent)).toMatchObject({ code: 3, storageErrors: [] });
  });

  test('a REQUIRED column that the message lacks', async () => {
    const columns = [field('a', 'STRING'), field('b', 'STRING', { mode: 'REQUIRED' })];
    const { code } = await refusal(columns, proto('a', 1, Type.TYPE_STRING));
    expect(code).toBe(3);
  });
});

describe('a connection', () => {
  const text = proto('c', 1, Type.TYPE_STRING);
  const hello = row((w) => w.uint32(10).string('hello'));

  test('accepts later requests without stream and schema, even after an error', async () => {
    const ref = await makeTable([field('c', 'STRING')]);
    const connection = connect();
    const rest = (rows: Uint8Array[]) => ({ protoRows: { rows: { serializedRows: rows } } });
    connection.write(request(ref, [text], [hello]));
    connection.write(rest([Buffer.of(1)]));
    connection.write(rest([hello, hello]));
    const { answers } = await connection.finish();
    expect(answers.map((answer) => (answer.appendResult ? 'appendResult' : 'error'))).toStrictEqual(
      ['appendResult', 'error', 'appendResult'],
    );
    expect(answers[0]?.writeStream).toBe(`${tablePath(ref)}/streams/_default`);
    expect(answers[0]?.appendResult?.offset ?? null).toBeNull();
    expect(await bed.query(`SELECT * FROM ${quoteTable(ref)}`)).toHaveLength(3);
  });

  test('accepts the short name of the default stream', async () => {
    const ref = await makeTable([field('c', 'STRING')]);
    const connection = connect();
    const answer = await connection.answer({
      ...request(ref, [text], [hello]),
      writeStream: `${tablePath(ref)}/_default`,
    });
    await connection.finish();
    expect(answer.error).toBeFalsy();
  });

  test('ends with NOT_FOUND if the table is missing', async () => {
    const connection = connect();
    connection.write(request({ projectId: 'demo', datasetId: 'x', tableId: 'y' }, [text], []));
    expect(await connection.failure()).toMatchObject({ code: 5 });
  });

  test.each<[string, (ref: TableRef) => Request[]]>([
    ['no stream in its first request', () => [{ protoRows: { rows: { serializedRows: [] } } }]],
    [
      'a stream that is no name',
      (ref) => [{ ...request(ref, [text], []), writeStream: tablePath(ref) }],
    ],
  ])('ends with INVALID_ARGUMENT for %s', async (_, requests) => {
    const ref = await makeTable([field('c', 'STRING')]);
    const connection = connect();
    for (const sent of requests(ref)) connection.write(sent);
    expect(await connection.failure()).toMatchObject({ code: 3 });
  });

  test('rejects invalid appends to a default stream, and continues', async () => {
    const ref = await makeTable([field('c', 'STRING')]);
    const connection = connect();
    const whole = request(ref, [text], [hello]);
    const code = async (sent: Request) => (await connection.answer(sent)).error?.code;
    expect(await code({ ...whole, protoRows: { rows: { serializedRows: [hello] } } })).toBe(3);
    expect(await code({ ...whole, offset: { value: 0 } })).toBe(3);
    expect(await code({ ...whole, protoRows: { rows: { serializedRows: [] } } })).toBe(3);
    const large = row((w) => w.uint32(10).string('x'.repeat(10 * 1024 * 1024)));
    expect(await code(request(ref, [text], [large]))).toBe(3);
    expect(await code(whole)).toBeUndefined();
    await connection.finish();
  });

  test('reports a new column with the next response', async () => {
    const ref = await makeTable([field('c', 'STRING')]);
    const connection = connect();
    const first = await connection.answer(request(ref, [text], [hello]));
    const table = bed.store.requireTable(ref);
    const schema = [...table.schema, field('d', 'INTEGER')];
    await bed.store.updateTable({ ...table, schema, schemaVersion: 2 }, [
      `ALTER TABLE ${quoteTable(ref)} ADD COLUMN d BIGINT`,
    ]);
    const again = { protoRows: { rows: { serializedRows: [hello] } } };
    const second = await connection.answer(again);
    const third = await connection.answer(again);
    await connection.finish();
    expect(first.updatedSchema ?? null).toBeNull();
    expect(second.updatedSchema?.fields?.map(({ name }) => name)).toStrictEqual(['c', 'd']);
    expect(third.updatedSchema ?? null).toBeNull();
    expect(await bed.query(`SELECT * FROM ${quoteTable(ref)}`)).toHaveLength(3);
  });
});

test('GetWriteStream returns the schema only in the full view', async () => {
  const ref = await makeTable([field('c', 'STRING', { mode: 'REQUIRED' })]);
  const name = `${tablePath(ref)}/streams/_default`;
  const [basic] = await client.getWriteStream({ name });
  const [full] = await client.getWriteStream({ name, view: 'FULL' });
  expect(basic).toMatchObject({ name, type: 'COMMITTED', tableSchema: null });
  expect(full.tableSchema?.fields).toMatchObject([{ name: 'c', type: 'STRING', mode: 'REQUIRED' }]);
  const missing = client.getWriteStream({ name: name.replace('_default', 'other') });
  await expect(missing).rejects.toMatchObject({ code: 5 });
});

test('stopping ends open connections with OK, whatever was answered on them', async () => {
  const own = await startStorageWriteBed();
  const ref = await own.createTable('t', [field('c', 'STRING')]);
  const ownClient = new v1.BigQueryWriteClient({
    projectId: 'demo',
    apiEndpoint: '127.0.0.1',
    port: own.port,
    sslCreds: credentials.createInsecure(),
  });
  const stream = ownClient.appendRows();
  const answers: Response[] = [];
  const hello = row((w) => w.uint32(10).string('hello'));
  const sent = request(ref, [proto('c', 1, Type.TYPE_STRING)], [hello]);
  stream.on('data', (answer: Response) => answers.push(answer));
  stream.write(sent);
  await once(stream, 'data');
  stream.write(sent);
  stream.write(sent);
  const ended = once(stream, 'end');
  await expect.poll(() => answers.length).toBe(3);
  await own.stop();
  await ended;
  expect(answers.filter(({ error }) => error)).toStrictEqual([]);
  await ownClient.close();
});

test('a taken port is an error', async () => {
  const { startStorageWrite } = await import('../../../local/bigquery/storage-write/main.ts');
  await expect(startStorageWrite(bed.store, { port: bed.port })).rejects.toThrow(String(bed.port));
});
