import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { RelayError } from '../../../../shared/errors.ts';
import { type CsvFile, readCsvFile } from '../../../../subscriber/exports/archive/csv-file.ts';
import { ExportColumns } from '../../../../subscriber/exports/archive/export-columns.ts';
import { defaultExportLimits } from '../../../../subscriber/exports/archive/limits.ts';
import { readArchive } from '../../../../subscriber/exports/archive/zip-archive.ts';
import { loadFile } from '../../../../subscriber/exports/load/load-file.ts';
import { PreparedFiles } from '../../../../subscriber/exports/load/prepare-files.ts';
import type { LoadOptions } from '../../../../subscriber/exports/load/start-load.ts';
import { announcement, type ExportsBed, startExportsBed } from '../../../beds/exports-bed.ts';
import { fileOf } from '../../../beds/temporary-files.ts';
import { damaged, type ZipContent, zipOf } from '../../../beds/zips.ts';

const { path, table } = announcement;
const destination = { dataset: 'absmartly', table: 'exports', location: 'EU' };

/** A header and rows, more than one unit of an upload. */
function longCsv(first: number, rows = 40_000): string {
  const lines = Array.from({ length: rows }, (_, index) => `${first + index},${'x'.repeat(20)}\n`);
  return `a,b\n${lines.join('')}`;
}

interface Counted extends CsvFile {
  opened: { times: number };
}

/** The files of an archive, each with a count of how often it was inflated. */
async function filesOf(zip: Buffer): Promise<Counted[]> {
  const archived = await readArchive(await fileOf(zip), zip.length, defaultExportLimits);
  const files = await Promise.all(archived.map((file) => readCsvFile(file, {})));
  return files.map((file) => {
    const opened = { times: 0 };
    const open = () => {
      opened.times++;
      return file.open();
    };
    return { ...file, open, opened };
  });
}

type Options = (files: readonly CsvFile[]) => LoadOptions;

async function bedWith(columns?: string[]): Promise<ExportsBed & { optionsOf: Options }> {
  const bed = await startExportsBed();
  const [dataset] = await bed.bigquery.createDataset('absmartly', { location: 'EU' });
  if (columns) await dataset.createTable('exports', { schema: columns.join(', ') });
  const optionsOf: Options = (files) => ({
    bigquery: bed.bigquery,
    destination,
    path,
    columns: new ExportColumns(files),
  });
  return { ...bed, optionsOf };
}

async function loadAll(files: readonly CsvFile[], prepared: PreparedFiles, options: LoadOptions) {
  let sum = 0;
  for (const file of files) sum += (await loadFile(file, prepared.take(file), options)).rows;
  return sum;
}

const content: ZipContent = [
  ['1.csv', longCsv(0)],
  ['2.csv', longCsv(100_000)],
  ['3.csv', 'a,b\n'],
];

it('inflates each file once, uploads it, and loads nothing', async () => {
  const { optionsOf, query } = await bedWith(['a:INTEGER', 'b:STRING']);
  const files = await filesOf(await zipOf(content));
  const options = optionsOf(files);
  const prepared = new PreparedFiles();
  await prepared.prepare(files, options);
  expect(await query(`SELECT COUNT(*) AS n FROM ${table}`)).toEqual([{ n: 0 }]);

  expect(await loadAll(files, prepared, options)).toBe(80_000);
  expect(await query(`SELECT COUNT(DISTINCT a) AS n FROM ${table}`)).toEqual([{ n: 80_000 }]);
  expect(files.map(({ opened }) => opened.times)).toEqual([1, 1, 1]);
});

it('also for a table that does not exist yet', async () => {
  const { optionsOf, query } = await bedWith();
  const files = await filesOf(await zipOf([['0.csv', 'a,b\n'], ...content]));
  const options = optionsOf(files);
  const prepared = new PreparedFiles();
  await prepared.prepare(files, options);
  await expect(query(`SELECT 1 FROM ${table}`)).rejects.toThrow('Not found');

  expect(await loadAll(files, prepared, options)).toBe(80_000);
  expect(await query(`SELECT COUNT(DISTINCT a) AS n FROM ${table}`)).toEqual([{ n: 80_000 }]);
  expect(files.map(({ opened }) => opened.times)).toEqual([1, 1, 1, 1]);
});

it('uploads every file again if later values need another type', async () => {
  const { optionsOf, query } = await bedWith();
  const numbers = longCsv(0, 60_000);
  const files = await filesOf(
    await zipOf([
      ['1.csv', longCsv(100_000)],
      ['2.csv', `${numbers}007,x\n`],
    ]),
  );
  const options = optionsOf(files);
  const prepared = new PreparedFiles();
  await prepared.prepare(files, options);
  expect(await loadAll(files, prepared, options)).toBe(100_001);
  expect(await query(`SELECT b FROM ${table} WHERE a = '007'`)).toEqual([{ b: 'x' }]);
  expect(files.map(({ opened }) => opened.times)).toEqual([2, 2]);
});

it('if BigQuery detects the columns, uploads the first file and checks the others', async () => {
  const { optionsOf, query } = await bedWith();
  const files = await filesOf(await zipOf([['0.csv', 'a,b\n'], ...content]));
  const options: LoadOptions = { ...optionsOf(files), schema: 'bigquery' };
  const prepared = new PreparedFiles();
  await prepared.prepare(files, options);
  await expect(query(`SELECT 1 FROM ${table}`)).rejects.toThrow('Not found');

  expect(await loadAll(files, prepared, options)).toBe(80_000);
  expect(await query(`SELECT COUNT(DISTINCT a) AS n FROM ${table}`)).toEqual([{ n: 80_000 }]);
  expect(files.map(({ opened }) => opened.times)).toEqual([1, 1, 2, 1]);
});

