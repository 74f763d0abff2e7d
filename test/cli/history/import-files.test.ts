import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CommandBed, startCommandBed, table } from '../../beds/command-bed.ts';

// Files as they occur in practice. Their content is in test/fixtures/files, or here.

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../fixtures/files/${name}`, import.meta.url));

const time = new Date(Date.now() - 86_400_000).toISOString().replace(/\.\d+/, '');
const head = 'id,event_name,created_at,tenant_id\n';
const row = (id: string, tenant = 't') => `${id},purchase,${time},${tenant}\n`;
const jsonRow = (id: string) => JSON.stringify({ id, event_name: 'purchase', created_at: time });

interface RejectedRecord {
  of: string;
  line: number;
  reason: string;
  text?: string;
}

interface Imported {
  status: number | null;
  out: string;
  err: string;
  rejects: RejectedRecord[];
  rows: { event_id: string; tenant_id: string | null }[];
}

async function importInto(
  place: CommandBed,
  path: string,
  ...options: string[]
): Promise<Imported> {
  const kept = join(place.directory, 'rejects.jsonl');
  const into = ['--stream', 'datanostro', '--rejected', kept];
  const run = await place.runInProcess('import', path, ...into, ...options);
  const lines = (await readFile(kept, 'utf8')).split('\n').filter((line) => line !== '');
  const [rows] = await place.bigquery
    .query(`SELECT event_id, tenant_id FROM ${table} ORDER BY event_id`)
    .catch((error: { code?: unknown }) => {
      if (error.code !== 404) throw error;
      return [[]];
    });
  return { ...run, rejects: lines.map((line) => JSON.parse(line) as RejectedRecord), rows };
}

async function importText(content: string | Buffer, ...options: string[]): Promise<Imported> {
  const place = await startCommandBed(() => []);
  const path = join(place.directory, 'x.csv');
  await writeFile(path, content);
  return await importInto(place, path, ...options);
}

const idsOf = ({ rows }: Imported) => rows.map(({ event_id }) => event_id);

describe('tributary import reads files as they occur in practice', { timeout: 60_000 }, () => {
  it.each<[string, number, string[], Partial<RejectedRecord>[]]>([
    ['lf-header-crlf-rows.csv', 0, ['d1', 'd2', 'd3'], []],
    ['quote-inside-unquoted.csv', 0, ['o1', 'o2'], []],
    [
      'text-behind-closing-quote.csv',
      1,
      ['p2'],
      [{ line: 2, text: 'p1,purchase,2026-11-28T01:21:51Z,t,"a"b' }],
    ],
    ['two-unnamed-columns.csv', 0, ['v1'], []],
  ])('%s', async (name, status, ids, rejects) => {
    const place = await startCommandBed(() => []);
    const path = join(place.directory, name);
    await copyFile(fixture(name), path);
    const imported = await importInto(place, path);
    expect(imported).toMatchObject({ status, rejects });
    expect(idsOf(imported)).toEqual(ids);
  });

  it('json-array.json', async () => {
    const place = await startCommandBed(() => []);
    const imported = await importInto(place, fixture('json-array.json'));
    expect(imported).toMatchObject({ status: 0, rejects: [] });
    expect(imported.rows).toHaveLength(2);
  });

  const csv = head + row('a') + row('b');

  it.each<[string, string | Buffer]>([
    ['CRLF', csv.replaceAll('\n', '\r\n')],
    ['CR', csv.replaceAll('\n', '\r')],
    ['semicolons', csv.replaceAll(',', ';')],
    ['tabs', csv.replaceAll(',', '\t')],
    ['pipes', csv.replaceAll(',', '|')],
    ['a sep= line', `sep=;\n${csv.replaceAll(',', ';')}`],
    ['a byte order mark', `\uFEFF${csv}`],
    ['UTF-16', Buffer.from(`\uFEFF${csv}`, 'utf16le')],
    ['gzip without its suffix', gzipSync(csv)],
    ['an array', `[${jsonRow('a')},\n ${jsonRow('b')}]\n`],
    ['an array in UTF-16', Buffer.from(`\uFEFF[${jsonRow('a')},${jsonRow('b')}]`, 'utf16le')],
    ['an array with a mark', `\uFEFF[${jsonRow('a')},${jsonRow('b')}]`],
    ['a text sequence', `\u001e${jsonRow('a')}\n\u001e${jsonRow('b')}\n`],
    ['JSON lines with a mark', `\uFEFF${jsonRow('a')}\r\n\r\n${jsonRow('b')}`],
  ])('%s: the same rows', async (_, content) => {
    const imported = await importText(content);
    expect(imported).toMatchObject({ status: 0, err: '', rejects: [] });
    expect(idsOf(imported)).toEqual(['a', 'b']);
  });

  it('another encoding is refused with line and byte, and is read if it is set', async () => {
    const latin1 = Buffer.from(head + row('a') + row('b', 'Caf\u00e9'), 'latin1');
    const refused = await importText(latin1);
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.err).toMatch(/x\.csv: line 3, byte \d+: the file is not UTF-8/);
    const read = await importText(latin1, '--encoding', 'windows-1252');
    expect(read).toMatchObject({ status: 0, rows: [{}, { tenant_id: 'Café' }] });
  });

  it('a quote that never closes costs one record, at the first row and at the last', async () => {
    const bad = `"open,purchase,${time},t\n`;
    const first = await importText(head + bad + row('a') + row('b'));
    expect(first).toMatchObject({ status: 1, rejects: [{ line: 2, text: bad.trimEnd() }] });
    expect(idsOf(first)).toEqual(['a', 'b']);
    const last = await importText(csv + bad);
    expect(last).toMatchObject({ status: 1, rejects: [{ line: 4, text: bad.trimEnd() }] });
    expect(idsOf(last)).toEqual(['a', 'b']);
  });

  it('a line that is rejected for its values is saved unchanged', async () => {
    const bad = ',purchase,,"t ""1"""\n';
    const { rejects, status } = await importText(head + bad + row('a'));
    expect(status).toBe(1);
    expect(rejects).toMatchObject([{ line: 2, text: bad.trimEnd() }]);
  });

  it('a record of more than 8 MB is rejected, but the file is not', async () => {
    const imported = await importText(head + row('a') + row('b', 'x'.repeat(8_500_000)) + row('c'));
    expect(imported).toMatchObject({ status: 1, rejects: [{ line: 3 }] });
    expect(idsOf(imported)).toEqual(['a', 'c']);
  });

  it('columns with names that BigQuery does not distinguish get different names, with a notice', async () => {
    const { err, status } = await importText(
      `id,event_name,created_at,v,V\na,purchase,${time},1,2\n`,
    );
    expect(status).toBe(0);
    expect(err).toContain('V_1');
  });

  it('a bad file does not stop the others, and the counts of all are printed', async () => {
    const place = await startCommandBed(() => []);
    const folder = join(place.directory, 'files');
    await mkdir(folder);
    await writeFile(join(folder, '1.csv'), head + row('a'));
    const latin1 = Buffer.from(head + row('b') + row('\u00e9'), 'latin1');
    await writeFile(join(folder, '2.csv'), latin1);
    await writeFile(join(folder, '3.zip'), 'PK\u0003\u0004 and nothing behind');
    const cut = gzipSync(csv.repeat(500)).subarray(0, -9);
    await writeFile(join(folder, '4.csv.gz'), cut);
    await writeFile(join(folder, '5.json'), `[${jsonRow('c')},{"id":`);
    await writeFile(join(folder, '6.ndjson'), `${jsonRow('d')}\n`);
    const imported = await importInto(place, folder);
    expect(imported.status).toBe(1);
    expect(imported.err).toMatch(/2\.csv: line 3, byte \d+: the file is not UTF-8/);
    expect(imported.err).toMatch(/3\.zip: the file is not a readable ZIP/);
    expect(imported.err).toMatch(/4\.csv\.gz: the gzip is damaged/);
    expect(imported.err).toMatch(/5\.json, line 1: the array is not closed/);
    expect(idsOf(imported)).toEqual(expect.arrayContaining(['a', 'b', 'c', 'd']));
    expect(imported.out).toMatch(/6\.ndjson +│ +1 │ +1 │/);
  });

  it('an object or array in a cell of a JSON column is JSON', async () => {
    const place = await startCommandBed(() => []);
    const path = join(place.directory, 'x.csv');
    const cells = ['"{""n"":9007199254740993}"', '"[1,2]"', 'plain', '{not json', ''];
    const rows = cells.map((cell, n) => `e${n},purchase,${time},${cell}\n`).join('');
    await writeFile(path, `id,event_name,created_at,request_body\n${rows}`);
    expect(await place.runInProcess('import', path, '--stream', 'datanostro')).toMatchObject({
      status: 0,
    });
    const [stored] = await place.bigquery.query(
      `SELECT TO_JSON_STRING(payload) AS payload FROM ${table} ORDER BY event_id`,
    );
    expect(stored.map(({ payload }: { payload: string | null }) => payload)).toEqual([
      '{"n":9007199254740993}',
      '[1,2]',
      '"plain"',
      '"{not json"',
      expect.toBeOneOf(['null', null]),
    ]);
  });
});
