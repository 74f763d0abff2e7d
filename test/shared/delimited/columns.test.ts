import { describe, expect, it } from 'vitest';
import { columnName, columnNames } from '../../../shared/delimited/column-names.ts';
import { TypeDetector } from '../../../shared/delimited/column-types.ts';
import { DelimitedReader } from '../../../shared/delimited/reader.ts';
import { RecordWriter } from '../../../shared/delimited/record-writer.ts';
import { readDelimited, toBytes } from './read.ts';

describe('columnName', () => {
  it.each([
    ['unit_uid', 'unit_uid'],
    [' Unit UID ', 'Unit_UID'],
    ['数量', '数量'],
    ['prix (€)', 'prix____'],
    ['Ärger', 'Ärger'],
    ['e\u0301', 'é'],
    ['2023', '_2023'],
    ['a-b.c/d', 'a_b_c_d'],
    ['_PARTITIONTIME', 'column_PARTITIONTIME'],
    ['_Table_x', 'column_Table_x'],
    ['_CHANGE_TYPE', 'column_CHANGE_TYPE'],
    ['', ''],
    ['x'.repeat(400), 'x'.repeat(300)],
  ])('%j becomes %j', (header, name) => {
    expect(columnName(header)).toBe(name);
  });
});

describe('columnNames', () => {
  it.each([
    [['uid', 'v', 'v'], ['uid', 'v', 'v_1'], ['v']],
    [
      ['Name', 'name', 'NAME'],
      ['Name', 'name_1', 'NAME_2'],
      ['name', 'NAME'],
    ],
    [['v', 'v_1', 'v'], ['v', 'v_1', 'v_2'], ['v']],
    [['a b', 'a-b'], ['a_b', 'a_b_1'], ['a-b']],
    [['', 'uid', ''], ['column_1', 'uid', 'column_3'], []],
    [['column_2', ''], ['column_2', 'column_2_1'], []],
  ])('%j', (header, names, doubled) => {
    expect(columnNames(header)).toMatchObject({ names, doubled });
  });

  it('ten thousand of one name are named in one pass', () => {
    const { names } = columnNames(Array.from({ length: 10_000 }, () => 'v'));
    expect(new Set(names).size).toBe(10_000);
    expect(names.at(-1)).toBe('v_9999');
  });
});

function typeOf(...values: string[]): string {
  let detector: TypeDetector | undefined;
  const reader = new DelimitedReader(
    { delimiter: '|' },
    {
      header: (cells) => {
        detector = new TypeDetector(cells.length);
      },
      row: (record) => detector?.add(record),
      bad: () => {},
    },
  );
  reader.push(toBytes(`v|w\n${values.map((value) => `${value}|x\n`).join('')}`));
  reader.end();
  return detector?.type(0) ?? '';
}

describe('types change no value', () => {
  it.each([
    ['INT64', ['0', '1', '-42', '9223372036854775807', '-9223372036854775808']],
    ['INT64', ['1', '', '3']],
    ['INT64', ['"1"', '"2"']],
    ['STRING', ['"1"', '""']],
    ['FLOAT64', ['1.5', '2', '-0.25', '120.13', '0.001']],
    ['FLOAT64', ['0.1', '-7']],
    ['STRING', ['0.1', '-0']],
    ['FLOAT64', ['3.141592653589793']],
    ['NUMERIC', ['123456789012345678.123456789']],
    ['NUMERIC', ['9007199254740993', '1.5']],
    ['BOOL', ['true', 'false', '']],
    ['DATE', ['2026-02-28', '2024-02-29']],
    [
      'TIMESTAMP',
      ['2026-04-12T12:00:00Z', '2026-04-12 12:00:00.123456 UTC', '2026-04-12T12:00:00+00:00'],
    ],
    ['STRING', ['00123']],
    ['STRING', ['+420777123456']],
    ['STRING', ['1E5', '12E3']],
    ['STRING', ['9223372036854775808']],
    ['STRING', ['-9223372036854775809', '1.5']],
    ['STRING', ['9007199254740993000000000000001']],
    ['STRING', ['1.50']],
    ['STRING', ['5.0']],
    ['NUMERIC', ['0.00000001']],
    ['STRING', ['0.0000000001']],
    ['STRING', ['.5']],
    ['STRING', ['5.']],
    ['STRING', ['1,5']],
    ['STRING', ['1 ']],
    ['STRING', ['--1']],
    ['STRING', ['-']],
    ['STRING', ['NaN']],
    ['STRING', ['True']],
    ['STRING', ['2026-02-29']],
    ['STRING', ['2026-04-12T12:00:00']],
    ['STRING', ['2026-04-12T12:00:00+02:00']],
    ['STRING', ['2026-04-12T12:00:00.1234567Z']],
    ['STRING', ['2026-04-12', '2026-04-12T12:00:00Z']],
    ['STRING', ['1', 'x']],
    ['STRING', ['true', '1']],
    ['STRING', ['', '']],
    ['STRING', []],
  ])('%s: %j', (type, values) => {
    expect(typeOf(...values)).toBe(type);
  });

  it('FLOAT64 gives every such value back', () => {
    for (const value of ['0.000001', '123456789012.345', '0.1', '1.7976931348623157', '-120.13']) {
      if (typeOf(value) === 'FLOAT64') expect(String(Number(value))).toBe(value);
    }
  });
});

describe('RecordWriter', () => {
  it('writes what any reader takes: the same cells come back', () => {
    const text = 'sep=;\r\n;a;b, c\r0;5" disk;"x;""y"""\r\n1;;""\n2;a,b;"two\r\nlines"';
    const writer = new RecordWriter();
    let width = 0;
    const reader = new DelimitedReader(
      {},
      {
        header: (cells) => {
          width = cells.length - 1;
          writer.header(cells.slice(1));
        },
        row: (record) => writer.write(record, [1, 2]),
        bad: () => {},
      },
    );
    reader.push(toBytes(text));
    reader.end();
    const written = readDelimited(writer.take());
    expect(width).toBe(2);
    expect(written).toMatchObject({
      header: ['a', 'b, c'],
      rows: [
        ['5" disk', 'x;"y"'],
        [null, ''],
        ['a,b', 'two\r\nlines'],
      ],
      isCanonical: true,
    });
    expect(writer.length).toBe(0);
  });
});