it.each<[string, string[] | undefined]>([
  ['there', ['a:INTEGER', 'b:STRING']],
  ['yet to be made', undefined],
])('makes no job if one file is damaged, in a table that is %s', async (_, columns) => {
  const { optionsOf, bigquery } = await bedWith(columns);
  const files = await filesOf(damaged(await zipOf(content), '2.csv'));
  const prepared = new PreparedFiles().prepare(files, optionsOf(files));
  await expect(prepared).rejects.toMatchObject({ code: 'export.corrupt' });
  const [jobs] = await bigquery.getJobs();
  expect(jobs).toEqual([]);
});

it('does not wait for a long upload if another file is damaged', async () => {
  const { optionsOf } = await bedWith(['a:INTEGER', 'b:STRING']);
  const [long, bad] = await filesOf(damaged(await zipOf(content), '2.csv'));
  if (!long || !bad) throw new Error('no files');
  const endless = { ...long, bytes: 2 ** 40, open: rowsWithoutEnd };
  const given = [endless, bad];
  const prepared = new PreparedFiles().prepare(given, optionsOf(given));
  await expect(prepared).rejects.toMatchObject({ code: 'export.corrupt' });
});

it('adds the columns of every file in their order', async () => {
  const { optionsOf, query } = await bedWith(['a:INTEGER']);
  const files = await filesOf(
    await zipOf([
      ['1.csv', 'a,b\n1,x\n'],
      ['2.csv', 'c,a\ny,2\n'],
      ['3.csv', 'a,b,c\n3,z,z\n'],
    ]),
  );
  const options = optionsOf(files);
  const prepared = new PreparedFiles();
  await prepared.prepare(files, options);
  expect(await loadAll(files, prepared, options)).toBe(3);
  expect(await query(`SELECT * FROM ${table} ORDER BY a`)).toEqual([
    { a: 1, b: 'x', c: null },
    { a: 2, b: null, c: 'y' },
    { a: 3, b: 'z', c: 'z' },
  ]);
});

it.each<[string, string[] | undefined, string]>([
  ['got a column', ['a:INTEGER'], 'a:INTEGER, other:STRING'],
  ['was made', undefined, 'a:INTEGER, b:STRING'],
])('uploads a file again if the table %s in the meantime', async (_, columns, changed) => {
  const { optionsOf, bigquery, query } = await bedWith(columns);
  const [file] = await filesOf(await zipOf([['1.csv', 'b,a\nx,007\n']]));
  if (!file) throw new Error('no file');
  const options = optionsOf([file]);
  const prepared = new PreparedFiles();
  await prepared.prepare([file], options);
  const exports = bigquery.dataset('absmartly').table('exports');
  if (columns) await exports.setMetadata({ schema: changed });
  else await exports.create({ schema: changed });

  expect(await loadAll([file], prepared, options)).toBe(1);
  expect(file.opened.times).toBe(2);
  expect(await query(`SELECT b, CAST(a AS STRING) AS a FROM ${table}`)).toEqual([
    { b: 'x', a: '7' },
  ]);
});

it('continues where it failed', async () => {
  const { optionsOf } = await bedWith(['a:INTEGER', 'b:STRING']);
  const files = await filesOf(await zipOf(content));
  const [first, second, third] = files;
  if (!first || !second || !third) throw new Error('no files');
  const options = optionsOf(files);
  const prepared = new PreparedFiles();
  await expect(prepared.prepare([first, { ...second, open: failing }], options)).rejects.toThrow(
    'EIO',
  );
  await prepared.prepare(files, options);
  expect(await loadAll(files, prepared, options)).toBe(80_000);
  expect(files.map(({ opened }) => opened.times)).toEqual([1, 1, 1]);
});

it('keeps the ends of some files, and uploads the others in their turn', async () => {
  const { optionsOf, query } = await bedWith(['a:INTEGER']);
  const many: ZipContent = Array.from({ length: 35 }, (_, n) => [`${100 + n}.csv`, `a\n${n}\n`]);
  const files = await filesOf(await zipOf(many));
  const options = optionsOf(files);
  const prepared = new PreparedFiles();
  await prepared.prepare(files, options);
  expect(await loadAll(files, prepared, options)).toBe(35);
  expect(await query(`SELECT COUNT(DISTINCT a) AS n FROM ${table}`)).toEqual([{ n: 35 }]);
  expect(files.filter(({ opened }) => opened.times === 2)).toHaveLength(3);
});

it('does not inflate files that are loaded already', async () => {
  const { optionsOf } = await bedWith(['a:INTEGER', 'b:STRING']);
  const files = await filesOf(await zipOf(content));
  const options = optionsOf(files);
  const before = new PreparedFiles();
  await before.prepare(files, options);
  await loadAll(files, before, options);
  const again = new PreparedFiles();
  await again.prepare(files, options);
  expect(await loadAll(files, again, options)).toBe(80_000);
  expect(files.map(({ opened }) => opened.times)).toEqual([1, 1, 2]);
});

async function* rowsWithoutEnd(): AsyncGenerator<Buffer> {
  for (;;) {
    await sleep(10);
    yield Buffer.from('1,x\n');
  }
}

async function* failing(): AsyncGenerator<Buffer> {
  yield Buffer.from('a,b\n');
  throw new RelayError('export.disk', 'EIO');
}
