import { adapt, managedwriter, protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Connection, texts } from '../../../beds/append-client.ts';
import { type Behaviours, codeOf } from '../../../beds/pubsub-clients.ts';
import { type BigQueryTarget, StorageErrorCode } from '../../bigquery-target.ts';

const { MissingValueInterpretation } = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

type Rows = Behaviours<BigQueryTarget>;
type StreamType = 'COMMITTED' | 'PENDING' | 'BUFFERED';

/** A table with the column `s`, a stream of it and a connection, closed at the end. */
function onTable(
  type: StreamType | '_default',
  work: (given: {
    target: BigQueryTarget;
    parent: string;
    stream: string;
    connection: Connection;
    stored: () => Promise<unknown[]>;
  }) => Promise<void>,
  columns = 's STRING',
) {
  return async (target: BigQueryTarget) => {
    const table = await target.table(columns);
    const parent = target.path(table);
    const stream =
      type === '_default' ? `${parent}/streams/_default` : await open(target, parent, type);
    const connection = new Connection(target.write);
    const stored = async () => {
      const rows = await target.rows(`SELECT s FROM ${table.id} ORDER BY s`);
      return rows.map(([s]) => s);
    };
    try {
      await work({ target, parent, stream, connection, stored });
    } finally {
      connection.cancel();
    }
  };
}

async function open({ write }: BigQueryTarget, parent: string, type: StreamType): Promise<string> {
  const [made] = await write.createWriteStream({ parent, writeStream: { type } });
  return made.name ?? '';
}

const offset = (value: number) => ({ offset: { value } });

/** The code of Google's storage error among the details of a status. */
function storageCode(error: protos.google.rpc.IStatus | null | undefined): number | undefined {
  // Where the stream ends with the error, they are in its metadata: a text stands here.
  if (!Array.isArray(error?.details)) return undefined;
  const detail = error.details.find(({ type_url }) => type_url?.endsWith('StorageError'));
  // Field 1, a varint.
  return detail?.value ? Buffer.from(detail.value as Uint8Array)[1] : undefined;
}

const commit = async ({ write }: BigQueryTarget, parent: string, ...writeStreams: string[]) => {
  const [done] = await write.batchCommitWriteStreams({ parent, writeStreams });
  const errors = (done.streamErrors ?? []).map(({ code }) => code);
  return { isCommitted: Boolean(done.commitTime), errors };
};

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
      const second = await open(target, parent, 'PENDING');
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

