import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CsvSettings } from '../../../subscriber/exports/archive/csv-reader.ts';
import { startExportTablesBed } from '../../beds/export-tables-bed.ts';
import type { ZipContent } from '../../beds/zips.ts';

const tables = startExportTablesBed();

const fixture = (name: string) =>
  readFile(new URL(`../../fixtures/files/${name}.zip`, import.meta.url));

describe('the files of users', () => {
  it.each([
    [
      'duplicate-column-second-file',
      ['uid STRING', 'v INTEGER', 'v_1 INTEGER'],
      [
        ['u1', '1', null],
        ['u2', '5', '7'],
      ],
    ],
    [
      'all-text',
      ['uid STRING', 'name STRING'],
      [
        ['u1', 'ann'],
        ['u2', 'bob'],
        ['u3', 'cid'],
        ['u4', 'dan'],
      ],
    ],
    [
      'semicolons',
      ['uid STRING', 'v INTEGER', 'w STRING'],
      [
        ['u1', '1', '1,5'],
        ['u2', '2', '2,5'],
      ],
    ],
    [
      'unicode-column-second-file',
      ['uid STRING', 'v INTEGER', '数量 INTEGER', '价格 INTEGER'],
      [
        ['u1', '1', null, null],
        ['u2', null, '5', '7'],
      ],
    ],
    [
      'leading-zeros-and-long-ints',
      ['uid STRING', 'zip STRING', 'phone STRING', 'code STRING', 'n STRING'],
      [
        ['u1', '00123', '+420777123456', '1E5', '9007199254740993'],
        ['u2', '04567', '0777123456', '12E3', '9223372036854775808'],
      ],
    ],
    [
      'unnamed-first-column',
      ['column_1 INTEGER', 'uid STRING', 'v INTEGER'],
      [
        ['0', 'u1', '3'],
        ['1', 'u2', '4'],
      ],
    ],
  ])('%s', async (name, columns, rows) => {
    expect(await tables.load(await fixture(name))).toEqual({ columns, rows });
  });

  it('every-row-longer-than-header', async () => {
    const { reason } = await tables.load(await fixture('every-row-longer-than-header'));
    expect(reason).toBe(
      'a.csv, line 2: has 3 cells, the header 2 (cells are separated by a comma)',
    );
  });

  it('latin1', async () => {
    const zip = await fixture('latin1');
    const { reason } = await tables.load(zip);
    expect(reason).toMatch(
      /^a\.csv, line 2, byte 20: the file is not UTF-8; .*encoding: 'windows-1252'/,
    );
    const settings = { encoding: 'windows-1252' };
    expect((await tables.load(zip, { settings })).rows).toEqual([['u1', '5', 'Café']]);
  });
});

/** The same table in different dialects. */
const same = {
  columns: ['id INTEGER', 'name STRING', 'note STRING'],
  rows: [
    ['1', 'Ann', 'x, y'],
    ['2', 'Bob', '5" disk'],
    ['3', 'Čeněk', null],
  ],
};
const comma = 'id,name,note\n1,Ann,"x, y"\n2,Bob,"5"" disk"\n3,Čeněk,\n';
const utf16 = (bigEndian = false) => {
  const bytes = Buffer.from(`\uFEFF${comma}`, 'utf16le');
  return bigEndian ? bytes.swap16() : bytes;
};

