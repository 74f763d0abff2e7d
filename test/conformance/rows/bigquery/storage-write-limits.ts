import { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import { Connection, texts } from '../../../beds/append-client.ts';
import { type Behaviours, codeOf } from '../../../beds/pubsub-clients.ts';
import type { BigQueryTarget } from '../../bigquery-target.ts';
import { onTable, openStream } from './on-table.ts';

const { MissingValueInterpretation } = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;

type Rows = Behaviours<BigQueryTarget>;

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
    const name = await openStream(target, target.path(table), 'COMMITTED');
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
