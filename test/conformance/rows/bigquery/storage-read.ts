import type { Table } from '@google-cloud/bigquery';
import type { protos } from '@google-cloud/bigquery-storage';
import { status } from '@grpc/grpc-js';
import { tableFromIPC } from 'apache-arrow';
import avro from 'avsc';
import { expect } from 'vitest';
import { type Behaviours, codeOf } from '../../../beds/pubsub-clients.ts';
import type { BigQueryTarget } from '../../bigquery-target.ts';

type Session = protos.google.cloud.bigquery.storage.v1.IReadSession;
type Response = protos.google.cloud.bigquery.storage.v1.IReadRowsResponse;
type Rows = Behaviours<BigQueryTarget>;

async function session(
  target: BigQueryTarget,
  table: Table,
  { maxStreamCount = 1, ...more }: Session & { maxStreamCount?: number } = {},
): Promise<Session> {
  const [made] = await target.read.createReadSession({
    parent: `projects/${target.project}`,
    readSession: { table: target.path(table), dataFormat: 'ARROW', ...more },
    maxStreamCount,
  });
  return made;
}

function responses(target: BigQueryTarget, readStream: string, offset = 0): Promise<Response[]> {
  return new Promise((resolve, reject) => {
    const all: Response[] = [];
    target.read
      .readRows({ readStream, offset })
      .on('data', (response: Response) => all.push(response))
      .on('error', reject)
      .on('end', () => resolve(all));
  });
}

/** All rows of the session's streams, as objects. */
async function rowsOf(target: BigQueryTarget, made: Session, offset = 0) {
  const found: Record<string, unknown>[] = [];
  for (const { name } of made.streams ?? []) {
    for (const { arrowRecordBatch, avroRows } of await responses(target, name ?? '', offset)) {
      if (arrowRecordBatch) {
        const parts = [made.arrowSchema?.serializedSchema, arrowRecordBatch.serializedRecordBatch];
        const bytes = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
        for (const row of tableFromIPC(bytes)) found.push(row.toJSON());
      }
      if (avroRows)
        found.push(...avroRowsOf(made, Buffer.from(avroRows.serializedBinaryRows as Uint8Array)));
    }
  }
  return found;
}

function avroRowsOf(made: Session, bytes: Buffer): Record<string, unknown>[] {
  const type = avro.Type.forSchema(JSON.parse(made.avroSchema?.schema ?? '') as avro.Schema);
  const rows: Record<string, unknown>[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, offset } = type.decode(bytes, at);
    if (offset <= at) throw new Error('a row is cut off');
    rows.push({ ...(value as object) });
    at = offset;
  }
  return rows;
}

const numbers =
  'SELECT n, CONCAT("s", CAST(n AS STRING)) AS s FROM UNNEST(GENERATE_ARRAY(1, 10)) AS n';

