import { adapt, managedwriter } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Connection, texts } from '../../../beds/append-client.ts';
import { type Behaviours, codeOf } from '../../../beds/pubsub-clients.ts';
import { type BigQueryTarget, StorageErrorCode } from '../../bigquery-target.ts';
import { commit, offset, onTable, openStream, storageCode } from './on-table.ts';

type Rows = Behaviours<BigQueryTarget>;

// https://cloud.google.com/bigquery/docs/write-api#default_stream
export const defaultStream: Rows = {
  'rows of the default stream are there once they are acknowledged': onTable(
    '_default',
    async ({ stream, connection, stored }) => {
      const { appendResult, error } = await connection.answer(texts(stream, ['a', 'b']));
      expect(error ?? null).toBe(null);
      expect(appendResult).toBeTruthy();
      expect(appendResult?.offset ?? null).toBe(null);
      expect(await stored()).toEqual(['a', 'b']);
    },
  ),

  'stream and schema are needed on the first request alone': onTable(
    '_default',
    async ({ stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a']));
      const { protoRows } = texts(stream, ['b']);
      await connection.answer({ protoRows: { rows: protoRows?.rows ?? null } });
      expect(await stored()).toEqual(['a', 'b']);
    },
  ),

  'the default stream takes no offset': onTable('_default', async ({ stream, connection }) => {
    const { error } = await connection.answer(texts(stream, ['a'], offset(0)));
    expect(error?.code).toBe(status.INVALID_ARGUMENT);
  }),

  'every type is written by the JSON writer as its schema says': async (target) => {
    const table = await target.table(
      'n INT64, f FLOAT64, b BOOL, s STRING, y BYTES, d DATE, t TIMESTAMP, c NUMERIC, j JSON, l ARRAY<INT64>',
    );
    const client = new managedwriter.WriterClient({});
    client.setClient(target.write);
    const name = `${target.path(table)}/streams/_default`;
    const [{ tableSchema }] = await target.write.getWriteStream({ name, view: 'FULL' });
    if (!tableSchema) throw new Error('the default stream has no schema');
    const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(tableSchema, 'root');
    const connection = await client.createStreamConnection({
      streamId: managedwriter.DefaultStream,
      destinationTable: target.path(table),
    });
    const writer = new managedwriter.JSONWriter({ connection, protoDescriptor });
    const pending = writer.appendRows([
      {
        n: 1,
        f: 1.5,
        b: true,
        s: 'é',
        // The writer takes bytes; its type of a row does not say so.
        y: Buffer.from('xyz') as never,
        d: 19_000,
        t: 1_700_000_000_123_456,
        c: '1.5',
        j: '{"a": 1}',
        l: [1, 2],
      },
    ]);
    const { error } = await pending.getResult();
    writer.close();
    expect(error ?? null).toBe(null);
    const sql = `SELECT n, f, b, s, TO_HEX(y), CAST(d AS STRING), UNIX_MICROS(t), CAST(c AS STRING),
      TO_JSON_STRING(j), l FROM ${table.id}`;
    expect(await target.rows(sql)).toEqual([
      [1, 1.5, true, 'é', '78797a', '2022-01-08', 1_700_000_000_123_456, '1.5', '{"a":1}', [1, 2]],
    ]);
  },
};

// https://cloud.google.com/bigquery/docs/write-api-streaming
export const committed: Rows = {
  'a COMMITTED stream shows its rows at once, and numbers them': onTable(
    'COMMITTED',
    async ({ stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a', 'b'], offset(0)));
      const { appendResult } = await connection.answer(texts(stream, ['c'], offset(2)));
      expect(Number(appendResult?.offset?.value)).toBe(2);
      expect(await stored()).toEqual(['a', 'b', 'c']);
    },
  ),

  'an offset that was written is ALREADY_EXISTS': onTable(
    'COMMITTED',
    async ({ stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a'], offset(0)));
      const { error } = await connection.answer(texts(stream, ['a'], offset(0)));
      expect(error?.code).toBe(status.ALREADY_EXISTS);
      expect(storageCode(error)).toBe(StorageErrorCode.OFFSET_ALREADY_EXISTS);
      expect(await stored()).toEqual(['a']);
    },
  ),

  'an offset beyond the end is OUT_OF_RANGE': onTable(
    'COMMITTED',
    async ({ stream, connection, stored }) => {
      const { error } = await connection.answer(texts(stream, ['a'], offset(5)));
      expect(error?.code).toBe(status.OUT_OF_RANGE);
      expect(storageCode(error)).toBe(StorageErrorCode.OFFSET_OUT_OF_RANGE);
      expect(await stored()).toEqual([]);
    },
  ),

  'a finalized stream has a row count, and takes no more': onTable(
    'COMMITTED',
    async ({ target, stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a', 'b']));
      const [{ rowCount }] = await target.write.finalizeWriteStream({ name: stream });
      expect(Number(rowCount)).toBe(2);
      const late = await connection.answer(texts(stream, ['c'])).catch((error) => ({ error }));
      expect(late.error).toBeTruthy();
      expect(await stored()).toEqual(['a', 'b']);
    },
  ),

  'a COMMITTED stream is not committed again': onTable(
    'COMMITTED',
    async ({ target, parent, stream }) => {
      await target.write.finalizeWriteStream({ name: stream });
      const { isCommitted, errors } = await commit(target, parent, stream);
      expect({ isCommitted, errors }).toEqual({
        isCommitted: false,
        errors: ['INVALID_STREAM_TYPE'],
      });
    },
  ),
};

// https://cloud.google.com/bigquery/docs/write-api-batch
export const pending: Rows = {
  'PENDING streams are seen together, once they are committed': onTable(
    'PENDING',
    async ({ target, parent, stream, connection, stored }) => {
      const second = await openStream(target, parent, 'PENDING');
      await connection.answer(texts(stream, ['a']));
      const other = new Connection(target.write);
      await other.answer(texts(second, ['b']));
      other.cancel();
      expect(await stored()).toEqual([]);
      for (const name of [stream, second]) await target.write.finalizeWriteStream({ name });
      expect(await commit(target, parent, stream, second)).toEqual({
        isCommitted: true,
        errors: [],
      });
      expect(await stored()).toEqual(['a', 'b']);
    },
  ),

  'a stream that is not finalized is not committed, nor are those with it': onTable(
    'PENDING',
    async ({ target, parent, stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a']));
      const { isCommitted, errors } = await commit(target, parent, stream);
      expect({ isCommitted, errors }).toEqual({
        isCommitted: false,
        errors: ['INVALID_STREAM_STATE'],
      });
      expect(await stored()).toEqual([]);
    },
  ),

  'a stream is committed once': onTable(
    'PENDING',
    async ({ target, parent, stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a']));
      await target.write.finalizeWriteStream({ name: stream });
      await commit(target, parent, stream);
      const { isCommitted, errors } = await commit(target, parent, stream);
      expect({ isCommitted, errors }).toEqual({
        isCommitted: false,
        errors: ['STREAM_ALREADY_COMMITTED'],
      });
      expect(await stored()).toEqual(['a']);
    },
  ),
};

// https://cloud.google.com/bigquery/docs/write-api#buffered_type
export const buffered: Rows = {
  'rows of a BUFFERED stream are seen up to where it is flushed': onTable(
    'BUFFERED',
    async ({ target, stream, connection, stored }) => {
      await connection.answer(texts(stream, ['a', 'b', 'c'], offset(0)));
      expect(await stored()).toEqual([]);
      const flush = { writeStream: stream, offset: { value: 1 } };
      const [{ offset: flushed }] = await target.write.flushRows(flush);
      expect(Number(flushed)).toBe(1);
      expect(await stored()).toEqual(['a', 'b']);
      await target.write.flushRows({ writeStream: stream, offset: { value: 2 } });
      expect(await stored()).toEqual(['a', 'b', 'c']);
    },
  ),

  'a flush beyond the end is OUT_OF_RANGE': onTable(
    'BUFFERED',
    async ({ target, stream, connection }) => {
      await connection.answer(texts(stream, ['a'], offset(0)));
      const flush = target.write.flushRows({ writeStream: stream, offset: { value: 9 } });
      expect(await codeOf(flush)).toBe(status.OUT_OF_RANGE);
    },
  ),

  'only a BUFFERED stream is flushed': onTable(
    'COMMITTED',
    async ({ target, stream, connection }) => {
      await connection.answer(texts(stream, ['a'], offset(0)));
      const flush = target.write.flushRows({ writeStream: stream, offset: { value: 0 } });
      expect(await codeOf(flush)).toBe(status.INVALID_ARGUMENT);
    },
  ),
};
