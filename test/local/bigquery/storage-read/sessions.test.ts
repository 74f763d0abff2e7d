import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { decodeAvroRows } from '../../../beds/avro-rows.ts';
import { type BigQueryBed, PROJECT, startBigQueryBed } from '../../../beds/bigquery-bed.ts';
import {
  createSession,
  type ReadClient,
  type ReadSession,
  readClient,
  readResponses,
  tablePath,
} from '../../../beds/storage-read-bed.ts';

// A machine under load needs longer than the usual time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ROWS = 25_000;

let bed: BigQueryBed;
let client: ReadClient;

beforeAll(async () => {
  bed = await startBigQueryBed();
  await bed.bigquery.createDataset('d');
  await bed.bigquery.query(
    `CREATE TABLE d.rows AS SELECT i, IF(MOD(i, 2) = 0, 'even', 'odd') AS kind, STRUCT(i AS a, -i AS b) AS pair,
       [STRUCT(i AS c, 'x' AS e)] AS list FROM UNNEST(GENERATE_ARRAY(0, ${ROWS - 1})) AS i ORDER BY i`,
  );
  client = readClient(bed.grpcPort);
});

afterAll(async () => {
  await client.close();
  await bed.stop();
});

function session(more: ReadSession = {}, counts = {}): Promise<ReadSession> {
  return createSession(
    client,
    { table: tablePath('d', 'rows'), dataFormat: 'AVRO', ...more },
    counts,
  );
}

function streamOf(of: ReadSession, index = 0): string {
  return of.streams?.[index]?.name ?? '';
}

async function rowsOf(of: ReadSession, stream = streamOf(of), offset = 0) {
  const responses = await readResponses(client, stream, offset);
  const bytes = responses.map(({ avroRows }) => avroRows?.serializedBinaryRows as Uint8Array);
  return decodeAvroRows(of.avroSchema?.schema ?? '', Buffer.concat(bytes));
}

async function numbersOf(of: ReadSession, stream = streamOf(of), offset = 0): Promise<number[]> {
  return (await rowsOf(of, stream, offset)).map(({ i }) => Number(i));
}