describe('a dialect', () => {
  it.each<[string, string | Buffer, CsvSettings?]>([
    ['LF', comma],
    ['CRLF', comma.replaceAll('\n', '\r\n')],
    ['CR', comma.replaceAll('\n', '\r')],
    ['LF behind the header, CRLF behind rows', comma.replace(/(\d.*)\n/g, '$1\r\n')],
    ['CRLF behind the header, LF behind rows', comma.replace('\n', '\r\n')],
    ['CRLF, and CR behind a row', comma.replaceAll('\n', '\r\n').replace('y"\r\n', 'y"\r')],
    ['no line end behind the last row', comma.trimEnd()],
    ['many line ends behind the last row', `${comma}\n\r\n\n`],
    ['empty lines above and between', `\n\n${comma.replaceAll('\n', '\n\n')}`],
    ['lines of blanks between', comma.replaceAll('\n', '\n  \n')],
    ['semicolons', 'id;name;note\n1;Ann;x, y\n2;Bob;5" disk\n3;Čeněk;\n'],
    ['tabs', 'id\tname\tnote\n1\tAnn\tx, y\n2\tBob\t5" disk\n3\tČeněk\t\n'],
    ['pipes', 'id|name|note\n1|Ann|x, y\n2|Bob|5" disk\n3|Čeněk|\n'],
    ['semicolons and CRLF', 'id;name;note\r\n1;Ann;x, y\r\n2;Bob;5" disk\r\n3;Čeněk;\r\n'],
    ['sep=;', 'sep=;\r\nid;name;note\r\n1;Ann;x, y\r\n2;Bob;5" disk\r\n3;Čeněk;\r\n'],
    ['sep=, above commas', `sep=,\n${comma}`],
    ['a mark and sep=', `\uFEFFsep=,\n${comma}`],
    [
      'a delimiter that is set',
      'id;name;note\n1;Ann;x, y\n2;Bob;5" disk\n3;Čeněk;\n',
      { delimiter: ';' },
    ],
    ['UTF-8 with a mark', `\uFEFF${comma}`],
    ['UTF-16, little end first', utf16()],
    ['UTF-16, big end first', utf16(true)],
    ['UTF-16 without a mark, set', utf16().subarray(2), { encoding: 'utf-16le' }],
    [
      'another encoding, set',
      Buffer.from(
        comma.replace(/Č|ě/g, (c) => (c === 'Č' ? '\xc8' : '\xec')),
        'latin1',
      ),
      { encoding: 'windows-1250' },
    ],
    ['every cell quoted', 'id,"name","note"\n1,"Ann","x, y"\n2,"Bob","5"" disk"\n3,"Čeněk",\n'],
    ['a quote inside of a cell', 'id,name,note\n1,Ann,"x, y"\n2,Bob,5" disk\n3,Čeněk,\n'],
    [
      'a trailing comma in every line',
      'id,name,note,\n1,Ann,"x, y",\n2,Bob,"5"" disk",\n3,Čeněk,,\n',
    ],
    [
      'empty columns at both sides',
      ',id,name,note,,\n,1,Ann,"x, y",,\n,2,Bob,"5"" disk",,\n,3,Čeněk,,,\n',
    ],
    ['blanks around the names', ' id ,name , note\n1,Ann,"x, y"\n2,Bob,"5"" disk"\n3,Čeněk,\n'],
  ])('%s', async (_, text, settings = {}) => {
    expect(await tables.load([['1.csv', text]], { settings })).toEqual(same);
  });
});

