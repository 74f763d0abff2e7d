import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { DelimitedReader } from '../../../shared/delimited/reader.ts';
import { RecordScanner } from '../../../shared/delimited/record-scanner.ts';
import { RelayError } from '../../../shared/errors.ts';
import { readDelimited, toBytes } from './read.ts';

function codeOf(act: () => unknown): { code: string; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof RelayError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('records', () => {
  it.each([
    ['LF', 'a,b\n1,2\n3,4\n'],
    ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['CR', 'a,b\r1,2\r3,4\r'],
    ['mixed', 'a,b\n1,2\r\n3,4\r'],
    ['none behind the last', 'a,b\n1,2\n3,4'],
    ['empty lines between', 'a,b\n\n1,2\r\n\r\n3,4\n\n\n'],
    ['lines of blanks between', 'a,b\n  \n1,2\n\t\n3,4\n'],
  ])('line ends: %s', (_, text) => {
    const { header, rows, bad } = readDelimited(text);
    expect({ header, rows, bad }).toEqual({
      header: ['a', 'b'],
      rows: [
        ['1', '2'],
        ['3', '4'],
      ],
      bad: [],
    });
  });

  it('line ends inside of quotes are of the value, and counted', () => {
    const { rows, lines } = readDelimited('a,b\n"1\r\nx\ny\rz",2\n3,4\n');
    expect(rows).toEqual([
      ['1\r\nx\ny\rz', '2'],
      ['3', '4'],
    ]);
    expect(lines).toEqual([2, 6]);
  });

  it('an empty cell is null, and two quotes are an empty text', () => {
    expect(readDelimited('a,b,c\n,"",\n').rows).toEqual([[null, '', null]]);
  });

  it('quotes in quotes, and quotes that are characters', () => {
    expect(readDelimited('a,b\n"say ""hi""",5" disk\n""""," ""x"\n').rows).toEqual([
      ['say "hi"', '5" disk'],
      ['"', ' "x'],
    ]);
    expect(readDelimited('a,b\nx"y"z, "q"\n').rows).toEqual([['x"y"z', ' "q"']]);
  });

  it('blanks are of the value', () => {
    expect(readDelimited('a,b\n x , y\t\n').rows).toEqual([[' x ', ' y\t']]);
  });

  it('NUL and other control characters are of the value', () => {
    expect(readDelimited('a,b\nx\u0000y,\u0001\n').rows).toEqual([['x\u0000y', '\u0001']]);
    expect(readDelimited('a,b\nx\u0000,y\n').rows).toEqual([['x\u0000', 'y']]);
  });

  it('in whatever chunks a file comes, it says the same', () => {
    const text =
      '\uFEFFid,name,note\r\n1,"a ""b""\r\nc",\r2,é🐎,""\n"x"y,1,2\n\r\n3,"",5" disk\r\n4,q\n5,"open\n6,7,8';
    const whole = readDelimited(text);
    expect(whole.bad.map(({ line }) => line)).toEqual([5, 8, 9]);
    expect(whole.rows).toHaveLength(4);
    for (let size = 1; size <= toBytes(text).length; size++) {
      expect(readDelimited(text, {}, size)).toEqual(whole);
    }
  });
});

describe('the scanner', () => {
  const text = 'a,b\n"x, ""y""\r\n",é\r\n3,"z"\r\n\n4,5"6\n7,"8"9\n';

  it.each([1, 2, 3, 5, 8, 16])('cuts chunks of %i bytes as it cuts the whole', (size) => {
    // Of every length: the last record begins and ends at even places, and at odd ones.
    for (let length = 1; length <= toBytes(text).length; length++) {
      const bytes = toBytes(text).slice(0, length);
      expect(scanned(bytes, size)).toEqual(scanned(bytes, length));
    }
  });
});

function scanned(bytes: Uint8Array, size: number) {
  const told: unknown[] = [];
  const options = { delimiter: ',', maxRecordBytes: 1000 };
  const scanner = new RecordScanner(options, {
    record: (record) => {
      const cells = Array.from({ length: record.width }, (_, cell) => record.value(cell));
      told.push({ line: record.line, cells });
    },
    bad: ({ line, problem, bytes: own }) => told.push({ line, problem, own: own.slice() }),
  });
  for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.slice(at, at + size));
  scanner.end();
  return told;
}

