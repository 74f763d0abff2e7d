import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BigQuery } from '@google-cloud/bigquery';
import { describe, expect, it } from 'vitest';
import { startAbsmartly } from '../../../local/absmartly/main.ts';
import { sampleExport } from '../../../local/absmartly/sample-export.ts';
import { loadJobId } from '../../../subscriber/exports/load/load-job.ts';
import { announcement, type ExportsBed, startExportsBed } from '../../beds/exports-bed.ts';
import { loadExport } from '../../beds/load-once.ts';
import { patchDirectory, type ZipContent, zipOf } from '../../beds/zips.ts';
import { exportRowCount } from '../../fixtures/absmartly/export-row-count.ts';

const { path, table } = announcement;
const sample = {
  path: '/v1/experiments/exports/15/experiment_42_export.zip',
  table: 'absmartly.experiment_exports',
};

async function bedWith(content: ZipContent): Promise<ExportsBed> {
  return await startExportsBed({ [path]: await zipOf(content) });
}

async function jobIds(bed: ExportsBed): Promise<string[]> {
  const [jobs] = await bed.bigquery.getJobs();
  return jobs.flatMap(({ id }) => (id?.startsWith('tributary-export-') ? [id] : []));
}

describe('an export', () => {
  it('is loaded file by file, with all its rows', async () => {
    const bed = await startExportsBed();
    const { files } = sampleExport(15, 42);
    expect(await loadExport(sample, bed)).toEqual({
      kind: 'loaded',
      rows: exportRowCount,
      files: files.map(({ name, rows }) => ({ name, rows })),
    });
    expect(await bed.query(`SELECT COUNT(*) AS n FROM ${sample.table}`)).toEqual([
      { n: exportRowCount },
    ]);
    expect(await readdir(bed.directory)).toEqual([]);
    const [odd] = await bed.query(
      `SELECT COUNT(*) AS n FROM ${sample.table} WHERE STRPOS(properties, '"sie sagte \\\\"schön\\\\""') > 0`,
    );
    const told = files.map(({ text }) => text.split('sie sagte').length - 1);
    expect(odd).toEqual({ n: told.reduce((sum, n) => sum + n, 0) });
  });

  it('has the units and conversions that the vendor’s query counts', async () => {
    const bed = await startExportsBed();
    await loadExport(sample, bed);
    const seed = await readFile(
      fileURLToPath(new URL('../../fixtures/absmartly/conversion-rate.sql', import.meta.url)),
      'utf8',
    );
    const rows = await bed.query(seed.replaceAll('YOUR_PROJECT_ID', 'local-project'));
    expect(rows.map(({ variant }) => variant)).toEqual([0, 1]);
    for (const { unique_participants, converters, conversion_rate } of rows) {
      const [units, reached] = [Number(unique_participants), Number(converters)];
      expect(units).toBeGreaterThan(30);
      expect(reached).toBeGreaterThan(0);
      expect(reached).toBeLessThan(units);
      expect(conversion_rate).toBe(Math.round((reached / units) * 10_000) / 10_000);
    }
  });

  it('is loaded once, however often it is announced', async () => {
    const bed = await startExportsBed();
    const [first, meanwhile] = await Promise.all([
      loadExport(sample, bed),
      loadExport(sample, bed),
    ]);
    const again = await loadExport(sample, bed);
    expect(first).toMatchObject({ kind: 'loaded', rows: exportRowCount });
    expect(meanwhile).toEqual(first);
    expect(again).toEqual(first);
    expect(await bed.query(`SELECT COUNT(*) AS n FROM ${sample.table}`)).toEqual([
      { n: exportRowCount },
    ]);
  });

  it('is loaded again if its content has changed', async () => {
    const bed = await bedWith([
      ['1.csv', 'a,b\n1,x\n'],
      ['2.csv', 'a,b\n2,y\n'],
    ]);
    await loadExport(announcement, bed);
    bed.files.set(
      path,
      await zipOf([
        ['1.csv', 'a,b\n1,x\n'],
        ['2.csv', 'a,b\n3,z\n'],
      ]),
    );
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 2 });
    expect(await bed.query(`SELECT a FROM ${table} ORDER BY a`)).toEqual([
      { a: 1 },
      { a: 2 },
      { a: 3 },
    ]);
  });

  it('continues after a kill, and loads each file exactly once', async () => {
    const bed = await startExportsBed();
    const child = fork(fileURLToPath(new URL('../../beds/load-process.ts', import.meta.url)), {
      env: { ...process.env, API: JSON.stringify(bed.api), BIGQUERY: bed.bigquery.apiEndpoint },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    child.send({ announcement: sample, directory: bed.directory });
    const [loaded] = await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(loaded).toBe('experiment_42_export_001.csv');
    expect(await readdir(bed.directory)).toEqual([]);

    expect(await loadExport(sample, bed)).toMatchObject({ kind: 'loaded', rows: exportRowCount });
    const byFile = await bed.query(`SELECT COUNT(*) AS n FROM ${sample.table}`);
    expect(byFile).toEqual([{ n: exportRowCount }]);
  });

  it('loads in the order of the names, whatever their order in the ZIP', async () => {
    const bed = await bedWith([
      ['b/2.csv', 'a\n2\n'],
      ['a_10.csv', 'a\n10\n'],
      ['A.CSV', 'a\n1\n'],
      ['a_2.csv/', ''],
    ]);
    const outcome = await loadExport(announcement, bed);
    expect(outcome).toMatchObject({
      kind: 'loaded',
      files: [{ name: 'A.CSV' }, { name: 'a_10.csv' }, { name: 'b/2.csv' }],
    });
  });
});