describe('names', () => {
  it.each<[string, ZipContent, string[], (string | null)[][]]>([
    ['doubled in one file', [['1.csv', 'v,v,v\n1,2,3\n']], ['v', 'v_1', 'v_2'], [['1', '2', '3']]],
    ['that differ by case', [['1.csv', 'Id,ID\n1,2\n']], ['Id', 'ID_1'], [['1', '2']]],
    [
      'that differ by case, in two files',
      [
        ['1.csv', 'id,v\n1,a\n'],
        ['2.csv', 'V,ID\nb,2\n'],
      ],
      ['id', 'v'],
      [
        ['1', 'a'],
        ['2', 'b'],
      ],
    ],
    [
      'doubled, and the number is taken',
      [['1.csv', 'v,v,v_1\n1,2,3\n']],
      ['v', 'v_2', 'v_1'],
      [['1', '2', '3']],
    ],
    [
      'of signs',
      [['1.csv', 'Price (€),a-b,c.d\n1,2,3\n']],
      ['Price____', 'a_b', 'c_d'],
      [['1', '2', '3']],
    ],
    ['of numbers', [['1.csv', '2023,2024\n1,2\n']], ['_2023', '_2024'], [['1', '2']]],
    [
      'that BigQuery keeps',
      [['1.csv', '_PARTITIONTIME,_CHANGE_TYPE\n1,2\n']],
      ['column_PARTITIONTIME', 'column_CHANGE_TYPE'],
      [['1', '2']],
    ],
    [
      'of other scripts',
      [['1.csv', 'имя,नाम,größe\n1,2,3\n']],
      ['имя', 'नाम', 'größe'],
      [['1', '2', '3']],
    ],
    [
      'with quotes and line ends',
      [['1.csv', '"a ""b""","c\nd"\n1,2\n']],
      ['a__b_', 'c_d'],
      [['1', '2']],
    ],
    [
      'that are too long',
      [['1.csv', `${'x'.repeat(400)},b\n1,2\n`]],
      ['x'.repeat(300), 'b'],
      [['1', '2']],
    ],
    ['of one column', [['1.csv', 'note\n"a, b"\nc\n']], ['note'], [['a, b'], ['c']]],
    ['that are missing', [['1.csv', 'a,,b\n1,2,3\n']], ['a', 'column_2', 'b'], [['1', '2', '3']]],
    [
      'that are missing, far above the first value',
      [['1.csv', `a,,b\n${'1,,3\n'.repeat(300_000)}4,5,6\n`]],
      ['a', 'column_2', 'b'],
      [],
    ],
  ])('%s', async (_, content, names, rows) => {
    const loaded = await tables.load(content);
    expect(loaded.columns.map((column) => column.split(' ')[0])).toEqual(names);
    if (rows.length > 0) expect(loaded.rows).toEqual(rows);
    else expect(loaded.rows).toHaveLength(300_001);
  });

  it('that occur twice are reported once, however many files have them', async () => {
    const told: unknown[] = [];
    const content: ZipContent = ['1', '2', '3'].map((name) => [`${name}.csv`, 'v,V\n1,2\n']);
    await tables.load(content, {
      log: ({ severity, columns }) => severity === 'WARNING' && told.push(columns),
    });
    expect(told).toEqual(['V: V_1']);
  });

  it('are spelled as in the table', async () => {
    const loaded = await tables.load(
      [['1.csv', 'ID,größe\n1,2\n']],
      {},
      'id:INTEGER, Größe:STRING',
    );
    expect(loaded).toEqual({ columns: ['id INTEGER', 'Größe STRING'], rows: [['1', '2']] });
  });
});

describe('types', () => {
  const far = 'x'.repeat(20);
  it.each<[string, ZipContent, string]>([
    ['of numbers', [['1.csv', 'v,w\n1,a\n-2,b\n']], 'INTEGER'],
    ['of decimals', [['1.csv', 'v,w\n1.5,a\n2,b\n']], 'FLOAT'],
    ['of long decimals', [['1.csv', 'v,w\n123456789012345678.25,a\n']], 'NUMERIC'],
    ['of true and false', [['1.csv', 'v,w\ntrue,a\nfalse,b\n']], 'BOOLEAN'],
    ['of days', [['1.csv', 'v,w\n2026-02-28,a\n']], 'DATE'],
    ['of times in UTC', [['1.csv', 'v,w\n2026-02-28T01:02:03.123Z,a\n']], 'TIMESTAMP'],
    ['of times elsewhere', [['1.csv', 'v,w\n2026-02-28T01:02:03+02:00,a\n']], 'STRING'],
    ['of numbers in quotes', [['1.csv', 'v,w\n"1",a\n"2",b\n']], 'INTEGER'],
    ['of an empty text', [['1.csv', 'v,w\n1,a\n"",b\n']], 'STRING'],
    ['of nothing', [['1.csv', 'v,w\n,a\n,b\n']], 'STRING'],
    [
      'of a text behind many numbers',
      [['1.csv', `v,w\n${`1,${far}\n`.repeat(100_000)}x,y\n`]],
      'STRING',
    ],
    [
      'of two files',
      [
        ['1.csv', 'v,w\n1,a\n'],
        ['2.csv', 'v,w\n1.5,a\n'],
      ],
      'FLOAT',
    ],
    [
      'of two files that agree in nothing',
      [
        ['1.csv', 'v,w\n1,a\n'],
        ['2.csv', 'w,V\na,2026-01-01\n'],
      ],
      'STRING',
    ],
  ])('%s', async (_, content, type) => {
    expect((await tables.load(content)).columns[0]).toBe(`v ${type}`);
  });

  it('of an existing table are kept, and a value that does not fit is named', async () => {
    const content: ZipContent = [['1.csv', 'v,w\n1,a\nx,b\n']];
    const { reason } = await tables.load(content, {}, 'v:INTEGER');
    expect(reason).toMatch(/^1\.csv: BigQuery did not load it .*'x' as INTEGER .*line_number: 3/);
  });

  it('are detected by BigQuery if the stream says so, which changes values', async () => {
    const loaded = await tables.load([['1.csv', 'v;w\n00123;a\n1E5;b\n']], { schema: 'bigquery' });
    expect(loaded).toEqual({
      columns: ['v FLOAT', 'w STRING'],
      rows: [
        ['100000', 'b'],
        ['123', 'a'],
      ],
    });
  });
});