describe('bad records', () => {
  it('text behind a closing quote costs its record, and no other', () => {
    const { rows, bad } = readDelimited('a,b\n1,2\n"a"b,x\n3,4\n');
    expect(rows).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
    expect(bad).toEqual([
      { line: 3, text: '"a"b,x', problem: 'text stands behind a closing quote' },
    ]);
  });

  it.each([
    ['in the first row', 'a,b\n"1,2\n3,4\n5,6\n', 2, '"1,2', ['3', '5']],
    ['in the last row', 'a,b\n1,2\n3,4\n"5,6\n', 4, '"5,6', ['1', '3']],
    ['in the last cell, without a line end', 'a,b\n1,2\n3,"4', 3, '3,"4', ['1']],
  ])('a quote that never closes %s', (_, text, line, bytes, first) => {
    const { rows, bad } = readDelimited(text);
    expect(bad).toEqual([{ line, text: bytes, problem: 'a quote is never closed' }]);
    expect(rows.map(([cell]) => cell)).toEqual(first);
  });

  it('a row of another width is named by its own line', () => {
    const { rows, bad } = readDelimited('a,b\n"1\n",2\n1,2,3\n4\n5,6\n');
    expect(rows).toHaveLength(2);
    expect(bad).toEqual([
      { line: 4, text: '1,2,3', problem: 'has 3 cells, the header 2' },
      { line: 5, text: '4', problem: 'has 1 cell, the header 2' },
    ]);
  });

  it('a record that is too long is left out, not the file', () => {
    const text = `a,b\n1,2\n${'x'.repeat(500)},3\n4,5\n`;
    for (const size of [7, 64, 1000]) {
      const { rows, bad } = readDelimited(text, { maxRecordBytes: 100 }, size);
      expect(rows.map(([cell]) => cell)).toEqual(['1', '4']);
      expect(bad.map(({ line, problem }) => [line, problem])).toEqual([
        [3, 'the record is too long'],
      ]);
    }
  });

  it('a quote that is not closed within the limit costs one line', () => {
    const text = `a,b\n"1,2\n${'3,4\n'.repeat(100)}`;
    for (const size of [7, 64, 1000]) {
      const { rows, bad } = readDelimited(text, { maxRecordBytes: 50 }, size);
      expect(bad).toEqual([{ line: 2, text: '"1,2', problem: 'a quote is never closed' }]);
      expect(rows).toHaveLength(100);
    }
  });

  it('a header that can not be read is no header', () => {
    expect(codeOf(() => readDelimited('"a"b,c\n1,2\n'))).toMatchObject({
      code: 'delimited.header',
    });
    expect(codeOf(() => readDelimited('"a,b\n1,2\n'))).toMatchObject({ code: 'delimited.header' });
    const wide = codeOf(() => readDelimited(`${'a,'.repeat(10_000)}b\n`));
    expect(wide.message).toContain('10001 columns');
  });
});

describe('the dialect', () => {
  it.each([
    ['comma', 'a,b,c\n1,2;3,4\n'],
    ['semicolon', 'a;b;c\n1;"2;3";4,5\n'],
    ['tab', 'a\tb\tc\n1\t2, 3\t4\n'],
    ['pipe', 'a|b|c\n1|2,5|4\n'],
    ['sep= line', 'sep=;\r\na;b,x;c\r\n1;2;4\r\n'],
    ['sep= line, and a tab', 'SEP=\t\na\tb\tc\n1\t2\t4\n'],
    ['a delimiter in quotes of the header', '"a;a;a;a","b",c\n1,2,4\n'],
    ['decimal commas in every row', 'a;b;c\n1,0;2,5;4,1\n2,0;3,5;4,2\n'],
  ])('%s', (_, text) => {
    const { header, rows, bad } = readDelimited(text);
    expect(header).toHaveLength(3);
    expect(rows[0]).toHaveLength(3);
    expect(bad).toEqual([]);
  });

  it('lines count from the first of the file, a sep= line too', () => {
    expect(readDelimited('sep=;\na;b\n1;2\n3\n').bad).toMatchObject([{ line: 4 }]);
  });

  it('one that is set is not looked for', () => {
    expect(readDelimited('a;b,c\n1;2,3\n', { delimiter: ',' }).header).toEqual(['a;b', 'c']);
  });

  it('a file of one column has none', () => {
    expect(readDelimited('note\nhello; you\na, b\n"c, d"\n')).toMatchObject({
      header: ['note'],
      bad: [{ line: 3 }],
    });
    expect(readDelimited('note\nhello\n"c, d"\n').rows).toEqual([['hello'], ['c, d']]);
  });

  it.each([
    ['nothing', '', undefined],
    ['a mark alone', '\uFEFF', undefined],
    ['a line end alone', '\n', undefined],
    ['a header alone', 'a,b', ['a', 'b']],
    ['a header of numbers', '2023,2024\n1,2\n', ['2023', '2024']],
  ])('of %s', (_, text, header) => {
    expect(readDelimited(text).header).toEqual(header);
  });
});

