import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type CommandBed, recorder, startCommandBed, table } from '../../beds/command-bed.ts';
import { zipOf } from '../../beds/zips.ts';
import { itWith } from '../../e2e/tools.ts';

const time = new Date(Date.now() - 86_400_000).toISOString();
const head = 'id,event_name,created_at,tenant_id,request_body,user_agent\n';
const csvRow = (id: string) =>
  `${id},purchase,${time},t1,"{""sku"": ""A-1"", ""n"": 9007199254740993}",\n`;
const jsonRow = (id: string, more: object = {}) =>
  `${JSON.stringify({ id, event_name: 'purchase', created_at: time, ...more })}\n`;

async function fileIn(place: CommandBed, name: string, content: string | Buffer) {
  const path = join(place.directory, name);
  await writeFile(path, content);
  return path;
}

const into = ['--stream', 'datanostro'];

async function rowCount(place: CommandBed): Promise<number> {
  const [[counts]] = await place.bigquery
    .query(`SELECT COUNT(*) AS n FROM ${table}`)
    .catch((error: { code?: unknown }) => {
      if (error.code !== 404) throw error;
      return [[{ n: 0 }]];
    });
  return counts.n;
}

describe('tributary import', { timeout: 60_000 }, () => {
  it('maps a CSV as it maps deliveries, and writes nothing the second time', async () => {
    const place = await startCommandBed(() => []);
    const path = await fileIn(place, 'day.csv', `\uFEFF${head}${csvRow('a')}${csvRow('b')}`);
    const first = await place.run('import', path, ...into);
    expect(first).toMatchObject({ status: 0, err: '' });
    expect(first.out).toMatch(/│ +2 │ +2 │ +0 │ +0 │ +0 │ +0 │/);
    const [rows] = await place.bigquery.query(
      `SELECT event_id, tenant_id, user_agent, JSON_VALUE(payload, '$.sku') AS sku,
         TO_JSON_STRING(payload) AS payload FROM ${table} ORDER BY event_id`,
    );
    const row = { tenant_id: 't1', user_agent: null, sku: 'A-1' };
    expect(rows).toMatchObject([
      { event_id: 'a', ...row },
      { event_id: 'b', ...row },
    ]);
    expect(rows[0].payload).toContain('9007199254740993');
    const second = await place.run('import', path, ...into);
    expect(second.out).toMatch(/│ +2 │ +0 │ +2 │/);
    expect(await place.rows()).toHaveLength(2);
  });

  it('imports a folder of NDJSON, gzip, CSV and ZIP files, each event once', async () => {
    const place = await startCommandBed(() => []);
    const folder = join(place.directory, 'files');
    await mkdir(folder);
    await fileIn(place, 'files/1.ndjson', `${jsonRow('a')}\r\n${jsonRow('b')}`);
    await fileIn(place, 'files/2.csv.gz', gzipSync(`${head}${csvRow('b')}${csvRow('c')}`));
    const zip = await zipOf([
      ['2.csv', `${head}${csvRow('e')}`],
      ['1.csv', `${head}${csvRow('d')}${csvRow('a')}`],
    ]);
    await fileIn(place, 'files/3.zip', zip);
    await fileIn(place, 'files/notes.txt', 'not an event');
    await mkdir(join(folder, '0.csv'));
    const { status, out } = await place.run('import', folder, ...into);
    expect(status).toBe(0);
    expect(
      [...out.matchAll(/(\d\.\S+(?: \S+)?) +│ +(\d) │ +(\d) │ +(\d) │/g)].map((m) => m.slice(1)),
    ).toEqual([
      ['1.ndjson', '2', '2', '0'],
      ['2.csv.gz', '2', '1', '1'],
      ['3.zip: 1.csv', '2', '1', '1'],
      ['3.zip: 2.csv', '1', '1', '0'],
    ]);
    expect((await place.rows()).map(({ event_id }) => event_id).sort()).toEqual([...'abcde']);
  });

  it('is killed again and again; at the end no row is duplicated or missing', async () => {
    const place = await startCommandBed(() => []);
    const count = 60_000;
    const ids = Array.from({ length: count }, (_, n) => `evt_${n}`);
    const path = await fileIn(place, 'large.ndjson', ids.map((id) => jsonRow(id)).join(''));
    for (let kill = 0; kill < 2; kill++) {
      const before = await rowCount(place);
      const run = place.start('import', path, ...into);
      // Somewhere in the group behind the one that is there.
      while (run.process.exitCode === null && (await rowCount(place)) === before) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await new Promise((resolve) => setTimeout(resolve, kill * 30));
      run.process.kill('SIGKILL');
      await run.ended;
    }
    expect(await place.run('import', path, ...into)).toMatchObject({ status: 0 });
    const rows = await place.rows();
    expect(rows).toHaveLength(count);
    expect(new Set(rows.map(({ event_id }) => event_id))).toEqual(new Set(ids));
  });

  itWith([recorder], 'draws a progress bar on a terminal, with the number of rows', async () => {
    const place = await startCommandBed(() => []);
    const rows = Array.from({ length: 45_000 }, (_, n) => jsonRow(`evt_${n}`)).join('');
    const path = await fileIn(place, 'large.ndjson', rows);
    const { status, out } = await place.runOnTerminal('import', path, ...into);
    expect(status).toBe(0);
    expect(out).toMatch(/=+-* \d+ % · \S+large\.ndjson: [24]\d,\d{3} rows/);
    expect(out).toMatch(/│ +45,000 │ +45,000 │/);
  });

  it('reads standard input, and drops what the filter drops', async () => {
    const place = await startCommandBed(() => []);
    const path = await fileIn(
      place,
      'x.jsonl',
      `${jsonRow('a')}${jsonRow('b', { event_name: 'page_view' })}${jsonRow('a')}`,
    );
    const run = place.start('import', '-', ...into);
    if (run.process.stdin) createReadStream(path).pipe(run.process.stdin);
    expect((await run.ended).out).toMatch(/standard input +│ +3 │ +1 │ +0 │ +1 │ +1 │ +0 │/);
  });

  it('saves the lines that can never become rows, and writes the others', async () => {
    const place = await startCommandBed(() => []);
    const rows = [
      csvRow('a'),
      'short,row\n',
      csvRow('b').replace(time, 'yesterday'),
      csvRow('c').replace('"{', 'x"{'),
      csvRow('d'),
    ];
    const path = await fileIn(place, 'bad.csv', head + rows.join(''));
    const rejects = join(place.directory, 'rejects.jsonl');
    const { status, err } = await place.run('import', path, ...into, '--rejected', rejects);
    expect(status).toBe(1);
    const kept = (await readFile(rejects, 'utf8')).trimEnd().split('\n');
    // Unchanged, as in the file.
    expect(kept.map((line) => JSON.parse(line)).sort((a, b) => a.line - b.line)).toMatchObject([
      { line: 3, text: 'short,row', reason: 'has 2 cells, the header 6' },
      { line: 4, text: rows[2]?.trimEnd(), column: 'event_time' },
      { line: 5, text: rows[3]?.trimEnd() },
    ]);
    expect(err).toContain('line 4: event_time: ');
    expect((await place.rows()).map(({ event_id }) => event_id).sort()).toEqual(['a', 'd']);
    const strict = await place.run('import', path, ...into, '--strict');
    expect(strict.status).toBe(1);
    expect(strict.err).toContain('line 3');
  });

  it('fills members that --rename gives to columns', async () => {
    const place = await startCommandBed(() => []);
    const path = await fileIn(place, 'x.csv', `event_id;event_name;at\na;purchase;${time}\n`);
    const rename = ['--rename', 'event_id=id', '--rename', 'at=created_at', '--delimiter', ';'];
    expect(await place.run('import', path, ...into, ...rename)).toMatchObject({ status: 0 });
    expect(await place.rows()).toMatchObject([{ event_id: 'a' }]);
  });

  it('recognises a line by its bytes if the stream has no ids', async () => {
    const place = await startCommandBed(() => []);
    const path = await fileIn(place, 'x.jsonl', '{"orderId":1}\n{"orderId":2}\n{"orderId":1}\n');
    const run = () => place.run('import', path, '--stream', 'crm');
    expect((await run()).out).toMatch(/│ +3 │ +2 │ +0 │ +1 │/);
    expect((await run()).out).toMatch(/│ +3 │ +0 │ +2 │ +1 │/);
  });

  it.each<[string, string | Buffer, string]>([
    ['not-utf-8.csv', Buffer.from(`${head}\xff`, 'latin1'), 'not UTF-8'],
    ['quote.csv', '"never closed\n', 'a quote is never closed'],
    ['array.json', `[${jsonRow('a')},`, 'the array is not closed'],
    ['cut.csv.gz', gzipSync(head.repeat(1000)).subarray(0, -20), 'gzip is damaged'],
    ['cut.zip', Buffer.from('PK\u0003\u0004 and nothing behind'), 'not a readable ZIP'],
  ])('says what is wrong with %s', async (name, content, problem) => {
    const place = await startCommandBed(() => []);
    const path = await fileIn(place, name, content);
    const { status, err } = await place.runInProcess('import', path, ...into);
    expect(status).toBe(1);
    expect(err).toContain(problem);
    expect(err).not.toContain('    at ');
  });

  it('says that a file does not exist, or that a folder has no files to import', async () => {
    const place = await startCommandBed(() => []);
    const folder = join(place.directory, 'empty');
    await mkdir(folder);
    expect((await place.runInProcess('import', `${folder}/x.csv`, ...into)).err).toContain(
      'there is no',
    );
    expect((await place.runInProcess('import', folder, ...into)).err).toContain(
      'no CSV, NDJSON or ZIP',
    );
  });
});