/** The cases of github.com/maxogden/csv-spectrum, with our own texts. */
describe('csv-spectrum', () => {
  it.each<[string, string, (string | null)[][]]>([
    ['comma_in_quotes', 'first,city,zip\nJo,"Any, WW",08123\n', [['Jo', 'Any, WW', '08123']]],
    [
      'empty',
      'a,b,c\n1,"",""\n2,3,4\n',
      [
        ['1', '', ''],
        ['2', '3', '4'],
      ],
    ],
    [
      'empty_crlf',
      'a,b,c\r\n1,"",""\r\n2,3,4\r\n',
      [
        ['1', '', ''],
        ['2', '3', '4'],
      ],
    ],
    [
      'escaped_quotes',
      'a,b\n1,"so ""so"" so"\n3,4\n',
      [
        ['1', 'so "so" so'],
        ['3', '4'],
      ],
    ],
    [
      'json',
      'k,v\n1,"{""type"": ""Point"", ""at"": [102.0, 0.5]}"\n',
      [['1', '{"type": "Point", "at": [102.0, 0.5]}']],
    ],
    [
      'location_coordinates',
      'phone,at\n7010000000,"50.08,14.43"\n',
      [['7010000000', '50.08,14.43']],
    ],
    [
      'newlines',
      'a,b,c\n1,2,3\n"once \nthere",5,6\n7,8,9\n',
      [
        ['1', '2', '3'],
        ['7', '8', '9'],
        ['once \nthere', '5', '6'],
      ],
    ],
    [
      'newlines_crlf',
      'a,b,c\r\n1,2,3\r\n"once \r\nthere",5,6\r\n7,8,9\r\n',
      [
        ['1', '2', '3'],
        ['7', '8', '9'],
        ['once \r\nthere', '5', '6'],
      ],
    ],
    [
      'quotes_and_newlines',
      'a,b\n1,"so \n""so"" \nso"\n3,4\n',
      [
        ['1', 'so \n"so" \nso'],
        ['3', '4'],
      ],
    ],
    ['simple', 'a,b,c\n1,2,3\n', [['1', '2', '3']]],
    ['simple_crlf', 'a,b,c\r\n1,2,3\r\n', [['1', '2', '3']]],
    [
      'utf8',
      'a,b,c\n1,2,3\n4,5,ʤ\n',
      [
        ['1', '2', '3'],
        ['4', '5', 'ʤ'],
      ],
    ],
  ])('%s', async (_, text, rows) => {
    expect((await tables.load([['1.csv', text]])).rows).toEqual(rows);
  });
});