describe('a CSV', () => {
  it('may be empty, have only a header, or begin with a byte order mark', async () => {
    const bed = await bedWith([
      ['1.csv', ''],
      ['2.csv', 'a,b\n'],
      ['3.csv', '\uFEFFa,b\r\n1,x\r\n'],
      ['4.csv', 'a,b\n2,y'],
    ]);
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'loaded',
      rows: 2,
      files: [
        { name: '1.csv', rows: 0 },
        { name: '2.csv', rows: 0 },
        { name: '3.csv', rows: 1 },
        { name: '4.csv', rows: 1 },
      ],
    });
    expect(await bed.query(`SELECT a, b FROM ${table} ORDER BY a`)).toEqual([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
  });

  it('keeps commas, quotes and line breaks in cells, whatever its line ends', async () => {
    const bed = await bedWith([
      ['1.csv', 'id,text\r\n1,"a, ""b"""\r\n2,"line one\nline two"\r\n'],
      ['2.csv', '\uFEFF"id","text"\n3,"one\r\ntwo"\n4,""\n'],
    ]);
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 4 });
    expect(await bed.query(`SELECT id, text FROM ${table} ORDER BY id`)).toEqual([
      { id: 1, text: 'a, "b"' },
      { id: 2, text: 'line one\nline two' },
      { id: 3, text: 'one\r\ntwo' },
      { id: 4, text: '' },
    ]);
  });

  it('may have its columns in another order, fewer of them, or more', async () => {
    const bed = await bedWith([
      ['1.csv', 'a,b\n1,x\n'],
      ['2.csv', 'b,a\ny,2\n'],
      ['3.csv', 'a\n3\n'],
      ['4.csv', 'c,a,b\nnew,4,z\n'],
    ]);
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 4 });
    expect(await bed.query(`SELECT a, b, c FROM ${table} ORDER BY a`)).toEqual([
      { a: 1, b: 'x', c: null },
      { a: 2, b: 'y', c: null },
      { a: 3, b: null, c: null },
      { a: 4, b: 'z', c: 'new' },
    ]);
  });

  it('goes into the columns of an existing table', async () => {
    const bed = await bedWith([['1.csv', 'b,a\n01,1\n']]);
    await bed.bigquery.createDataset('absmartly', { location: 'US' });
    await bed.bigquery.dataset('absmartly').createTable('exports', {
      schema: [
        { name: 'a', type: 'NUMERIC' },
        { name: 'b', type: 'STRING' },
      ],
    });
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 1 });
    expect(await bed.query(`SELECT b FROM ${table}`)).toEqual([{ b: '01' }]);
  });

  it.each([
    ['lacks a cell', '1,x\n2\n', 'has 1 cell, the header 2'],
    ['has a cell too many', '1,x\n2,y,z\n', 'has 3 cells, the header 2'],
    ['never ends a quote', '1,x\n2,"y\n', 'a quote is never closed'],
  ])('with a row that %s ends the export before anything is loaded', async (_, rows, problem) => {
    const bed = await bedWith([
      ['1.csv', 'a,b\n0,w\n'],
      ['2.csv', `a,b\n${rows}`],
    ]);
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'invalid',
      reason: `2.csv, line 3: ${problem} (cells are separated by a comma)`,
    });
    expect(await jobIds(bed)).toEqual([]);
  });

  it('that BigQuery rejects ends the export, whose reason names the files loaded before', async () => {
    const bed = await bedWith([
      ['1.csv', 'a\n1\n'],
      ['2.csv', 'a\nx\n'],
      ['3.csv', 'a\n3\n'],
    ]);
    await bed.bigquery.createDataset('absmartly', { location: 'EU' });
    await bed.bigquery.dataset('absmartly').createTable('exports', { schema: 'a:INTEGER' });
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'invalid',
      reason: expect.stringMatching(
        /^2\.csv: BigQuery did not load it.*'x'.* line_number: 2 .* \(loaded before it: 1\.csv\)$/,
      ),
    });
    expect(await bed.query(`SELECT a FROM ${table}`)).toEqual([{ a: 1 }]);
  });

  it('that was rejected is loaded by another attempt after the table is repaired', async () => {
    const bed = await bedWith([['1.csv', 'a\nx\n']]);
    const exports = bed.bigquery.dataset('absmartly').table('exports');
    await bed.bigquery.createDataset('absmartly', { location: 'EU' });
    await exports.create({ schema: [{ name: 'a', type: 'INTEGER' }] });
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'invalid' });
    await exports.delete();
    await exports.create({ schema: [{ name: 'a', type: 'STRING' }] });
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'loaded', rows: 1 });
    expect(await bed.query(`SELECT a FROM ${table}`)).toEqual([{ a: 'x' }]);
    const attempts = (await jobIds(bed)).map((id) => id.replace(/^.*-/, ''));
    expect(attempts.sort()).toEqual(['0', '1']);
  });
});

