import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import avro from 'avsc';
import { BigQueryError } from '../../errors.ts';
import type { Cell } from '../../tables/cell.ts';
import { type Field, findField } from '../../tables/schema.ts';
import { bignumericText } from '../../values/bignumeric.ts';
import { parseText } from '../../values/parse-text.ts';
import { type AvroField, type AvroSchema, avroFields } from './avro-schema.ts';
import type { FileRow, LoadFile } from './load-file.ts';
import type { LoadOptions } from './load-options.ts';
import { unsnappy } from './unsnappy.ts';

const BATCH = 1000;

/** A `long` as a BigInt, because JavaScript's numbers end at 2^53. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: () => Buffer.alloc(8),
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: () => 0,
});

/** Opens an object container file. Its columns are those of its schema; a job or a table may say other types. */
export async function openAvro(
  file: string,
  options: LoadOptions,
  known: Field[] | undefined,
): Promise<LoadFile> {
  const { decoder, schema, sync } = await openDecoder(file);
  // The library takes a file that is cut off as one that has ended.
  if (!sync.equals(await lastBytes(file, sync.length))) throw corrupt(undefined);
  const fields = avroFields(schema, options.useAvroLogicalTypes);
  const declared = options.schema ?? known ?? [];
  const columns = fields.map((field) => withType(field, findField(declared, field.name)));
  return {
    schema: columns.map(plain),
    async *rows() {
      let batch: FileRow[] = [];
      try {
        for await (const record of decoder as AsyncIterable<Record<string, unknown>>) {
          batch.push({ cells: columns.map((field) => toCell(field, record[field.name] ?? null)) });
          if (batch.length < BATCH) continue;
          yield batch;
          batch = [];
        }
      } catch (cause) {
        if (cause instanceof BigQueryError) throw cause;
        throw corrupt(cause);
      }
      yield batch;
    },
  };
}

interface Opened {
  decoder: avro.streams.BlockDecoder;
  schema: AvroSchema;
  /** The mark at the end of each block. */
  sync: Buffer;
}

interface Header {
  meta: Record<string, Buffer>;
  sync: Buffer;
}

function openDecoder(file: string): Promise<Opened> {
  const decoder = new avro.streams.BlockDecoder({
    codecs: { null: raw, deflate: inflate, snappy: unsnap },
    // A logical type stays what it is in the file; toCell reads it.
    parseHook: (schema: unknown) =>
      avro.Type.forSchema(schema as avro.Schema, { wrapUnions: false, typeHook: exactLong }),
  } as never);
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(corrupt(cause));
    decoder.once('metadata', (_: unknown, __: unknown, { meta, sync }: Header) => {
      const schema = JSON.parse(String(meta['avro.schema'])) as AvroSchema;
      resolve({ decoder, schema, sync });
    });
    decoder.once('error', fail);
    decoder.once('end', () => fail(undefined));
    createReadStream(file).once('error', fail).pipe(decoder);
  });
}

async function lastBytes(file: string, count: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(count);
    await handle.read(bytes, 0, count, Math.max(size - count, 0));
    return bytes;
  } finally {
    await handle.close();
  }
}

function exactLong(schema: unknown): avro.Type | undefined {
  const type = typeof schema === 'string' ? schema : (schema as { type?: unknown }).type;
  return type === 'long' ? long : undefined;
}

type Codec = (data: Buffer, done: (error: Error | null, data?: Buffer) => void) => void;

const raw: Codec = (data, done) => done(null, data);

const inflate: Codec = (data, done) => {
  try {
    done(null, inflateRawSync(data));
  } catch (error) {
    done(error as Error);
  }
};

/** The last four bytes are a checksum. */
const unsnap: Codec = (data, done) => {
  try {
    done(null, unsnappy(data.subarray(0, -4)));
  } catch (error) {
    done(error as Error);
  }
};

function corrupt(cause: unknown): BigQueryError {
  return new BigQueryError(
    'invalid',
    'Error while reading data, error message: The Apache Avro library failed to parse the file',
    { cause },
  );
}

/** The file's column with the declared type, where values can be read as it. */
function withType(field: AvroField, declared: Field | undefined): AvroField {
  if (declared === undefined) return field;
  const fields = field.fields?.map((inner) =>
    withType(inner, findField(declared.fields ?? [], inner.name)),
  );
  const mode = declared.mode === 'REPEATED' ? field.mode : declared.mode;
  return { ...field, type: declared.type, mode, ...(fields && { fields }) };
}

function plain({ avro: _, fields, ...field }: AvroField): Field {
  return { ...field, ...(fields && { fields: fields.map(plain) }) };
}

function toCell(field: AvroField, value: unknown): Cell {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) {
    return value.map((item) => toCell({ ...field, mode: 'NULLABLE' }, item));
  }
  if (field.type === 'RECORD') {
    const record = value as Record<string, unknown>;
    return (field.fields ?? []).map((inner) => toCell(inner, record[inner.name] ?? null));
  }
  if (value instanceof Uint8Array) return ofBytes(field, value);
  if (typeof value === 'bigint' || typeof value === 'number') return ofNumber(field, value);
  if (typeof value === 'boolean') return value;
  const cell = parseText(field.type, String(value));
  if (cell !== undefined) return cell;
  throw new BigQueryError(
    'invalid',
    `Error while reading data, error message: field ${field.name} is not a ${field.type}: ${JSON.stringify(String(value).slice(0, 100))}`,
  );
}

function ofBytes(field: AvroField, value: Uint8Array): Cell {
  if (field.type === 'BYTES') return value;
  if (field.avro.logicalType === 'decimal') {
    const bits = BigInt.asIntN(value.length * 8, BigInt(`0x${Buffer.from(value).toString('hex')}`));
    const scaled = bits * 10n ** BigInt(38 - (field.avro.scale ?? 0));
    return bignumericText(scaled);
  }
  return Buffer.from(value).toString('utf8');
}

function ofNumber({ type, avro: { logicalType } }: AvroField, value: bigint | number): Cell {
  const unit = logicalType?.endsWith('-millis') ? 1000n : 1n;
  switch (type) {
    case 'INTEGER':
      return BigInt(value);
    case 'DATE':
      return Number(value);
    case 'TIMESTAMP':
    case 'DATETIME':
    case 'TIME':
      return BigInt(value) * unit;
    case 'FLOAT':
      return Number(value);
    default:
      return String(value);
  }
}
