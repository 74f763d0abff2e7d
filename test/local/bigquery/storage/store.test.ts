import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restRow } from '../../../../local/bigquery/query/results/rest-values.ts';
import { runQuery } from '../../../../local/bigquery/query/run-query.ts';
import { Store } from '../../../../local/bigquery/storage/store.ts';
import { type Cell, CellError } from '../../../../local/bigquery/tables/cell.ts';
import { newDataset, newTable } from '../../../../local/bigquery/tables/new-resource.ts';
import type { Field, FieldType } from '../../../../local/bigquery/tables/schema.ts';

const ref = { projectId: 'p', datasetId: 'd', tableId: 'T' };
let directory: string;
let store: Store;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-store-'));
  store = await Store.open(directory);
  await store.createDataset(newDataset(ref));
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

function field(name: string, type: FieldType, more: Partial<Field> = {}): Field {
  return { name, type, mode: 'NULLABLE', ...more };
}

async function read(sql: string): Promise<unknown[]> {
  const result = await runQuery(store, { sql, scope: { projectId: 'p' }, parameters: [] });
  const rows = result.rows.slice(0, result.rows.count);
  return rows.map((row) => restRow(result.schema, row, 'INT64').f.map((cell) => cell.v));
}

const EVERY_TYPE: Field[] = [
  field('s', 'STRING'),
  field('b', 'BYTES'),
  field('i', 'INTEGER'),
  field('f', 'FLOAT'),
  field('n', 'NUMERIC'),
  field('bn', 'BIGNUMERIC'),
  field('bo', 'BOOLEAN'),
  field('ts', 'TIMESTAMP'),
  field('d', 'DATE'),
  field('dt', 'DATETIME'),
  field('t', 'TIME'),
  field('j', 'JSON'),
  field('r', 'RECORD', {
    fields: [field('x', 'INTEGER'), field('y', 'STRING', { mode: 'REPEATED' })],
  }),
  field('rr', 'RECORD', { mode: 'REPEATED', fields: [field('x', 'INTEGER')] }),
];

test('every type comes back as it went in, at the ends of its range', async () => {
  await store.createTable(newTable(ref, EVERY_TYPE));
  await store.append(ref, [
    [
      'nul \0 and 😀 and \u2028',
      new Uint8Array([0, 255, 10]),
      -(2n ** 63n),
      1e308,
      '-0.5',
      '-578960446186580977117854925043439539266.34992332820282019728792003956564819968',
      true,
      -62_135_596_800_000_000n,
      -719_162,
      253_402_300_799_999_999n,
      86_399_999_999n,
      '{"n":12345678901234567890123, "same":1,"same":2}',
      [2n ** 63n - 1n, ['a', '']],
      [[1n], [null]],
    ],
    EVERY_TYPE.map(() => null),
  ]);
  expect(await read('SELECT * FROM d.T WHERE s IS NOT NULL')).toEqual([
    [
      'nul \0 and 😀 and \u2028',
      'AP8K',
      '-9223372036854775808',
      '1e+308',
      '-0.5',
      '-578960446186580977117854925043439539266.34992332820282019728792003956564819968',
      'true',
      '-62135596800000000',
      '0001-01-01',
      '9999-12-31T23:59:59.999999',
      '23:59:59.999999',
      '{"n":12345678901234567890123, "same":1,"same":2}',
      { f: [{ v: '9223372036854775807' }, { v: [{ v: 'a' }, { v: '' }] }] },
      [{ v: { f: [{ v: '1' }] } }, { v: { f: [{ v: null }] } }],
    ],
  ]);
  const [nulls] = (await read('SELECT * FROM d.T WHERE s IS NULL')) as unknown[][];
  expect(nulls).toEqual([...EVERY_TYPE.slice(0, -1).map(() => null), []]);
});

test.each<[FieldType, Cell]>([
  ['INTEGER', 2n ** 63n],
  ['INTEGER', 1],
  ['STRING', 1n],
  ['NUMERIC', '1.0000000001'],
  ['NUMERIC', 'abc'],
  ['BIGNUMERIC', `1${'0'.repeat(39)}`],
  ['BIGNUMERIC', `0.${'0'.repeat(38)}1`],
  ['BOOLEAN', 'true'],
  ['TIMESTAMP', 253_402_300_800_000_000n],
  ['DATE', 1.5],
  ['TIME', 86_400_000_000n],
  ['BYTES', 'AA=='],
  ['JSON', new Uint8Array()],
])('a %s column refuses %s, and the whole batch with it', async (type, cell) => {
  await store.createTable(newTable(ref, [field('c', type)]));
  const failed = store.append(ref, [[null], [cell]]);
  await expect(failed).rejects.toThrow(CellError);
  await expect(failed).rejects.toMatchObject({ path: 'c', rowIndex: 1 });
  expect(await read('SELECT COUNT(*) FROM d.T')).toEqual([['0']]);
});

