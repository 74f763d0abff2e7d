import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobLoadMetadata, Table } from '@google-cloud/bigquery';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BigQueryBed,
  PROJECT,
  queryRows,
  request,
  startBigQueryBed,
} from '../../beds/bigquery-bed.ts';

let server: BigQueryBed;
let tables = 0;

beforeAll(async () => {
  server = await startBigQueryBed();
  await server.bigquery.createDataset('d');
});

afterAll(() => server.stop());

interface Loaded {
  rows: unknown[][];
  fields: [string, string][];
}

/** Loads a file into a table (a new one, unless named) and reads all of it. */
async function load(
  text: string | Buffer,
  metadata: JobLoadMetadata,
  name?: string,
): Promise<Loaded> {
  tables += 1;
  const table = server.bigquery.dataset('d').table(name ?? `t${tables}`);
  const file = join(server.directory, `source-${tables}`);
  await writeFile(file, text);
  await loadFile(table, file, metadata);
  const [{ schema }] = await table.getMetadata();
  const rows = await queryRows(server, `SELECT * FROM d.${table.id}`, {
    formatOptions: { timestampOutputFormat: 'ISO8601_STRING' },
  });
  return {
    rows,
    fields: schema.fields.map((field: { name: string; type: string }) => [field.name, field.type]),
  };
}

/** Faster than `table.load`, which polls the job only every 500 ms. */
async function loadFile(table: Table, file: string, metadata: JobLoadMetadata): Promise<void> {
  const [job] = await table.createLoadJob(file, metadata);
  job.pollIntervalMs = 10;
  await job.promise();
}

const AUTODETECT: JobLoadMetadata = { sourceFormat: 'CSV', autodetect: true, skipLeadingRows: 1 };

function columns(...names: string[]): JobLoadMetadata {
  return {
    sourceFormat: 'CSV',
    schema: {
      fields: names.map((name) => ({
        name: name.split(':')[0] ?? '',
        type: name.split(':')[1] ?? 'STRING',
      })),
    },
  };
}

