import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { unsnappy } from '../../../local/bigquery/jobs/load/unsnappy.ts';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';

// A machine under load needs longer than the usual time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SCHEMA = {
  type: 'record',
  name: 'row',
  fields: [
    { name: 'i', type: 'long' },
    { name: 's', type: ['null', 'string'] },
    { name: 'b', type: ['null', 'bytes'] },
    { name: 'f', type: ['null', 'double'] },
    { name: 'n', type: { type: 'bytes', logicalType: 'decimal', precision: 10, scale: 2 } },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'd', type: { type: 'int', logicalType: 'date' } },
    { name: 't', type: { type: 'long', logicalType: 'time-micros' } },
    { name: 'e', type: { type: 'enum', name: 'kind', symbols: ['A', 'B'] } },
    { name: 'l', type: { type: 'array', items: 'string' } },
    {
      name: 'r',
      type: ['null', { type: 'record', name: 'inner', fields: [{ name: 'x', type: 'int' }] }],
    },
  ],
};
const ROW = {
  i: 5,
  s: 'é',
  b: Buffer.from([0, 255]),
  f: 0.5,
  n: Buffer.from([0xff, 0x6a]),
  ts: 1_700_000_000_123,
  d: -1,
  t: 1,
  e: 'B',
  l: ['a', 'b'],
  r: { x: 7 },
};
const EMPTY = { ...ROW, i: 6, s: null, b: null, f: null, l: [], r: null };

let bed: BigQueryBed;
let folder: string;

beforeAll(async () => {
  bed = await startBigQueryBed();
  folder = await mkdtemp(join(tmpdir(), 'avro-'));
  await bed.bigquery.createDataset('d');
});

afterAll(() => bed.stop());

/** A block of Snappy with one literal of at most 64 KB, and a checksum that nobody reads. */
function snap(data: Buffer, done: (error: null, data: Buffer) => void): void {
  const varint: number[] = [];
  for (let rest = data.length; ; rest >>>= 7) {
    varint.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  const size = data.length - 1;
  const literal = Buffer.from([...varint, 61 << 2, size & 0xff, size >> 8]);
  done(null, Buffer.concat([literal, data, Buffer.alloc(4)]));
}

async function file(name: string, codec: string): Promise<string> {
  const path = join(folder, name);
  const codecs = { ...avro.streams.BlockEncoder.defaultCodecs(), snappy: snap };
  // As a Type, the schema would lose its logical types.
  const encoder = new avro.streams.BlockEncoder(
    SCHEMA as never,
    {
      codec,
      codecs,
    } as never,
  );
  const output = encoder.pipe(createWriteStream(path));
  encoder.write(ROW);
  encoder.end(EMPTY);
  await once(output, 'close');
  return path;
}

test.each(['null', 'deflate', 'snappy'])('a file with codec %s', async (codec) => {
  const table = bed.bigquery.dataset('d').table(`by_${codec}`);
  await table.load(await file(`${codec}.avro`, codec), {
    sourceFormat: 'AVRO',
    useAvroLogicalTypes: true,
  });
  const [{ schema }] = await table.getMetadata();
  const types = schema.fields.map((field: { name: string; type: string; mode: string }) =>
    [field.name, field.type, field.mode].join(' '),
  );
  expect(types).toEqual([
    'i INTEGER REQUIRED',
    's STRING NULLABLE',
    'b BYTES NULLABLE',
    'f FLOAT NULLABLE',
    'n NUMERIC REQUIRED',
    'ts TIMESTAMP REQUIRED',
    'd DATE REQUIRED',
    't TIME REQUIRED',
    'e STRING REQUIRED',
    'l STRING REPEATED',
    'r RECORD NULLABLE',
  ]);
  const [rows] = await bed.bigquery.query(
    `SELECT TO_JSON_STRING(whole) AS j FROM d.by_${codec} AS whole ORDER BY i`,
  );
  expect(rows.map(({ j }) => JSON.parse(j))).toEqual([
    {
      i: 5,
      s: 'é',
      b: 'AP8=',
      f: 0.5,
      n: '-1.5',
      ts: '2023-11-14T22:13:20.123Z',
      d: '1969-12-31',
      t: '00:00:00.000001',
      e: 'B',
      l: ['a', 'b'],
      r: { x: 7 },
    },
    expect.objectContaining({ i: 6, s: null, l: [], r: null }),
  ]);
});

test('without logical types, numbers stay numbers; a table keeps its own types', async () => {
  const path = await file('plain.avro', 'deflate');
  const table = bed.bigquery.dataset('d').table('plain');
  await table.load(path, { sourceFormat: 'AVRO' });
  const [rows] = await bed.bigquery.query('SELECT ts, d FROM d.plain WHERE i = 5');
  expect(rows).toEqual([{ ts: 1_700_000_000_123, d: -1 }]);
});

test('a file that is cut off or is none is refused, and nothing is loaded', async () => {
  const whole = await readFile(await file('whole.avro', 'deflate'));
  for (const bytes of [whole.subarray(0, whole.length - 20), Buffer.from('id,name\n1,one\n')]) {
    const path = join(folder, 'broken.avro');
    await writeFile(path, bytes);
    const load = bed.bigquery.dataset('d').table('broken').load(path, { sourceFormat: 'AVRO' });
    await expect(load).rejects.toThrow(/Avro/);
  }
  const [exists] = await bed.bigquery.dataset('d').table('broken').exists();
  expect(exists).toBe(false);
});

test('Snappy: literals, and copies that overlap', () => {
  const block = Buffer.from([11, 2 << 2, 0x61, 0x62, 0x63, (4 << 2) | 1 | (0 << 5), 3]);
  expect(unsnappy(block).toString()).toBe('abcabcabcab');
  expect(() => unsnappy(block.subarray(0, 4))).toThrow(RangeError);
  expect(() => unsnappy(Buffer.from([4, (0 << 2) | 1, 9]))).toThrow(RangeError);
});
