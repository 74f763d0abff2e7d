import { CompressionType, compressionRegistry, tableFromIPC } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeAvroRows, unscaled } from '../../../beds/avro-rows.ts';
import { type BigQueryBed, startBigQueryBed } from '../../../beds/bigquery-bed.ts';
import {
  createSession,
  type ReadClient,
  type ReadResponse,
  type ReadSession,
  readClient,
  readResponses,
  tablePath,
} from '../../../beds/storage-read-bed.ts';

// A machine under load needs longer than the usual time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const COLUMNS = `i INT64 NOT NULL, s STRING, b BYTES, f FLOAT64, n NUMERIC, bn BIGNUMERIC, bo BOOL, ts TIMESTAMP,
  d DATE, dt DATETIME, t TIME, j JSON, a ARRAY<INT64>, r STRUCT<x INT64, y ARRAY<STRUCT<z STRING, w NUMERIC>>>`;
const BIG = '-578960446186580977117854925043439539266.34992332820282019728792003956564819968';
const FULL = `1, 'é', b'\\x00\\xff', -0.5, NUMERIC '-12345678901234567890123456789.123456789', BIGNUMERIC '${BIG}', TRUE,
  TIMESTAMP '1969-12-31 23:59:59.999999 UTC', DATE '0001-01-01', DATETIME '9999-12-31 23:59:59.999999', TIME '23:59:59.999999',
  JSON '{"a":12345678901234567}', [1, -9223372036854775808], STRUCT(7, [STRUCT('q', NUMERIC '1.5'), STRUCT(NULL, NULL)])`;
const EMPTY = `2, ${Array(13).fill('NULL').join(', ')}`;

let bed: BigQueryBed;
let client: ReadClient;

beforeAll(async () => {
  bed = await startBigQueryBed();
  await bed.bigquery.createDataset('d');
  await bed.bigquery.query(`CREATE TABLE d.types (${COLUMNS})`);
  await bed.bigquery.query(`INSERT d.types VALUES (${FULL}), (${EMPTY})`);
  client = readClient(bed.grpcPort);
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

async function readAll(readSession: ReadSession) {
  const session = await createSession(client, { table: tablePath('d', 'types'), ...readSession });
  const responses = await readResponses(client, session.streams?.[0]?.name ?? '');
  return { session, responses };
}

function arrowTable(session: ReadSession, responses: readonly ReadResponse[]) {
  return tableFromIPC([
    session.arrowSchema?.serializedSchema as Uint8Array,
    ...responses.map(
      ({ arrowRecordBatch }) => arrowRecordBatch?.serializedRecordBatch as Uint8Array,
    ),
  ]);
}

describe('Avro', () => {
  test('every type is exact', async () => {
    const { session, responses } = await readAll({ dataFormat: 'AVRO' });
    const schema = session.avroSchema?.schema ?? '';
    const bytes = responses.map(({ avroRows }) => avroRows?.serializedBinaryRows as Uint8Array);
    const [full, empty] = decodeAvroRows(schema, Buffer.concat(bytes));
    expect(full).toMatchObject({
      i: 1n,
      s: 'é',
      f: -0.5,
      bo: true,
      // avsc reads a logical type's long as a number.
      ts: -1,
      d: -719_162,
      dt: '9999-12-31T23:59:59.999999',
      t: 86_399_999_999,
      j: '{"a":12345678901234567}',
      a: [1n, -(2n ** 63n)],
    });
    expect(Buffer.from(full?.['b'] as Uint8Array).toString('hex')).toBe('00ff');
    expect(unscaled(full?.['n'] as Uint8Array)).toBe(-12345678901234567890123456789_123456789n);
    expect(unscaled(full?.['bn'] as Uint8Array)).toBe(BigInt(BIG.replace('.', '')));
    const record = full?.['r'] as { x: bigint; y: { z: string | null; w: Uint8Array | null }[] };
    expect(record.x).toBe(7n);
    expect(record.y.map(({ z }) => z)).toEqual(['q', null]);
    expect(unscaled(record.y[0]?.w ?? Buffer.alloc(1))).toBe(1_500_000_000n);
    expect(empty).toMatchObject({ i: 2n, s: null, bn: null, a: [], r: null });
  });

  test('the schema has the logical types of the documentation', async () => {
    const { session } = await readAll({ dataFormat: 'AVRO' });
    const { fields } = JSON.parse(session.avroSchema?.schema ?? '') as {
      fields: { name: string; type: unknown }[];
    };
    expect(Object.fromEntries(fields.map(({ name, type }) => [name, type]))).toMatchObject({
      i: 'long',
      n: ['null', { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 9 }],
      bn: ['null', { type: 'bytes', logicalType: 'decimal', precision: 77, scale: 38 }],
      ts: ['null', { type: 'long', logicalType: 'timestamp-micros' }],
      d: ['null', { type: 'int', logicalType: 'date' }],
      dt: ['null', { type: 'string', logicalType: 'datetime' }],
      t: ['null', { type: 'long', logicalType: 'time-micros' }],
      j: ['null', { type: 'string', sqlType: 'JSON' }],
      a: { type: 'array', items: 'long' },
    });
  });
});

describe('Arrow', () => {
  test.each(['COMPRESSION_UNSPECIFIED', 'LZ4_FRAME', 'ZSTD'] as const)(
    'every type is exact (%s)',
    async (bufferCompression) => {
      const { session, responses } = await readAll({
        dataFormat: 'ARROW',
        readOptions: { arrowSerializationOptions: { bufferCompression } },
      });
      // The library has no codecs of its own; a buffer that is not compressed needs none.
      for (const type of [CompressionType.LZ4_FRAME, CompressionType.ZSTD]) {
        compressionRegistry.set(type, { decode: (data) => data });
      }
      const table = arrowTable(session, responses);
      const types = table.schema.fields.map(({ name, type }) => `${name} ${type}`);
      expect(types).toEqual([
        'i Int64',
        's Utf8',
        'b Binary',
        'f Float64',
        'n Decimal[38e+9]',
        'bn Decimal[76e+38]',
        'bo Bool',
        'ts Timestamp<MICROSECOND, UTC>',
        'd Date32<DAY>',
        'dt Timestamp<MICROSECOND>',
        't Time64<MICROSECOND>',
        'j Utf8',
        'a List<Int64>',
        'r Struct<{x:Int64, y:List<Struct<{z:Utf8, w:Decimal[38e+9]}>>}>',
      ]);
      const values = (name: string) => table.getChild(name)?.data[0]?.values as ArrayLike<unknown>;
      expect(values('ts')[0]).toBe(-1n);
      expect(values('d')[0]).toBe(-719_162);
      expect(values('dt')[0]).toBe(253_402_300_799_999_999n);
      expect(values('t')[0]).toBe(86_399_999_999n);
      expect(wordsOf(values('n'), 4)).toBe(-12345678901234567890123456789_123456789n);
      expect(wordsOf(values('bn'), 8)).toBe(BigInt(BIG.replace('.', '')));
      const [full, empty] = table.toArray().map((row) => JSON.parse(JSON.stringify(row, plain)));
      expect(full).toMatchObject({
        i: '1n',
        s: 'é',
        b: { 0: 0, 1: 255 },
        f: -0.5,
        bo: true,
        j: '{"a":12345678901234567}',
        a: ['1n', '-9223372036854775808n'],
        r: { x: '7n', y: [{ z: 'q' }, { z: null, w: null }] },
      });
      expect(empty).toMatchObject({ i: '2n', s: null, bn: null, ts: null, a: [], r: null });
    },
  );
});

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

/** A decimal of words of 32 bits, the least significant first. */
function wordsOf(values: ArrayLike<unknown>, count: number): bigint {
  const words = Array.from({ length: count }, (_, index) => BigInt(values[index] as number));
  const whole = words.reduceRight((sum, word) => (sum << 32n) | word, 0n);
  return BigInt.asIntN(count * 32, whole);
}
