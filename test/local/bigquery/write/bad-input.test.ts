// Bytes that no client sends on purpose: each gets a code, and the server goes on.

import { once } from 'node:events';
import { connect } from 'node:http2';
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quoteTable } from '../../../../local/bigquery/tables/duckdb-types.ts';
import type { TableRef } from '../../../../local/bigquery/tables/schema.ts';
import {
  Connection,
  openWriteClient,
  texts,
  type WriteClient,
} from '../../../beds/append-client.ts';
import {
  field,
  type StorageWriteBed,
  startStorageWriteBed,
  tablePath,
} from '../../../beds/storage-write-bed.ts';

const SERVICE = '/google.cloud.bigquery.storage.v1.BigQueryWrite';

let bed: StorageWriteBed;
let client: WriteClient;
let table: TableRef;
let stream: string;

beforeAll(async () => {
  bed = await startStorageWriteBed();
  client = openWriteClient(bed.port);
  table = await bed.createTable('t', [field('s', 'STRING')]);
  stream = `${tablePath(table)}/streams/_default`;
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

/** The server still takes rows. */
async function expectAlive(): Promise<void> {
  const connection = new Connection(client);
  expect((await connection.answer(texts(stream, ['alive']))).error).toBeFalsy();
  await connection.close();
}

test('a request that is no protobuf ends its call, and no other', async () => {
  const raw = (bytes: Buffer) => bytes;
  const Raw = makeGenericClientConstructor(
    {
      send: {
        path: `${SERVICE}/AppendRows`,
        requestStream: true,
        responseStream: true,
        requestSerialize: raw,
        requestDeserialize: raw,
        responseSerialize: raw,
        responseDeserialize: raw,
      },
    },
    'Raw',
  );
  const rawClient = new Raw(bed.endpoint, credentials.createInsecure());
  const call = (rawClient['send'] as unknown as () => NodeJS.ReadWriteStream)();
  call.write(Buffer.from('ffffffffffffffffff07', 'hex'));
  const [error] = await once(call, 'error');
  expect([status.INVALID_ARGUMENT, status.INTERNAL]).toContain((error as { code: number }).code);
  rawClient.close();
  await expectAlive();
});

test('a stream that is dropped in mid-message stores nothing of that message', async () => {
  const session = connect(`http://${bed.endpoint}`);
  const call = session.request({
    ':method': 'POST',
    ':path': `${SERVICE}/AppendRows`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  // A message of 1,000 bytes is announced, and 10 are sent.
  call.write(Buffer.from([0, 0, 0, 3, 232, ...new Array(10).fill(10)]));
  await new Promise((resolve) => call.once('ready', resolve));
  const closed = once(session, 'close');
  session.destroy();
  await closed;
  await expectAlive();
});

test('rows of any bytes are stored or named, never more and never less', async () => {
  const rows = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 20 });
  const connection = new Connection(client);
  const whole = texts(stream, ['first']);
  await connection.answer(whole);
  const count = async () =>
    Number((await bed.query(`SELECT count(*) FROM ${quoteTable(table)}`))[0]?.[0]);
  await fc.assert(
    fc.asyncProperty(rows, async (serializedRows) => {
      const before = await count();
      const { error, rowErrors } = await connection.answer({
        protoRows: { rows: { serializedRows } },
      });
      const stored = (await count()) - before;
      expect(stored).toBe(error ? 0 : serializedRows.length);
      if (error) expect(error.code).toBe(status.INVALID_ARGUMENT);
      for (const { index } of rowErrors ?? []) {
        expect(Number(index)).toBeLessThan(serializedRows.length);
      }
    }),
    { numRuns: 40, seed: 16 },
  );
  await connection.close();
});

test.each([
  ['projects/demo/datasets/events/tables/t/streams/../_default', status.INVALID_ARGUMENT],
  ['projects//datasets/events/tables/t/streams/_default', status.INVALID_ARGUMENT],
  [`projects/demo/datasets/events/tables/${'t'.repeat(5000)}/streams/_default`, status.NOT_FOUND],
  ["projects/demo/datasets/events/tables/t';--/streams/_default", status.NOT_FOUND],
])('the stream %s', async (name, code) => {
  const connection = new Connection(client);
  connection.write(texts(name, ['a']));
  expect(await connection.ended()).toBe(code);
});

test('offsets beyond all numbers are out of range', async () => {
  const writeStream = { type: 'COMMITTED' as const };
  const [{ name }] = await client.createWriteStream({ parent: tablePath(table), writeStream });
  const connection = new Connection(client);
  for (const value of ['9223372036854775807', '9007199254740993']) {
    const { error } = await connection.answer(texts(name ?? '', ['a'], { offset: { value } }));
    expect(error?.code).toBe(status.OUT_OF_RANGE);
  }
  const { error } = await connection.answer(texts(name ?? '', ['a'], { offset: { value: -1 } }));
  expect(error?.code).toBe(status.INVALID_ARGUMENT);
  await connection.close();
});

test('commits of no stream, and of one stream at the same time', async () => {
  const parent = tablePath(table);
  const none = client.batchCommitWriteStreams({ parent, writeStreams: [] });
  await expect(none).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  const writeStream = { type: 'PENDING' as const };
  const [{ name = '' }] = await client.createWriteStream({ parent, writeStream });
  const writeStreams = [name ?? ''];
  const connection = new Connection(client);
  await connection.answer(texts(name ?? '', ['once']));
  await connection.close();
  await client.finalizeWriteStream({ name });
  const commits = await Promise.all(
    [1, 2, 3].map(() => client.batchCommitWriteStreams({ parent, writeStreams })),
  );
  const errors = commits.flatMap(([{ streamErrors }]) => streamErrors ?? []);
  expect(errors.map(({ code }) => code)).toEqual([
    'STREAM_ALREADY_COMMITTED',
    'STREAM_ALREADY_COMMITTED',
  ]);
  const found = await bed.query(`SELECT count(*)::INT FROM ${quoteTable(table)} WHERE s = 'once'`);
  expect(found).toEqual([[1]]);
});