describe('autodetection', () => {
  test('types come from the values, empty cells are NULL', async () => {
    const csv = `i,f,b,ts,zoned,d,t,s,mixed,none
1,1.5,true,2026-01-02 03:04:05,2026-01-02T03:04:05.25+02:00,2026-01-02,03:04:05,x,1,
,2,FALSE,,,,,,a,
`;
    const { rows, fields } = await load(csv, AUTODETECT);
    expect(fields).toEqual([
      ['i', 'INTEGER'],
      ['f', 'FLOAT'],
      ['b', 'BOOLEAN'],
      ['ts', 'TIMESTAMP'],
      ['zoned', 'TIMESTAMP'],
      ['d', 'DATE'],
      ['t', 'TIME'],
      ['s', 'STRING'],
      ['mixed', 'STRING'],
      ['none', 'STRING'],
    ]);
    expect(rows).toEqual([
      [
        '1',
        '1.5',
        'true',
        '2026-01-02T03:04:05Z',
        '2026-01-02T01:04:05.250000Z',
        '2026-01-02',
        '03:04:05',
        'x',
        '1',
        null,
      ],
      [null, '2.0', 'false', null, null, null, null, null, 'a', null],
    ]);
  });

  test.each<[string, string, JobLoadMetadata, [string, string][], number]>([
    [
      'names are cleaned and made unique',
      'a b,9x,a-b\n1,2,3\n',
      AUTODETECT,
      [
        ['a_b', 'INTEGER'],
        ['_9x', 'INTEGER'],
        ['a_b_1', 'INTEGER'],
      ],
      1,
    ],
    [
      'a first row of numbers is no header',
      '1,x\n2,y\n',
      { sourceFormat: 'CSV', autodetect: true },
      [
        ['int64_field_0', 'INTEGER'],
        ['string_field_1', 'STRING'],
      ],
      2,
    ],
    [
      'words above words are no header, and the row is skipped',
      'a,b\nx,y\n',
      AUTODETECT,
      [
        ['string_field_0', 'STRING'],
        ['string_field_1', 'STRING'],
      ],
      1,
    ],
    [
      'a header alone names the columns',
      'a,b\n',
      AUTODETECT,
      [
        ['a', 'STRING'],
        ['b', 'STRING'],
      ],
      0,
    ],
    [
      'a byte order mark is no part of a name',
      '\uFEFFa,b\r\n1,2\r\n',
      AUTODETECT,
      [
        ['a', 'INTEGER'],
        ['b', 'INTEGER'],
      ],
      1,
    ],
  ])('%s', async (_, csv, metadata, fields, count) => {
    const loaded = await load(csv, metadata);
    expect(loaded.fields).toEqual(fields);
    expect(loaded.rows).toHaveLength(count);
  });

  test("an appended file matches the table's columns by name, with their types", async () => {
    await load('id,rate,note\n1,1.5,x\n', AUTODETECT, 'appended');
    await load('note,id\n77,2\n', AUTODETECT, 'appended');
    const { rows } = await load('id,rate,note\n', AUTODETECT, 'appended');
    expect(rows).toEqual([
      ['1', '1.5', 'x'],
      ['2', null, '77'],
    ]);
    await expect(load('id,more\n3,4\n', AUTODETECT, 'appended')).rejects.toThrow(
      'Cannot add fields (field: more)',
    );
    const wider = await load(
      'id,more\n3,4\n',
      { ...AUTODETECT, schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'] },
      'appended',
    );
    expect(wider.rows).toEqual([
      ['1', '1.5', 'x', null],
      ['2', null, '77', null],
      ['3', null, null, '4'],
    ]);
  });
});

describe('CSV', () => {
  test.each<[string, string, JobLoadMetadata, unknown[][]]>([
    [
      'quotes, doubled quotes and empty quoted cells',
      'a,"b ""q"" , c",""\n',
      columns('x', 'y', 'z'),
      [['a', 'b "q" , c', '']],
    ],
    [
      'newlines in quotes, where allowed',
      '"a\r\nb","c\nd"\n',
      { ...columns('x', 'y'), allowQuotedNewlines: true },
      [['a\r\nb', 'c\nd']],
    ],
    [
      'CRLF, CR and no newline at the end',
      'a\r\nb\rc\nd',
      columns('x'),
      [['a'], ['b'], ['c'], ['d']],
    ],
    ['blank lines', '\n\na,b\n\n', columns('x', 'y'), [['a', 'b']]],
    ['a quote inside a bare cell', '5" pipe,x\n', columns('x', 'y'), [['5" pipe', 'x']]],
    [
      'another delimiter, quote and NULL',
      "'a|b'|NIL\n",
      { ...columns('x', 'y'), fieldDelimiter: '|', quote: "'", nullMarker: 'NIL' },
      [['a|b', null]],
    ],
    ['tabs', 'a\tb\n', { ...columns('x', 'y'), fieldDelimiter: '\\t' }, [['a', 'b']]],
    ['no quotes at all', '"a","b"\n', { ...columns('x', 'y'), quote: '' }, [['"a"', '"b"']]],
    [
      'skipped rows',
      'junk\nx,y\na,b\n',
      { ...columns('x', 'y'), skipLeadingRows: 2 },
      [['a', 'b']],
    ],
    [
      'short rows, where allowed',
      'a\na,b\n',
      { ...columns('x', 'y'), allowJaggedRows: true },
      [
        ['a', null],
        ['a', 'b'],
      ],
    ],
    [
      'extra cells, where ignored',
      'a,b,c\n',
      { ...columns('x', 'y'), ignoreUnknownValues: true },
      [['a', 'b']],
    ],
    [
      'bad rows, as many as allowed',
      'x\n2\n',
      { ...columns('x:INTEGER'), maxBadRecords: 1 },
      [['2']],
    ],
    [
      'columns by name',
      'y,x\n1,2\n',
      { ...columns('x', 'y'), skipLeadingRows: 1, sourceColumnMatch: 'NAME' },
      [['2', '1']],
    ],
    [
      'columns by position',
      'y,x\n1,2\n',
      { ...columns('x', 'y'), skipLeadingRows: 1 },
      [['1', '2']],
    ],
    ['an empty file', '', columns('x'), []],
    [
      'large integers and decimals',
      '9223372036854775807,12345678901234567890.123456789\n',
      columns('x:INTEGER', 'y:NUMERIC'),
      [['9223372036854775807', '12345678901234567890.123456789']],
    ],
    [
      'JSON as it was written',
      '"{""n"":12345678901234567890,  ""a"":[]}"\n',
      columns('x:JSON'),
      [['{"n":12345678901234567890,  "a":[]}']],
    ],
    [
      'ASCII 0, where it is kept',
      'a\0b\n',
      { ...columns('x'), preserveAsciiControlCharacters: true } as JobLoadMetadata,
      [['a\0b']],
    ],
    ['any Unicode', 'é😀\u2028,"\u{10FFFF}"\n', columns('x', 'y'), [['é😀\u2028', '\u{10FFFF}']]],
  ])('%s', async (_, csv, metadata, rows) => {
    expect((await load(csv, metadata)).rows).toEqual(rows);
  });

  test.each<[string, string, JobLoadMetadata, RegExp]>([
    [
      'a value of another type',
      'a,1\nb,x\n',
      columns('s', 'n:INTEGER'),
      /'x' as INTEGER for column n;.*line_number: 2 .*column_index: 1/,
    ],
    ['an integer beyond int64', '9223372036854775808\n', columns('n:INTEGER'), /line_number: 1/],
    ['a decimal that would be rounded', '0.0000000001\n', columns('n:NUMERIC'), /as NUMERIC/],
    ['a day that is none', '2026-02-30\n', columns('d:DATE'), /as DATE/],
    ['JSON that is none', '{bad\n', columns('j:JSON'), /as JSON/],
    ['too many cells', 'a\nb,c\n', columns('x'), /Too many values.*line_number: 2/],
    ['too few cells', 'a\n', columns('x', 'y'), /only 1 columns.*line_number: 1/],
    ['a newline in quotes', '"a\nb"\n', columns('x'), /Missing close quote/],
    ['an open quote', '"a', { ...columns('x'), allowQuotedNewlines: true }, /Missing close quote/],
    ['text after a closing quote', '"a"b\n', columns('x'), /close quote character/],
    ['ASCII 0', 'a\0b\n', columns('x'), /line_number: 1/],
    ['no schema anywhere', 'a\n', { sourceFormat: 'CSV' }, /No schema specified/],
    [
      'a name that is no column',
      'x,zz\n1,2\n',
      { ...columns('x', 'y'), skipLeadingRows: 1, sourceColumnMatch: 'NAME' },
      /unknown column: zz/,
    ],
  ])('refuses %s, and makes no table', async (_, csv, metadata, message) => {
    await expect(load(csv, metadata)).rejects.toThrow(message);
    const [exists] = await server.bigquery.dataset('d').table(`t${tables}`).exists();
    expect(exists).toBe(false);
  });

  test('if a late row fails, nothing of the file is loaded', async () => {
    await load('1\n2\n', columns('n:INTEGER'), 'whole');
    const csv = `${'3\n'.repeat(10_000)}x\n`;
    await expect(load(csv, columns('n:INTEGER'), 'whole')).rejects.toThrow('line_number: 10001');
    expect(await queryRows(server, 'SELECT n FROM d.whole ORDER BY n')).toEqual([['1'], ['2']]);
  });

  test('rows are appended while a file is loaded into the same table', async () => {
    await load('0\n', columns('n:INTEGER'), 'shared');
    const table = server.bigquery.dataset('d').table('shared');
    const loading = Promise.all(
      [1, 2].map(() => load('1\n'.repeat(50_000), columns('n:INTEGER'), 'shared')),
    );
    for (let i = 0; i < 20; i++) await table.insert([{ n: 2 }]);
    await loading;
    expect(
      await queryRows(server, 'SELECT n, COUNT(*) FROM d.shared GROUP BY n ORDER BY n'),
    ).toEqual([
      ['0', '1'],
      ['1', '100000'],
      ['2', '20'],
    ]);
  });

  test('a file larger than every buffer is loaded completely', async () => {
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `${i},"né ""${i}""\n${'x'.repeat(i % 90)}"`,
    );
    const metadata = { ...columns('n:INTEGER', 's'), allowQuotedNewlines: true };
    await load(`${lines.join('\n')}\n`, metadata, 'large');
    const [row] = await queryRows(
      server,
      `SELECT COUNT(*), SUM(n), TO_HEX(MD5(STRING_AGG(s, '' ORDER BY n))) FROM d.large`,
    );
    const text = Array.from({ length: 60_000 }, (_, i) => `né "${i}"\n${'x'.repeat(i % 90)}`).join(
      '',
    );
    expect(row).toEqual(['60000', '1799970000', createHash('md5').update(text).digest('hex')]);
  });
});