test('a REQUIRED column rejects null, and an array rejects null items', async () => {
  await store.createTable(
    newTable(ref, [
      field('a', 'STRING', { mode: 'REQUIRED' }),
      field('b', 'STRING', { mode: 'REPEATED' }),
    ]),
  );
  await expect(store.append(ref, [[null, []]])).rejects.toMatchObject({ path: 'a' });
  await expect(store.append(ref, [['x', ['y', null]]])).rejects.toMatchObject({ path: 'b[1]' });
  await expect(store.append(ref, [['x']])).rejects.toThrow(CellError);
});

test('concurrent appends are all stored, except a rejected one', async () => {
  await store.createTable(newTable(ref, [field('n', 'INTEGER')]));
  const other = { ...ref, tableId: 'other' };
  await store.createTable(newTable(other, [field('n', 'INTEGER')]));
  const appends = Array.from({ length: 200 }, (_, i) =>
    store.append(i % 2 ? other : ref, [[i === 100 ? 'no' : BigInt(i)]]),
  );
  const settled = await Promise.allSettled(appends);
  expect(settled.filter((result) => result.status === 'rejected')).toHaveLength(1);
  expect(await read('SELECT COUNT(*), SUM(n) FROM d.T')).toEqual([['99', '9800']]);
  expect(await read('SELECT COUNT(*), SUM(n) FROM d.other')).toEqual([['100', '10000']]);
});

test('appends continue while columns are added; each batch has one schema', async () => {
  await store.createTable(newTable(ref, [field('n', 'INTEGER')]));
  const before = Array.from({ length: 20 }, () => store.append(ref, [[1n]]));
  const table = store.requireTable(ref);
  const schema = [...table.schema, field('m', 'STRING')];
  const change = store.updateTable({ ...table, schema, schemaVersion: 2 }, [
    'ALTER TABLE "p.d"."^T" ADD COLUMN "m" VARCHAR',
  ]);
  const after = Array.from({ length: 20 }, () => store.append(ref, [[2n, 'x']]));
  await Promise.all([...before, change, ...after]);
  expect(await read('SELECT n, COUNT(*), COUNT(m) FROM d.T GROUP BY n ORDER BY n')).toEqual([
    ['1', '20', '0'],
    ['2', '20', '20'],
  ]);
});

test('ids differ by case; a table that is dropped and created again is empty', async () => {
  await store.createTable(newTable(ref, [field('n', 'INTEGER')]));
  await store.createTable(newTable({ ...ref, tableId: 't' }, [field('n', 'INTEGER')]));
  await store.append(ref, [[1n]]);
  await store.append({ ...ref, tableId: 't' }, [[2n]]);
  expect(await read('SELECT n FROM d.T')).toEqual([['1']]);
  expect(await read('SELECT n FROM d.t')).toEqual([['2']]);
  await store.deleteTable(ref);
  await expect(store.append(ref, [[1n]])).rejects.toMatchObject({ reason: 'notFound' });
  await store.createTable(newTable(ref, [field('other', 'STRING')]));
  await store.append(ref, [['x']]);
  expect(await read('SELECT * FROM d.T')).toEqual([['x']]);
});

test('the catalogue and the rows are there after the store is opened again', async () => {
  const schema = [field('a b', 'RECORD', { mode: 'REPEATED', fields: [field('x', 'JSON')] })];
  await store.createTable(newTable(ref, schema, { clustering: { fields: ['x'] } }));
  await store.append(ref, [[[['{"k":[]}']]]]);
  const saved = store.getTable(ref);
  await store.close();
  store = await Store.open(directory);
  expect(store.getTable(ref)).toEqual(saved);
  expect(await read('SELECT * FROM d.T')).toEqual([[[{ v: { f: [{ v: '{"k":[]}' }] } }]]]);
});