describe('the encoding', () => {
  const text = 'id,name\n1,Café 🐎\n2,日本\n';
  const utf16 = (bigEndian: boolean, mark: boolean) => {
    const marked = mark ? `\uFEFF${text}` : text;
    const bytes = new Uint8Array(marked.length * 2);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < marked.length; at++) {
      view.setUint16(at * 2, marked.charCodeAt(at), !bigEndian);
    }
    return bytes;
  };
  const latin1 = Uint8Array.from(
    [...'id,name\n1,Caf\u00e9\n2,x\n'].map((char) => char.charCodeAt(0)),
  );

  it.each([
    ['UTF-8', toBytes(text), {}],
    ['UTF-8 with a mark', toBytes(`\uFEFF${text}`), {}],
    ['UTF-16, little end first', utf16(false, true), {}],
    ['UTF-16, big end first', utf16(true, true), {}],
    ['UTF-16 without a mark, where it is set', utf16(false, false), { encoding: 'utf-16le' }],
    ['UTF-8 with a mark, though another is set', toBytes(`\uFEFF${text}`), { encoding: 'latin1' }],
  ])('%s', (_, bytes, options) => {
    for (const size of [1, 5, 1000]) {
      const { header, rows } = readDelimited(bytes, options, size);
      expect(header).toEqual(['id', 'name']);
      expect(rows).toEqual([
        ['1', 'Café 🐎'],
        ['2', '日本'],
      ]);
    }
  });

  const isUtf8 = (bytes: Uint8Array) => {
    try {
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  /** By itself, and with a check of the runtime. */
  const both = [{}, { isUtf8 }];

  it('with a check of the runtime characters may be cut anywhere', () => {
    for (let size = 1; size < 12; size++) {
      expect(readDelimited(text, { isUtf8 }, size).rows[0]).toEqual(['1', 'Café 🐎']);
    }
  });

  it('another one is refused with line and byte, unless it is set', () => {
    for (const [size, options] of [1, 3, 1000].flatMap((size) =>
      both.map((o) => [size, o] as const),
    )) {
      const { code, message } = codeOf(() => readDelimited(latin1, options, size));
      expect(code).toBe('delimited.encoding');
      expect(message).toContain('line 2, byte 14');
      expect(message).toContain("encoding: 'windows-1252'");
    }
    expect(readDelimited(latin1, { encoding: 'windows-1252' }).rows[0]).toEqual(['1', 'Café']);
  });

  it('the place is right far into a file, and behind characters that chunks cut', () => {
    const before = toBytes(`id,name\n${'1,é🐎\n'.repeat(30_000)}`);
    const bytes = new Uint8Array(before.length + 5);
    bytes.set(before);
    bytes.set([0x78, 0x2c, 0x79, 0xe9, 0x0a], before.length);
    for (const [size, options] of [4093, 65_536, 1_000_000].flatMap((size) =>
      both.map((o) => [size, o] as const),
    )) {
      const { message } = codeOf(() => readDelimited(bytes, options, size));
      expect(message).toContain(`line 30002, byte ${before.length + 4}`);
    }
  });

  it('what stands before a bad byte is read', () => {
    const bytes = Uint8Array.from(
      [...'a,b\n1,2\n3,\u00e9\n4,5\n'].map((char) => char.charCodeAt(0)),
    );
    for (const size of [1, 4, 1000]) {
      const rows: (string | null)[] = [];
      const reader = new DelimitedReader(
        {},
        { header: () => {}, row: (record) => rows.push(record.value(0)), bad: () => {} },
      );
      const read = () => {
        for (let at = 0; at < bytes.length; at += size) reader.push(bytes.slice(at, at + size));
        reader.end();
      };
      expect(codeOf(read).message).toContain('line 3, byte 11');
      expect(rows).toEqual(['1']);
    }
  });

  it('a character that the end cuts off is refused too', () => {
    expect(codeOf(() => readDelimited(toBytes('a,b\n1,é').slice(0, -1))).code).toBe(
      'delimited.encoding',
    );
  });

  it.each([
    ['utf-16le', false],
    ['utf-16be', true],
  ])('%s without a mark is told by its name', (encoding, bigEndian) => {
    const { code, message } = codeOf(() => readDelimited(utf16(bigEndian, false)));
    expect(code).toBe('delimited.encoding');
    expect(message).toMatch(/^line \d/);
    expect(message).toContain(`set encoding: '${encoding}'`);
  });

  it('one that nobody knows is a mistake of the config', () => {
    expect(codeOf(() => readDelimited('a,b\n', { encoding: 'klingon' })).message).toContain(
      'klingon',
    );
  });
});

describe('isCanonical', () => {
  it.each([
    ['as RFC 4180 has it', 'a,b\r\n1,"2 ""x"""\r\n', true],
    ['with LF', 'a,b\n1,2', true],
    ['a byte order mark', '\uFEFFa,b\n1,2\n', true],
    ['semicolons', 'a;b\n1;2\n', false],
    ['CR alone', 'a,b\r1,2\r', false],
    ['a quote in a cell', 'a,b\n1,2"\n', false],
    ['an empty line', 'a,b\n\n1,2\n', false],
    ['a sep= line', 'sep=,\na,b\n1,2\n', true],
    ['a line of blanks', 'a,b\n \n1,2\n', false],
    ['LF and CRLF', 'a,b\n1,2\r\n3,4\n', false],
  ])('%s', (_, text, canonical) => {
    for (const size of [1, 1000]) expect(readDelimited(text, {}, size).isCanonical).toBe(canonical);
  });
});

it('reads what csv-parse reads, as csv-parse reads it', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;
  const parts = ['a', 'é', '🐎', ' ', ',', '"', '\n', '\r\n', ';', '0', 'x'];
  for (let round = 0; round < 300; round++) {
    const width = 2 + random(4);
    const rows = Array.from({ length: 1 + random(8) }, () =>
      Array.from({ length: width }, () =>
        Array.from({ length: random(6) }, () => pick(parts)).join(''),
      ),
    );
    const toCell = (value: string) =>
      /[",\r\n]/.test(value) || random(4) === 0 ? `"${value.replaceAll('"', '""')}"` : value;
    const header = Array.from({ length: width }, (_, place) => `column${place}`);
    const end = pick(['\n', '\r\n', '\r']);
    const text = [header, ...rows].map((row) => row.map(toCell).join(',')).join(end);
    const expected = parse(text, {
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
    }) as string[][];
    const told = readDelimited(text, { delimiter: ',' }, 1 + random(20));
    expect(told.bad).toEqual([]);
    expect([told.header, ...told.rows.map((row) => row.map((cell) => cell ?? ''))]).toEqual(
      expected,
    );
  }
});

it('records may be read until the next push', () => {
  const text = `id,note\n${Array.from({ length: 9000 }, (_, n) => `${n},"é ${n}"\n`).join('')}`;
  const bytes = toBytes(text);
  for (const size of [1021, 70_001]) {
    const found: string[] = [];
    let views: { bytes: Uint8Array; start: number; end: number }[] = [];
    const row = ({ bytes: of, start, end }: (typeof views)[number]) => {
      views.push({ bytes: of, start, end });
    };
    const reader = new DelimitedReader({}, { header: () => {}, row, bad: () => {} });
    const read = () => {
      for (const { bytes: of, start, end } of views) {
        found.push(new TextDecoder().decode(of.subarray(start, end)));
      }
      views = [];
    };
    for (let at = 0; at < bytes.length; at += size) {
      reader.push(bytes.slice(at, at + size));
      read();
    }
    reader.end();
    read();
    expect(found.join('\n')).toBe(text.split('\n').slice(1, -1).join('\n'));
  }
});
