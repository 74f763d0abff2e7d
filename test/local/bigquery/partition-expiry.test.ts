import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BigQueryBed, startBigQueryBed } from '../../beds/bigquery-bed.ts';

let bed: BigQueryBed;

beforeAll(async () => {
  bed = await startBigQueryBed();
  await bed.bigquery.createDataset('shop');
});

afterAll(() => bed.stop());

const hourMs = 3_600_000;

test.each([
  ['HOUR', 'TIMESTAMP', 24 * hourMs],
  ['DAY', 'TIMESTAMP', 24 * hourMs],
  ['DAY', 'DATE', 24 * hourMs],
  ['MONTH', 'DATETIME', 31 * 24 * hourMs],
])('partitions by %s of a %s are deleted when they are expired', async (by, type, ms) => {
  const name = `by_${by}_${type}`.toLowerCase();
  const table = bed.bigquery.dataset('shop').table(name);
  const timePartitioning = { type: by, field: 'at', expirationMs: String(ms) };
  await table.create({
    schema: [
      { name: 'at', type },
      { name: 'n', type: 'INTEGER' },
    ],
    timePartitioning,
  });
  const [metadata] = await table.getMetadata();
  expect(metadata.timePartitioning).toEqual(timePartitioning);
  const now = Date.now();
  // The partition of the second began before that; the third is in the last one that is kept at all.
  const times = [now - 70 * 24 * hourMs, now - ms - 1, now];
  const length = type === 'DATE' ? 10 : 19;
  await table.insert(
    times.map((time, n) => ({ at: new Date(time).toISOString().slice(0, length), n })),
  );
  const [rows] = await bed.bigquery.query(`SELECT n FROM shop.${name} ORDER BY n`);
  expect(rows).toEqual([{ n: 2 }]);
  const [count] = await bed.bigquery.query(`SELECT COUNT(*) AS n FROM shop.${name}`);
  expect(count).toEqual([{ n: 1 }]);
});