describe('an export is rejected', () => {
  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['an empty ZIP', async () => Buffer.alloc(0), /empty: 0 bytes/],
    ['no ZIP', async () => Buffer.from('<html>Log in</html>'), /not a readable ZIP/],
    ['no CSV', () => zipOf([['a.txt', '']]), /no CSV/],
    [
      'a truncated ZIP',
      async () => (await zipOf([['a.csv', 'a\n1\n']])).subarray(0, -10),
      /not a readable ZIP/,
    ],
  ])('for %s', async (_, zip, reason) => {
    const bed = await startExportsBed({ [path]: await zip() });
    const outcome = await loadExport(announcement, bed);
    expect(outcome).toEqual({ kind: 'invalid', reason: expect.stringMatching(reason) });
    expect(await readdir(bed.directory)).toEqual([]);
  });

  it('before anything is loaded, if one of its files is damaged', async () => {
    const bed = await startExportsBed({
      [path]: patchDirectory(
        await zipOf([
          ['1.csv', 'a\n1\n'],
          ['2.csv', 'a\n2\n'],
        ]),
        16,
        [1, 2],
      ),
    });
    expect(await loadExport(announcement, bed)).toMatchObject({ kind: 'invalid' });
    expect(await jobIds(bed)).toEqual([]);
  });

  it('with the reasons of the vendor’s troubleshooting table', async () => {
    const bed = await startExportsBed();
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'invalid',
      reason: expect.stringMatching(/^404 on download: the export file may have expired/),
    });
    bed.api = { ...bed.api, key: 'wrong' };
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'invalid',
      reason: expect.stringMatching(/^401 on download: the API key is incorrect or missing/),
    });
  });
});

describe('an export is tried again', () => {
  it('when the sender is not reachable', async () => {
    const bed = await startExportsBed();
    const gone = await startAbsmartly({ port: 0, apiKey: '' });
    await gone.stop();
    bed.api = { ...bed.api, url: `http://127.0.0.1:${gone.port}` };
    expect(await loadExport(announcement, bed)).toEqual({
      kind: 'retryable',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('when BigQuery is not reachable', async () => {
    const bed = await bedWith([['1.csv', 'a\n1\n']]);
    const gone = await startAbsmartly({ port: 0, apiKey: '' });
    await gone.stop();
    const apiEndpoint = `http://127.0.0.1:${gone.port}`;
    const bigquery = new BigQuery({ projectId: 'local-project', apiEndpoint, autoRetry: false });
    expect(await loadExport(announcement, { ...bed, bigquery })).toEqual({
      kind: 'retryable',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('when the subscriber stops', async () => {
    const bed = await startExportsBed();
    const stop = new AbortController();
    const log = () => stop.abort();
    expect(await loadExport(sample, { ...bed, log, signal: stop.signal })).toEqual({
      kind: 'retryable',
      reason: 'the subscriber stops',
    });
    expect(await jobIds(bed)).toHaveLength(1);
    expect(await loadExport(sample, bed)).toMatchObject({ kind: 'loaded', rows: exportRowCount });
    expect(await jobIds(bed)).toHaveLength(3);
  });
});

describe('the id of a load job', () => {
  const destination = { dataset: 'd', table: 't', location: 'EU' };
  const file = { name: 'a.csv', bytes: 10, crc32: 1 };
  const id = loadJobId('/x.zip', destination, file, 0);

  it('is the same for the same file, and valid for BigQuery', () => {
    expect(loadJobId('/x.zip', { ...destination }, { ...file }, 0)).toBe(id);
    expect(loadJobId('/x.zip?signature=1', destination, file, 0)).toBe(id);
    expect(id).toMatch(/^[\w-]{1,1024}$/);
  });

  it.each([
    ['path', loadJobId('/y.zip', destination, file, 0)],
    ['table', loadJobId('/x.zip', { ...destination, table: 'u' }, file, 0)],
    ['name', loadJobId('/x.zip', destination, { ...file, name: 'b.csv' }, 0)],
    ['size', loadJobId('/x.zip', destination, { ...file, bytes: 11 }, 0)],
    ['CRC-32', loadJobId('/x.zip', destination, { ...file, crc32: 2 }, 0)],
    ['attempt', loadJobId('/x.zip', destination, file, 1)],
  ])('is another for another %s', (_, other) => {
    expect(other).not.toBe(id);
  });
});