// https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1
export const refusals: Rows = {
  'a table that does not exist is NOT_FOUND': async (target) => {
    const stream = `projects/${target.project}/datasets/${target.datasetId}/tables/none/_default`;
    const connection = new Connection(target.write);
    connection.write(texts(stream, ['a']));
    expect(await connection.ended()).toBe(status.NOT_FOUND);
  },

  'a stream of an unknown type, or of an unknown table, is not made': async (target) => {
    const parent = `projects/${target.project}/datasets/${target.datasetId}/tables/none`;
    const made = target.write.createWriteStream({ parent, writeStream: { type: 'COMMITTED' } });
    expect(await codeOf(made)).toBe(status.NOT_FOUND);
    const table = await target.table('s STRING');
    const typeless = target.write.createWriteStream({
      parent: target.path(table),
      writeStream: {},
    });
    expect(await codeOf(typeless)).toBe(status.INVALID_ARGUMENT);
  },

  'a stream is described with the schema of its table only in the full view': async (target) => {
    const table = await target.table('s STRING, n INT64 NOT NULL');
    const name = await open(target, target.path(table), 'COMMITTED');
    const [basic] = await target.write.getWriteStream({ name });
    expect(basic).toMatchObject({ name, type: 'COMMITTED', tableSchema: null });
    const [full] = await target.write.getWriteStream({ name, view: 'FULL' });
    expect(full.tableSchema?.fields).toMatchObject([
      { name: 's', type: 'STRING', mode: 'NULLABLE' },
      { name: 'n', type: 'INT64', mode: 'REQUIRED' },
    ]);
  },

  'a row that does not fit is named, and nothing of its request is written': onTable(
    '_default',
    async ({ stream, connection, stored }) => {
      const { error, rowErrors } = await connection.answer(texts(stream, ['ok', 'too long']));
      expect(error?.code).toBe(status.INVALID_ARGUMENT);
      expect(rowErrors?.map(({ index }) => Number(index))).toEqual([1]);
      expect(await stored()).toEqual([]);
    },
    's STRING(3)',
  ),

  'a required column without a value is a row error': onTable(
    '_default',
    async ({ stream, connection, stored }) => {
      const failed = await connection.answer(texts(stream, ['a'])).catch((error) => ({ error }));
      expect(failed.error?.code).toBe(status.INVALID_ARGUMENT);
      expect(await stored()).toEqual([]);
    },
    's STRING, n INT64 NOT NULL',
  ),

  'a field that the table does not have is refused': onTable(
    '_default',
    async ({ stream, connection }) => {
      const failed = await connection.answer(texts(stream, ['a'])).catch((error) => ({ error }));
      expect(failed.error?.code).toBe(status.INVALID_ARGUMENT);
    },
    'other STRING',
  ),

  'an append without rows is refused': onTable('_default', async ({ stream, connection }) => {
    const empty = await connection.answer(texts(stream, [])).catch((error) => ({ error }));
    expect(empty.error?.code).toBe(status.INVALID_ARGUMENT);
  }),

  'an append of more than 20 MB is refused': onTable(
    '_default',
    async ({ stream, connection, stored }) => {
      const large = await connection
        .answer(texts(stream, Array(21).fill('x'.repeat(1_000_000))))
        .catch((error) => ({ error }));
      expect(large.error).toBeTruthy();
      expect(await stored()).toEqual([]);
    },
  ),

  'the first request needs a schema': onTable('_default', async ({ stream, connection }) => {
    const { protoRows } = texts(stream, ['a']);
    const request = { writeStream: stream, protoRows: { rows: protoRows?.rows ?? null } };
    const failed = await connection.answer(request).catch((error) => ({ error }));
    expect(failed.error?.code).toBe(status.INVALID_ARGUMENT);
  }),

  'a view takes no rows': async (target) => {
    const table = await target.table('s STRING');
    await target.rows(
      `CREATE VIEW ${target.datasetId}.v_${table.id} AS SELECT s FROM ${target.datasetId}.${table.id}`,
    );
    const parent = `projects/${target.project}/datasets/${target.datasetId}/tables/v_${table.id}`;
    const made = target.write.createWriteStream({ parent, writeStream: { type: 'COMMITTED' } });
    expect(await codeOf(made)).not.toBe(null);
  },
};

// https://cloud.google.com/bigquery/docs/default-values
export const values: Rows = {
  'a column that the rows do not have gets its default, or NULL where that is asked for': onTable(
    '_default',
    async ({ target, parent, stream, connection }) => {
      await connection.answer(texts(stream, ['default']));
      const missingValueInterpretations = { n: MissingValueInterpretation.NULL_VALUE };
      await connection.answer(texts(stream, ['null'], { missingValueInterpretations }));
      const rows = await target.rows(`SELECT s, n FROM ${parent.split('/').at(-1)} ORDER BY s`);
      expect(rows).toEqual([
        ['default', 7],
        ['null', null],
      ]);
    },
    's STRING, n INT64 DEFAULT 7',
  ),

  'a new column is told with a later response': onTable(
    '_default',
    async ({ target, parent, stream, connection }) => {
      await connection.answer(texts(stream, ['a']));
      await target.rows(`ALTER TABLE ${parent.split('/').at(-1)} ADD COLUMN more STRING`);
      const { protoRows } = texts(stream, ['b']);
      for (;;) {
        const next = { protoRows: { rows: protoRows?.rows ?? null } };
        const { updatedSchema } = await connection.answer(next);
        if (!updatedSchema) continue;
        expect(updatedSchema.fields?.map(({ name }) => name)).toEqual(['s', 'more']);
        return;
      }
    },
  ),
};