function from(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

describe('a session', () => {
  test('reads all rows, with progress and the schema in the first response', async () => {
    const all = await session();
    expect(Number(all.estimatedRowCount)).toBe(ROWS);
    expect(Number(all.estimatedTotalBytesScanned)).toBeGreaterThan(ROWS * 40);
    const responses = await readResponses(client, streamOf(all));
    expect(responses.length).toBeGreaterThan(1);
    expect(responses.map(({ avroSchema }) => avroSchema?.schema)).toEqual([
      all.avroSchema?.schema,
      ...Array(responses.length - 1).fill(undefined),
    ]);
    expect(responses.at(0)?.stats?.progress?.atResponseStart).toBe(0);
    expect(responses.at(-1)?.stats?.progress?.atResponseEnd).toBe(1);
    expect(await numbersOf(all)).toEqual(from(0, ROWS));
  });

  test('keeps the rows of its begin', async () => {
    await bed.bigquery.query('CREATE TABLE d.grows AS SELECT 1 AS i');
    const before = await session({ table: tablePath('d', 'grows') });
    await bed.bigquery.query('INSERT d.grows VALUES (2)');
    await bed.bigquery.query('DELETE FROM d.grows WHERE i = 1');
    expect(await numbersOf(before)).toEqual([1]);
    expect(await numbersOf(await session({ table: tablePath('d', 'grows') }))).toEqual([2]);
  });

  test('reads selected fields, also of records, in the order of the table', async () => {
    const some = await session({
      readOptions: { selectedFields: ['list.c', 'pair.b', 'KIND'], rowRestriction: 'i = 3' },
    });
    expect(
      JSON.parse(
        JSON.stringify(await rowsOf(some), (_, v) => (typeof v === 'bigint' ? Number(v) : v)),
      ),
    ).toEqual([{ kind: 'odd', pair: { b: -3 }, list: [{ c: 3 }] }]);
  });

  test('filters by GoogleSQL', async () => {
    const rowRestriction = "kind = 'odd' AND pair.a < 8 OR SAFE_DIVIDE(i, 0) = 1 -- a comment";
    expect(await numbersOf(await session({ readOptions: { rowRestriction } }))).toEqual([
      1, 3, 5, 7,
    ]);
    const none = await session({ readOptions: { rowRestriction: 'FALSE' } });
    expect(none.streams).toHaveLength(1);
    expect(await readResponses(client, streamOf(none))).toEqual([]);
  });

  test('is read by the reader of the package', async () => {
    const { reader } = await import('@google-cloud/bigquery-storage');
    const own = new reader.ReadClient();
    own.setClient(client);
    const rows = await own.createTableReader({
      table: { projectId: PROJECT, datasetId: 'd', tableId: 'rows' },
    });
    const [all] = await rows.getRows();
    expect(all).toHaveLength(ROWS);
    rows.close();
  });
});

describe('streams', () => {
  test('are as many as asked for, and have all rows once', async () => {
    const three = await session({}, { maxStreamCount: 3, preferredMinStreamCount: 3 });
    expect(three.streams).toHaveLength(3);
    const parts = await Promise.all(
      [0, 1, 2].map((each) => numbersOf(three, streamOf(three, each))),
    );
    expect(parts.every((part) => part.length > ROWS / 4)).toBe(true);
    expect(parts.flat()).toEqual(from(0, ROWS));
    expect((await session({}, { maxStreamCount: 1 })).streams).toHaveLength(1);
  });

  test('begin at an offset', async () => {
    const all = await session();
    expect(await numbersOf(all, streamOf(all), ROWS - 3)).toEqual(from(ROWS - 3, ROWS));
    expect(await numbersOf(all, streamOf(all), ROWS)).toEqual([]);
    const beyond = readResponses(client, streamOf(all), ROWS + 1);
    await expect(beyond).rejects.toMatchObject({ code: status.OUT_OF_RANGE });
    const negative = readResponses(client, streamOf(all), -1);
    await expect(negative).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  test('are split into two, and stay as they were', async () => {
    const all = await session();
    const [parts] = await client.splitReadStream({ name: streamOf(all), fraction: 0.25 });
    const primary = await numbersOf(all, parts.primaryStream?.name ?? '');
    const remainder = await numbersOf(all, parts.remainderStream?.name ?? '');
    expect(primary).toHaveLength(ROWS / 4);
    expect([...primary, ...remainder]).toEqual(from(0, ROWS));
    expect(await numbersOf(all)).toHaveLength(ROWS);
    const one = await session({ readOptions: { rowRestriction: 'i = 1' } });
    const [none] = await client.splitReadStream({ name: streamOf(one) });
    expect([none.primaryStream, none.remainderStream]).toEqual([null, null]);
    const wrong = client.splitReadStream({ name: streamOf(all), fraction: 1.5 });
    await expect(wrong).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  test('end when the client goes, and can be read again', async () => {
    const all = await session();
    const call = client.readRows({ readStream: streamOf(all) });
    await new Promise((resolve) => call.once('data', resolve));
    call.destroy();
    expect(await numbersOf(all)).toHaveLength(ROWS);
  });
});

describe('refusals', () => {
  const { INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED } = status;
  test.each<[string, ReadSession, object, number]>([
    ['a table that is not there', { table: tablePath('d', 'nothing') }, {}, NOT_FOUND],
    ['a name that is none', { table: 'd.rows' }, {}, INVALID_ARGUMENT],
    ['no format', { dataFormat: 'DATA_FORMAT_UNSPECIFIED' }, {}, INVALID_ARGUMENT],
    ['an unknown field', { readOptions: { selectedFields: ['pair.z'] } }, {}, INVALID_ARGUMENT],
    ['a field of no record', { readOptions: { selectedFields: ['i.z'] } }, {}, INVALID_ARGUMENT],
    ['a filter on no column', { readOptions: { rowRestriction: 'z = 1' } }, {}, INVALID_ARGUMENT],
    [
      'a filter that is more',
      { readOptions: { rowRestriction: 'TRUE) OR (TRUE' } },
      {},
      INVALID_ARGUMENT,
    ],
    ['a filter of another type', { readOptions: { rowRestriction: 'i' } }, {}, INVALID_ARGUMENT],
    ['negative streams', {}, { maxStreamCount: -1 }, INVALID_ARGUMENT],
    ['more than the most', {}, { maxStreamCount: 1, preferredMinStreamCount: 2 }, INVALID_ARGUMENT],
    ['the past', { tableModifiers: { snapshotTime: { seconds: 1 } } }, {}, INVALID_ARGUMENT],
    ['the future', { tableModifiers: { snapshotTime: { seconds: 9e9 } } }, {}, INVALID_ARGUMENT],
    ['a sample of too much', { readOptions: { samplePercentage: 101 } }, {}, INVALID_ARGUMENT],
  ])('%s', async (_, more, counts, code) => {
    await expect(session(more, counts)).rejects.toMatchObject({ code });
  });

  test('a view, a state before the last change, a stream that is not there', async () => {
    await bed.bigquery.query('CREATE VIEW d.view AS SELECT 1 AS i');
    const view = session({ table: tablePath('d', 'view') });
    await expect(view).rejects.toMatchObject({ code: INVALID_ARGUMENT });
    await bed.bigquery.query('CREATE TABLE d.changed AS SELECT 1 AS i');
    const between = Date.now();
    while (Date.now() === between) await bed.bigquery.query('INSERT d.changed VALUES (2)');
    await bed.bigquery.query('INSERT d.changed VALUES (2)');
    const past = { seconds: Math.floor(between / 1000), nanos: (between % 1000) * 1_000_000 };
    const earlier = session({
      table: tablePath('d', 'changed'),
      tableModifiers: { snapshotTime: past },
    });
    await expect(earlier).rejects.toMatchObject({ code: UNIMPLEMENTED });
    const unknown = streamOf(await session()).replace(/streams\/.*/, 'streams/none');
    await expect(readResponses(client, unknown)).rejects.toMatchObject({ code: NOT_FOUND });
    await expect(readResponses(client, 'none')).rejects.toMatchObject({ code: INVALID_ARGUMENT });
  });

  test('a session of a table that has been deleted', async () => {
    await bed.bigquery.query('CREATE TABLE d.gone AS SELECT 1 AS i');
    const gone = await session({ table: tablePath('d', 'gone') });
    await bed.bigquery.query('DROP TABLE d.gone');
    await expect(readResponses(client, streamOf(gone))).rejects.toMatchObject({ code: NOT_FOUND });
  });
});
