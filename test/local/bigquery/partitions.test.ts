import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Table as ClientTable } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';

// A machine under load needs longer than the usual time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bed: BigQueryBed;

beforeAll(async () => {
  bed = await startBigQueryBed();
  await bed.bigquery.createDataset('d');
});

afterAll(() => bed.stop());

function table(id: string): ClientTable {
  return bed.bigquery.dataset('d').table(id);
}

/** Creates a table of numbers, by ingestion time or by its column `day`. */
async function create(id: string, field?: string): Promise<void> {
  await bed.bigquery.dataset('d').createTable(id, {
    schema: 'n:INTEGER,day:DATE',
    timePartitioning: { type: 'DAY', ...(field && { field }) },
  });
}

async function rows(sql: string): Promise<unknown[]> {
  const [found] = await bed.bigquery.query(sql);
  return found.map((row) => Object.values(row as object).map(String));
}

async function load(id: string, lines: object[], writeDisposition = 'WRITE_APPEND') {
  const file = join(await mkdtemp(join(tmpdir(), 'partitions-')), 'rows.json');
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const [job] = await table(id).load(file, {
    sourceFormat: 'NEWLINE_DELIMITED_JSON',
    schema: {
      fields: [
        { name: 'n', type: 'INTEGER' },
        { name: 'day', type: 'DATE' },
      ],
    },
    writeDisposition,
  });
  return job;
}

const BY_DAY = (id: string) =>
  `SELECT n, FORMAT_TIMESTAMP('%F', _PARTITIONTIME) FROM d.${id} ORDER BY 1, 2`;

describe('a table by ingestion time', () => {
  test('takes loads, queries, copies and rows into a partition', async () => {
    await create('by_time');
    await load('by_time$20260101', [{ n: 1 }]);
    await bed.bigquery.query({
      query: 'SELECT 2 AS n',
      destination: table('by_time$20260102'),
      writeDisposition: 'WRITE_APPEND',
    });
    await table('by_time$20260103').insert({ n: 3 });
    expect(await rows(BY_DAY('by_time'))).toEqual([
      ['1', '2026-01-01'],
      ['2', '2026-01-02'],
      ['3', '2026-01-03'],
    ]);
    await table('by_time').copy(table('copied'));
    expect(await rows(BY_DAY('copied'))).toEqual(await rows(BY_DAY('by_time')));
    await table('by_time$20260102').copy(table('copied$20260101'), {
      writeDisposition: 'WRITE_TRUNCATE',
    });
    expect(await rows(BY_DAY('copied'))).toEqual([
      ['2', '2026-01-01'],
      ['2', '2026-01-02'],
      ['3', '2026-01-03'],
    ]);
    const [listed] = await table('copied$20260103').getRows();
    expect(listed).toEqual([{ n: 3, day: null }]);
    await table('copied$20260103').delete();
    expect(
      await rows('SELECT n, _PARTITIONDATE FROM d.copied WHERE _PARTITIONDATE > "2026-01-01"'),
    ).toHaveLength(1);
  });

  test('has its pseudo columns only by name, and the present for other rows', async () => {
    await create('now_time');
    await table('now_time').insert({ n: 1 });
    await bed.bigquery.query('INSERT d.now_time (n) VALUES (2)');
    await bed.bigquery.query(
      "INSERT d.now_time (_PARTITIONTIME, n) VALUES (TIMESTAMP '2026-01-05', 3)",
    );
    expect(await rows('SELECT * FROM d.now_time WHERE n = 3')).toEqual([['3', 'null']]);
    expect(
      await rows(
        `SELECT COUNTIF(_PARTITIONTIME = TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY)
           OR _PARTITIONTIME = TIMESTAMP_TRUNC(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR), DAY)) FROM d.now_time`,
      ),
    ).toEqual([['2']]);
    await bed.bigquery.query(
      "DELETE FROM d.now_time WHERE _PARTITIONTIME = TIMESTAMP '2026-01-05'",
    );
    expect(await rows('SELECT COUNT(*) FROM d.now_time')).toEqual([['2']]);
    await bed.bigquery.query('ALTER TABLE d.now_time ADD COLUMN more STRING');
    await table('now_time').insert({ n: 4, more: 'x' });
    await bed.bigquery.query('CREATE TABLE d.cloned CLONE d.now_time');
    expect(await rows('SELECT n, more FROM d.cloned WHERE n = 4')).toEqual([['4', 'x']]);
    await bed.restart();
    expect(await rows('SELECT COUNT(*) FROM d.cloned WHERE _PARTITIONTIME IS NULL')).toEqual([
      ['0'],
    ]);
  });

  test('is made by a decorator where there is no table', async () => {
    await load('made$20260201', [{ n: 1 }]);
    expect(await rows(BY_DAY('made'))).toEqual([['1', '2026-02-01']]);
  });
});

describe('a table by a column', () => {
  test('keeps its other partitions, and refuses rows of another one', async () => {
    await create('by_column', 'day');
    await load('by_column', [
      { n: 1, day: '2026-01-01' },
      { n: 2, day: '2026-01-02' },
    ]);
    await load('by_column$20260102', [{ n: 3, day: '2026-01-02' }], 'WRITE_TRUNCATE');
    expect(await rows('SELECT n FROM d.by_column ORDER BY n')).toEqual([['1'], ['3']]);
    const other = load('by_column$20260102', [{ n: 4, day: '2026-01-03' }]);
    await expect(other).rejects.toThrow(/different partitions/);
    const query = bed.bigquery.query({
      query: "SELECT 5 AS n, DATE '2026-01-03' AS day",
      destination: table('by_column$20260102'),
      writeDisposition: 'WRITE_APPEND',
    });
    await expect(query).rejects.toThrow(/different partitions/);
    await expect(load('by_column$2026', [])).rejects.toThrow(/not a partition/);
    expect(await rows('SELECT n FROM d.by_column ORDER BY n')).toEqual([['1'], ['3']]);
  });

  test('by ranges of integers', async () => {
    await bed.bigquery.query(
      'CREATE TABLE d.ranges (n INT64, day DATE) PARTITION BY RANGE_BUCKET(n, GENERATE_ARRAY(0, 100, 10))',
    );
    await load('ranges$10', [{ n: 11 }]);
    await expect(load('ranges$10', [{ n: 21 }])).rejects.toThrow(/different partitions/);
    await expect(load('ranges$11', [])).rejects.toThrow(/not a partition/);
    expect(await rows('SELECT n FROM d.ranges')).toEqual([['11']]);
  });
});