describe('newline-delimited JSON', () => {
  const metadata: JobLoadMetadata = {
    sourceFormat: 'NEWLINE_DELIMITED_JSON',
    schema: {
      fields: [
        { name: 'id', type: 'INTEGER', mode: 'REQUIRED' },
        { name: 'j', type: 'JSON' },
        { name: 'tags', type: 'STRING', mode: 'REPEATED' },
        { name: 'r', type: 'RECORD', fields: [{ name: 'x', type: 'FLOAT' }] },
      ],
    },
  };

  test('numbers beyond 2^53, nesting and missing members', async () => {
    const json = `{"id":9007199254740993,"j":{"n":12345678901234567890.10,"s":"\\u0000"},"tags":["a"],"r":{"x":1}}
{"id":"2"}
`;
    expect((await load(json, metadata)).rows).toEqual([
      [
        '9007199254740993',
        '{"n":12345678901234567890.10,"s":"\\u0000"}',
        [{ v: 'a' }],
        { f: [{ v: '1.0' }] },
      ],
      ['2', null, [], null],
    ]);
  });

  test.each<[string, string]>([
    ['{"id":1}\n{bad}', 'line_number: 2'],
    ['{"id":1,"zz":1}', 'No such field: zz'],
    ['{"j":1}', 'Missing required field: id'],
    ['{"id":1.5}', `Could not convert value '1.5' to INTEGER`],
    ['{"id":1,"tags":"a"}', 'tags'],
    ['[1]', 'JSON object'],
  ])('refuses %s', async (json, message) => {
    await expect(load(json, metadata)).rejects.toThrow(message);
  });
});

