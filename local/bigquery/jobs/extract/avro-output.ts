import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deflateRawSync } from 'node:zlib';
import { BigQueryError } from '../../errors.ts';
import type { ResultRows } from '../../query/results/result-rows.ts';
import type { ResultField } from '../../query/results/result-schema.ts';
import { AvroBytes } from '../../storage-read/formats/avro-bytes.ts';
import { avroFormat } from '../../storage-read/formats/avro-format.ts';

const STEP = 1000;

/** An object container file: https://avro.apache.org/docs/1.12.0/specification/#object-container-files */
export async function writeAvro(
  file: string,
  fields: readonly ResultField[],
  rows: ResultRows,
  compression: string,
): Promise<void> {
  if (compression !== 'NONE' && compression !== 'DEFLATE') {
    throw new BigQueryError(
      'notImplemented',
      `The compression ${compression} of Avro is not supported by the local server`,
    );
  }
  await pipeline(
    Readable.from(blocks(fields, rows, compression === 'DEFLATE')),
    createWriteStream(file),
  );
}

function* blocks(
  fields: readonly ResultField[],
  rows: ResultRows,
  deflates: boolean,
): Generator<Uint8Array> {
  const format = avroFormat(fields);
  const schema = 'avroSchema' in format.schema ? (format.schema.avroSchema?.schema ?? '') : '';
  const sync = randomBytes(16);
  const bytes = new AvroBytes();
  yield Buffer.from('Obj\u0001', 'latin1');
  bytes.int(2);
  for (const [key, value] of [
    ['avro.schema', schema],
    ['avro.codec', deflates ? 'deflate' : 'null'],
  ] as const) {
    bytes.string(key);
    bytes.string(value);
  }
  bytes.int(0);
  yield bytes.take();
  yield sync;
  for (let at = 0; at < rows.count; at += STEP) {
    const part = rows.slice(at, Math.min(at + STEP, rows.count));
    const columns = fields.map((_, index) => part.map((row) => row[index] ?? null));
    const encoded = format.encode(columns, part.length);
    const own = 'avroRows' in encoded ? encoded.avroRows?.serializedBinaryRows : undefined;
    const data = Buffer.from(own as Uint8Array);
    bytes.int(part.length);
    bytes.bytes(deflates ? deflateRawSync(data) : data);
    yield bytes.take();
    yield sync;
  }
}