// https://cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1#bigqueryread
export const storageRead: Rows = {
  'a table is read in Arrow': async (target) => {
    const table = await target.tableOf(numbers);
    const rows = await rowsOf(target, await session(target, table));
    expect(rows.map(({ n }) => Number(n)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 10 }, (_, index) => index + 1),
    );
    expect(rows.every(({ n, s }) => s === `s${n}`)).toBe(true);
  },

  'a table is read in Avro': async (target) => {
    const table = await target.tableOf(numbers);
    const rows = await rowsOf(target, await session(target, table, { dataFormat: 'AVRO' }));
    expect(rows.map(({ s }) => s).sort()).toContain('s10');
    expect(rows).toHaveLength(10);
  },

  'a session says what it reads, and until when it lives': async (target) => {
    const table = await target.tableOf(numbers);
    const made = await session(target, table);
    expect(made).toMatchObject({ table: target.path(table), dataFormat: 'ARROW' });
    expect(made.name).toMatch(/^projects\/[^/]+\/locations\/[^/]+\/sessions\/.+/);
    expect(made.streams?.[0]?.name).toContain(`${made.name}/streams/`);
    expect(Number(made.expireTime?.seconds)).toBeGreaterThan(Date.now() / 1000 + 3600);
  },

  'only selected columns are read': async (target) => {
    const table = await target.tableOf(numbers);
    const made = await session(target, table, { readOptions: { selectedFields: ['s'] } });
    const [row] = await rowsOf(target, made);
    expect(Object.keys(row ?? {})).toEqual(['s']);
  },

  'only rows of the restriction are read': async (target) => {
    const table = await target.tableOf(numbers);
    const readOptions = { rowRestriction: 'n > 8 AND s != "s10"' };
    const rows = await rowsOf(target, await session(target, table, { readOptions }));
    expect(rows.map(({ s }) => s)).toEqual(['s9']);
  },

  'a restriction that is no condition is an invalid argument': async (target) => {
    const table = await target.tableOf(numbers);
    const made = session(target, table, { readOptions: { rowRestriction: 'nobody > 8' } });
    expect(await codeOf(made)).toBe(status.INVALID_ARGUMENT);
  },

  'a stream is read on from an offset': async (target) => {
    const table = await target.tableOf(numbers);
    const made = await session(target, table);
    const [all, rest] = [await rowsOf(target, made), await rowsOf(target, made, 4)];
    expect(rest).toEqual(all.slice(4));
  },

  'an offset beyond the end is refused': async (target) => {
    const table = await target.tableOf(numbers);
    const made = await session(target, table);
    const late = responses(target, made.streams?.[0]?.name ?? '', 1000);
    expect([status.OUT_OF_RANGE, status.INVALID_ARGUMENT]).toContain(await codeOf(late));
  },

  'a session reads the rows of its time': async (target) => {
    const table = await target.tableOf(numbers);
    const made = await session(target, table);
    await target.rows(`INSERT INTO ${table.id} (n, s) VALUES (11, "late")`);
    expect(await rowsOf(target, made)).toHaveLength(10);
  },

  'nested, repeated and missing values are read as they are': async (target) => {
    const table = await target.tableOf(
      'SELECT STRUCT(1 AS a, "x" AS b) AS one, [1, 2] AS list, CAST(NULL AS STRING) AS none, TRUE AS yes',
    );
    for (const dataFormat of ['ARROW', 'AVRO'] as const) {
      const rows = await rowsOf(target, await session(target, table, { dataFormat }));
      const text = JSON.stringify(rows, (_, cell) =>
        typeof cell === 'bigint' ? Number(cell) : cell,
      );
      expect(JSON.parse(text), dataFormat).toEqual([
        { one: { a: 1, b: 'x' }, list: [1, 2], none: null, yes: true },
      ]);
    }
  },

  'an empty table has a schema and no rows': async (target) => {
    const table = await target.table('n INT64');
    const made = await session(target, table);
    expect(
      Buffer.from((made.arrowSchema?.serializedSchema ?? '') as Uint8Array).length,
    ).toBeGreaterThan(0);
    expect(await rowsOf(target, made)).toEqual([]);
  },

  'a table that does not exist is NOT_FOUND, a view is no table': async (target) => {
    const table = await target.tableOf(numbers);
    const none = target.bigquery.dataset(target.datasetId).table('none');
    expect(await codeOf(session(target, none))).toBe(status.NOT_FOUND);
    const view = target.bigquery.dataset(target.datasetId).table(`v_${table.id}`);
    await target.rows(`CREATE VIEW ${view.id} AS SELECT n FROM ${target.datasetId}.${table.id}`);
    expect(await codeOf(session(target, view))).not.toBe(null);
  },

  'a stream of no session is refused': async (target) => {
    const name = `projects/${target.project}/locations/us/sessions/none/streams/none`;
    expect(await codeOf(responses(target, name))).not.toBe(null);
  },
};