describe('jobs', () => {
  test('write and create dispositions', async () => {
    await load('1\n', columns('n:INTEGER'), 'w');
    await expect(
      load('2\n', { ...columns('n:INTEGER'), writeDisposition: 'WRITE_EMPTY' }, 'w'),
    ).rejects.toThrow('Already Exists');
    const replaced = await load(
      'x,2\n',
      { ...columns('a', 'b:INTEGER'), writeDisposition: 'WRITE_TRUNCATE' },
      'w',
    );
    expect(replaced).toEqual({
      rows: [['x', '2']],
      fields: [
        ['a', 'STRING'],
        ['b', 'INTEGER'],
      ],
    });
    await expect(
      load('1\n', { ...columns('n'), createDisposition: 'CREATE_NEVER' }),
    ).rejects.toThrow('Not found: Table');
    await expect(load('1,2\n', columns('a', 'b'), 'w')).rejects.toThrow(
      'Field b has changed type from INTEGER to STRING',
    );
  });

  test('a job id is used only once, even after a restart or a failure', async () => {
    const fail = load('x\n', { ...columns('n:INTEGER'), jobId: 'burned' });
    await expect(fail).rejects.toThrow('Could not parse');
    await load('1\n', { ...columns('n:INTEGER'), jobId: 'once' });
    for (const jobId of ['burned', 'once']) {
      await expect(load('1\n', { ...columns('n:INTEGER'), jobId })).rejects.toMatchObject({
        code: 409,
      });
    }
    await server.restart();
    await expect(load('1\n', { ...columns('n:INTEGER'), jobId: 'once' })).rejects.toMatchObject({
      code: 409,
    });
    const [burned] = await server.bigquery.job('burned').getMetadata();
    expect(burned.status).toMatchObject({ state: 'DONE', errorResult: { reason: 'invalid' } });
    const [once] = await server.bigquery.job('once').getMetadata();
    expect(once.statistics.load).toMatchObject({
      outputRows: '1',
      inputFiles: '1',
      inputFileBytes: '2',
    });
    expect(once.configuration.jobType).toBe('LOAD');
  });

  test('a load without an upload, or of another kind, is refused', async () => {
    for (const configuration of [{ load: {} }, { copy: {} }, { extract: {} }, {}]) {
      const answer = await request(server, 'POST', `/bigquery/v2/projects/${PROJECT}/jobs`, {
        configuration,
      });
      expect(answer.status).toBe(400);
    }
    const [jobs] = await server.bigquery.getJobs({ maxResults: 2 });
    expect(jobs).toHaveLength(2);
    await expect(server.bigquery.job('never').getMetadata()).rejects.toMatchObject({ code: 404 });
  });
});