describe('bad input', () => {
  it.each<[string, string | Buffer]>([
    ['an empty file', ''],
    ['a mark alone', '\uFEFF'],
    ['a header alone', 'a,b'],
    ['a header of numbers alone', '2023,2024\n'],
  ])('%s makes no row and no table', async (_, text) => {
    expect(await tables.load([['1.csv', text]])).toEqual({ columns: [], rows: [] });
  });

  it('NUL and other control characters are kept', async () => {
    const { rows } = await tables.load([['1.csv', 'a,b\nx\u0000y,\u0001\u001f\n']]);
    expect(rows).toEqual([['x\u0000y', '\u0001\u001f']]);
  });

  const many = '1,2\n'.repeat(1000);
  it.each<[string, string | Buffer, string, CsvSettings?]>([
    [
      'a row too short',
      'a,b\n1,2\n3\n',
      'line 3: has 1 cell, the header 2 (cells are separated by a comma)',
    ],
    [
      'a row too long',
      'a;b\n1;2\n3;4;5\n',
      'line 3: has 3 cells, the header 2 (cells are separated by a semicolon)',
    ],
    [
      'below cells of several lines',
      'a,b\n"1\r\n1\n1",2\n3\n',
      'line 5: has 1 cell, the header 2 (cells are separated by a comma)',
    ],
    [
      'below a sep= line',
      'sep=|\na|b\n1|2\n3\n',
      'line 4: has 1 cell, the header 2 (cells are separated by a pipe)',
    ],
    [
      'a delimiter set wrongly',
      'a;b\n1,0;2\n',
      'line 2: has 2 cells, the header 1 (cells are separated by a comma)',
      { delimiter: ',' },
    ],
    [
      'a quote that never closes, at the first row',
      `a,b\n"1,2\n${many}`,
      'line 2: a quote is never closed',
    ],
    [
      'a quote that never closes, at the last row',
      `a,b\n${many}1,"2\n`,
      'line 1002: a quote is never closed',
    ],
    [
      'a quote that never closes, in the header',
      `a,"b\n${many}`,
      "line 1: the header can't be read: a quote is never closed",
    ],
    [
      'text behind a closing quote',
      'a,b\n"1"x,2\n3,4\n',
      'line 2: text stands behind a closing quote',
    ],
    [
      'Latin-1',
      Buffer.from('a,b\n1,2\n3,\xe9\n', 'latin1'),
      'line 3, byte 11: the file is not UTF-8',
    ],
    [
      'UTF-16 without a mark',
      Buffer.from('a,b\n1,2\n', 'utf16le'),
      "line 1: the file is UTF-16 without a byte order mark: set encoding: 'utf-16le'",
    ],
    [
      'a character cut off',
      Buffer.from('a,b\n1,é').subarray(0, -1),
      'line 2, byte 7: the file is not UTF-8',
    ],
    [
      'a million columns',
      `${'a,'.repeat(1_000_000)}a\n`,
      'line 1: the header names 1000001 columns, and BigQuery takes 10000',
    ],
  ])('%s is named', async (_, text, problem, settings = {}) => {
    const good: ZipContent = [['0.csv', 'a,b\n1,2\n']];
    const { reason } = await tables.load([...good, ['1.csv', text]], { settings });
    expect(reason?.slice(0, `1.csv, ${problem}`.length)).toBe(`1.csv, ${problem}`);
  });

  it('100 MB on one line are named', async () => {
    const noise = 'abcdefghijklmnopqrstuvwxyz';
    const line = Buffer.alloc(100_000_000, noise);
    // Stored, because deflated it would count as a bomb.
    const zip: ZipContent = [
      ['1.csv', Buffer.concat([Buffer.from('a,b\n'), line]), { compress: false }],
    ];
    const { reason } = await tables.load(zip);
    expect(reason).toMatch(/^1\.csv, line 2: the record is too long/);
  });

  it('a fixed schema rejects other columns, also the second of two names', async () => {
    const schema = { v: 'INT64' } as const;
    const { reason } = await tables.load([['1.csv', 'v,v,\n1,2,3\n']], { schema });
    expect(reason).toBe(
      "1.csv has columns that are not in the stream's schema: v_1 (a second v), column_3 (which has no name)",
    );
    expect((await tables.load([['1.csv', 'v,\n1,\n2,\n']], { schema })).reason).toContain(
      'column_2',
    );
  });
});
