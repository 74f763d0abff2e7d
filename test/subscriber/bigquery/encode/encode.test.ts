import { protos } from '@google-cloud/bigquery-storage';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor/index.js';
import { describe, expect, test } from 'vitest';
import type { Column, Row, TableLayout, Value } from '../../../../shared/columns.ts';
import { JsonText } from '../../../../shared/json/json-text.ts';
import { createEncoder, type RowEncoder } from '../../../../subscriber/bigquery/encode/encode.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const clock = () => NOW;

/** Reads encoded rows back with protobufjs, by the descriptor that a server would be given. */
function reader({ descriptor }: RowEncoder): (row: Uint8Array) => Record<string, unknown> {
  const { DescriptorProto } = protos.google.protobuf;
  const bytes = DescriptorProto.encode(DescriptorProto.fromObject(descriptor)).finish();
  const root = new protobuf.Root();
  // protobufjs adds fromDescriptor when its descriptor extension is loaded, and types it as a module.
  const Type = protobuf.Type as unknown as {
    fromDescriptor(bytes: Uint8Array, edition: string): protobuf.Type;
  };
  const type = Type.fromDescriptor(bytes, 'proto2');
  root.add(type);
  return (row) => type.toObject(type.decode(row), { longs: String, bytes: Buffer });
}

function decoder(layout: TableLayout) {
  const encoder = createEncoder(layout, clock);
  const read = reader(encoder);
  return (row: Row, sequence?: string) => {
    const encoded = encoder.encode(row, sequence);
    if (!encoded.ok) throw new Error(`${encoded.column}: ${encoded.reason}`);
    return read(encoded.row);
  };
}

function cell(type: Column['type'], value: Value): unknown {
  return decoder({ columns: [{ name: 'c', type }] })({ c: value })['c'];
}

function refusal(column: Omit<Column, 'name'>, value: Value) {
  const encoded = createEncoder({ columns: [{ name: 'c', ...column }] }, clock).encode({
    c: value,
  });
  return encoded.ok ? undefined : { code: encoded.code, column: encoded.column };
}

const micros = (iso: string) => String(BigInt(Date.parse(iso)) * 1000n);

/** (2^255 - 1) / 10^38 */
const lastBignumeric =
  '578960446186580977117854925043439539266.34992332820282019728792003956564819967';

describe('values that fit', () => {
  test.each<[Column['type'], Value, unknown]>([
    ['STRING', 'a\u0000b é 🙂', 'a\u0000b é 🙂'],
    ['STRING', '', ''],
    ['STRING', 'x'.repeat(100), 'x'.repeat(100)],
    ['STRING', '漢'.repeat(6000), '漢'.repeat(6000)],
    ['INT64', 0, '0'],
    ['INT64', -1, '-1'],
    ['INT64', -(2 ** 53) + 1, '-9007199254740991'],
    ['INT64', 4294967296, '4294967296'],
    ['INT64', 9223372036854775807n, '9223372036854775807'],
    ['INT64', -9223372036854775808n, '-9223372036854775808'],
    ['INT64', '9007199254740993', '9007199254740993'],
    ['INT64', '42', '42'],
    ['INT64', '5.0', '5'],
    ['INT64', '-5.', '-5'],
    ['INT64', '1e3', '1000'],
    ['INT64', '1.57e12', '1570000000000'],
    ['INT64', '1200e-2', '12'],
    ['INT64', '-0', '0'],
    ['INT64', '0e99999999999', '0'],
    ['INT64', '9.223372036854775807E18', '9223372036854775807'],
    ['INT64', '-9223372036854775808', '-9223372036854775808'],
    ['INT64', ' +7 ', '7'],
    ['FLOAT64', 0.1, 0.1],
    ['FLOAT64', 7n, 7],
    ['FLOAT64', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['NUMERIC', '-00012.340000', '-12.34'],
    ['NUMERIC', '1e3', '1000'],
    ['NUMERIC', ' +1.57E+12 ', '1570000000000'],
    ['NUMERIC', `-${'9'.repeat(29)}.999999999`, `-${'9'.repeat(29)}.999999999`],
    ['NUMERIC', '0e99999999999', '0'],
    ['BIGNUMERIC', lastBignumeric, lastBignumeric],
    [
      'BIGNUMERIC',
      `-${lastBignumeric.replace(/7$/, '8')}`,
      `-${lastBignumeric.replace(/7$/, '8')}`,
    ],
    ['BIGNUMERIC', '5e38', `5${'0'.repeat(38)}`],
    ['NUMERIC', 1.5e-7, '0.00000015'],
    ['NUMERIC', `${'9'.repeat(29)}.999999999`, `${'9'.repeat(29)}.999999999`],
    ['BIGNUMERIC', `0.${'0'.repeat(37)}1`, `0.${'0'.repeat(37)}1`],
    ['BOOL', true, true],
    ['BOOL', false, false],
    ['DATE', '2026-01-02', 20455],
    ['DATE', '0001-01-01', -719162],
    ['DATE', '1969-12-31', -1],
    ['DATE', '2024-02-29', 19782],
    ['DATETIME', '2026-01-02 03:04:05.1234567', '2026-01-02T03:04:05.123456'],
    ['DATETIME', '2026-01-02', '2026-01-02T00:00:00.000000'],
    ['TIME', '23:59:59', '23:59:59.000000'],
    ['JSON', '{ "n": 12345678901234567890, "n": 1.0 }', '{ "n": 12345678901234567890, "n": 1.0 }'],
    ['JSON', '"\\ud83d\\ude42 \\\\ud800 \\u0000"', '"\\ud83d\\ude42 \\\\ud800 \\u0000"'],
    ['JSON', 'null', 'null'],
    ['JSON', new JsonText('{"a":[]}'), '{"a":[]}'],
    ['TIMESTAMP', '2026-01-02T03:04:05Z', micros('2026-01-02T03:04:05Z')],
    ['TIMESTAMP', '2026-01-02T03:04:05.678+05:30', micros('2026-01-02T03:04:05.678+05:30')],
    ['TIMESTAMP', '2026-01-02 03:04:05', micros('2026-01-02T03:04:05Z')],
    ['TIMESTAMP', '2026-01-02 03:04:05.5 UTC', micros('2026-01-02T03:04:05.5Z')],
    ['TIMESTAMP', '2026-01-02T03:04:05-0800', micros('2026-01-02T03:04:05-08:00')],
    ['TIMESTAMP', '2026-01-02T03:04Z', micros('2026-01-02T03:04:00Z')],
    ['TIMESTAMP', '2026-01-02', micros('2026-01-02T00:00:00Z')],
    ['TIMESTAMP', '1969-12-31T23:59:59.999999999Z', '-1'],
    ['TIMESTAMP', '0001-01-01T00:00:00Z', '-62135596800000000'],
    ['TIMESTAMP', '9999-12-31T23:59:59.999999Z', '253402300799999999'],
    ['TIMESTAMP', 1767323045, '1767323045000000'],
    ['TIMESTAMP', 1767323045678, '1767323045678000'],
    ['TIMESTAMP', '1767323045.123456789', '1767323045123456'],
    ['TIMESTAMP', '1767323045678.9', '1767323045678900'],
    ['TIMESTAMP', -1.5, '-1500000'],
    ['TIMESTAMP', 0, '0'],
    ['TIMESTAMP', new Date(1), '1000'],
    ['TIMESTAMP', new Date('0001-01-01T00:00:00.001Z'), '-62135596799999000'],
  ])('%s takes %o', (type, value, expected) => {
    expect(cell(type, value)).toStrictEqual(expected);
  });

  test('BYTES keeps bytes that are no text', () => {
    expect(cell('BYTES', Uint8Array.of(0, 255, 128))).toStrictEqual(Buffer.of(0, 255, 128));
  });

  test('NaN stays NaN in FLOAT64', () => {
    expect(cell('FLOAT64', Number.NaN)).toBeNaN();
  });

  test('records and arrays nest, and absent columns are absent', () => {
    const layout: TableLayout = {
      columns: [
        { name: 'id', type: 'STRING', mode: 'REQUIRED' },
        {
          name: 'lines',
          type: 'RECORD',
          mode: 'REPEATED',
          columns: [
            { name: 'sku', type: 'STRING' },
            { name: 'sizes', type: 'INT64', mode: 'REPEATED' },
            { name: 'at', type: 'RECORD', columns: [{ name: 'note', type: 'STRING' }] },
          ],
        },
        { name: 'absent', type: 'STRING' },
      ],
    };
    const note = 'long enough for a length of two bytes '.repeat(10);
    const row = { id: 'a', lines: [{ sku: 'x', sizes: [1, 2], at: { note } }, {}], absent: null };
    expect(decoder(layout)(row)).toStrictEqual({
      id: 'a',
      lines: [{ sku: 'x', sizes: ['1', '2'], at: { note } }, {}],
    });
  });

  test('rows keep their bytes, however large the rows that are encoded after them', () => {
    const columns: Column[] = [
      { name: 'a', type: 'STRING' },
      { name: 'b', type: 'RECORD', columns: [{ name: 'c', type: 'STRING' }] },
    ];
    const encoder = createEncoder({ columns }, clock);
    const sizes = [10, 7000, 9000, 60_000, 20, 200_000, 300, 65_000, 0, 8100, 8200, 2_000_000, 5];
    const rows = Array.from({ length: 200 }, (_, n) => {
      const size = (sizes[n % sizes.length] ?? 0) + n;
      return {
        a: `é${n}`.repeat(size % 50),
        b: { c: String.fromCharCode(97 + (n % 26)).repeat(size) },
      };
    });
    const encoded = rows.map((row, n) => {
      // What is refused on the way leaves nothing behind.
      if (n % 3 === 0) expect(encoder.encode({ a: 'x'.repeat(n * 100), b: 1 }).ok).toBe(false);
      const result = encoder.encode(row);
      if (!result.ok) throw new Error(result.reason);
      return result.row;
    });
    const read = reader(encoder);
    for (const [n, bytes] of encoded.entries()) {
      const back = JSON.stringify(read(bytes));
      if (back !== JSON.stringify(rows[n])) expect.fail(`row ${n}: ${back.slice(0, 100)}`);
    }
  });

  test('a column that is not a protobuf identifier is sent under another name with an annotation', () => {
    const { descriptor } = createEncoder({ columns: [{ name: 'größe-1', type: 'STRING' }] }, clock);
    expect(descriptor.field?.[0]?.name).toBe('column_1');
    expect(descriptor.field?.[0]?.options).toStrictEqual({
      '.google.cloud.bigquery.storage.v1.columnName': 'größe-1',
    });
  });
});

describe('values that do not fit', () => {
  test.each<[Column['type'], Value, string]>([
    ['STRING', 1, 'wrong_type'],
    ['STRING', { a: 1 }, 'wrong_type'],
    ['STRING', new Date(0), 'wrong_type'],
    ['STRING', new JsonText('"a"'), 'wrong_type'],
    ['STRING', 'a\ud800b', 'not_unicode'],
    ['BYTES', 'aGk=', 'wrong_type'],
    ['INT64', 2 ** 53, 'out_of_range'],
    ['INT64', 1.5, 'out_of_range'],
    ['INT64', Number.NaN, 'out_of_range'],
    ['INT64', 2n ** 63n, 'out_of_range'],
    ['INT64', '9223372036854775808', 'out_of_range'],
    ['INT64', '1.5', 'out_of_range'],
    ['INT64', '1e-400', 'out_of_range'],
    ['INT64', '1e19', 'out_of_range'],
    ['INT64', '1e999999999', 'out_of_range'],
    ['INT64', `1e${'9'.repeat(1_000_000)}`, 'out_of_range'],
    ['INT64', `${'9'.repeat(1_000_000)}x`, 'unreadable'],
    ['INT64', '0x10', 'unreadable'],
    ['INT64', 'true', 'unreadable'],
    ['INT64', '', 'unreadable'],
    ['INT64', true, 'wrong_type'],
    ['FLOAT64', '1.5', 'wrong_type'],
    ['FLOAT64', 2n ** 53n + 1n, 'out_of_range'],
    ['NUMERIC', 'abc', 'unreadable'],
    ['NUMERIC', '.', 'unreadable'],
    ['NUMERIC', Number.NaN, 'unreadable'],
    ['NUMERIC', '0.0000000001', 'out_of_range'],
    ['NUMERIC', '1e29', 'out_of_range'],
    // A pattern for the zeros at its end would be tried at each of them, for minutes.
    ['NUMERIC', `1${'0'.repeat(1_000_000)}1`, 'out_of_range'],
    ['BIGNUMERIC', `0.${'0'.repeat(1_000_000)}1`, 'out_of_range'],
    ['NUMERIC', '1e999', 'out_of_range'],
    ['BIGNUMERIC', '1e39', 'out_of_range'],
    ['BIGNUMERIC', lastBignumeric.replace(/7$/, '8'), 'out_of_range'],
    ['BIGNUMERIC', `-${lastBignumeric.replace(/7$/, '9')}`, 'out_of_range'],
    ['NUMERIC', '1e-1000', 'out_of_range'],
    ['NUMERIC', `1e${'9'.repeat(1_000_000)}`, 'out_of_range'],
    ['BOOL', 'false', 'wrong_type'],
    ['BOOL', 0, 'wrong_type'],
    ['TIMESTAMP', 'yesterday', 'unreadable'],
    ['TIMESTAMP', '', 'unreadable'],
    ['TIMESTAMP', '2026-02-30T00:00:00Z', 'unreadable'],
    ['TIMESTAMP', '2026-01-02T24:00:01Z', 'unreadable'],
    ['TIMESTAMP', '2026-01-02T03:04:05+25:00', 'unreadable'],
    ['TIMESTAMP', '0001-01-01T00:00:00+01:00', 'unreadable'],
    ['TIMESTAMP', 1e18, 'unreadable'],
    ['TIMESTAMP', Number.NaN, 'unreadable'],
    ['TIMESTAMP', true, 'wrong_type'],
    ['TIMESTAMP', new Date(Number.NaN), 'unreadable'],
    ['TIMESTAMP', new Date('-000001-12-31T23:59:59Z'), 'unreadable'],
    ['DATE', '2026-13-01', 'unreadable'],
    ['DATE', '2025-02-29', 'unreadable'],
    ['DATE', '0000-01-01', 'unreadable'],
    ['DATE', '2026-01-02T00:00:01', 'unreadable'],
    ['DATE', 20455, 'wrong_type'],
    ['DATETIME', '2026-01-02T03:04:05Z', 'unreadable'],
    ['TIME', '24:00:00', 'unreadable'],
    ['JSON', '{bad', 'not_json'],
    ['JSON', '"\\ud800"', 'not_unicode'],
    ['JSON', '"\\ud800\\n\\udc00"', 'not_unicode'],
    ['JSON', '"\\udc00"', 'not_unicode'],
    ['JSON', '"\ud800"', 'not_unicode'],
    ['JSON', `${'['.repeat(501)}${']'.repeat(501)}`, 'too_deep'],
    ['JSON', { a: 1 }, 'wrong_type'],
    ['JSON', new JsonText('"\\ud800"'), 'not_unicode'],
    ['JSON', new JsonText('"\ud800"'), 'not_unicode'],
    ['JSON', new JsonText(`${'['.repeat(501)}${']'.repeat(501)}`), 'too_deep'],
    ['RECORD', new Date(0), 'wrong_type'],
    ['RECORD', new JsonText('{}'), 'wrong_type'],
    ['RECORD', 'text', 'wrong_type'],
    ['RECORD', [], 'wrong_type'],
  ])('%s refuses %o', (type, value, code) => {
    expect(refusal({ type }, value)).toStrictEqual({ code, column: 'c' });
  });

  test('the deepest JSON that BigQuery takes is accepted', () => {
    expect(refusal({ type: 'JSON' }, `${'['.repeat(500)}${']'.repeat(500)}`)).toBeUndefined();
    const many = JSON.stringify(Array.from({ length: 600 }, () => [{ a: '[{' }]));
    expect(refusal({ type: 'JSON' }, many)).toBeUndefined();
  });

  test('JSON is too deep by its objects and arrays together', () => {
    const nested = (levels: number) => `${'[{"a":'.repeat(levels)}"]}"${'}]'.repeat(levels)}`;
    expect(refusal({ type: 'JSON' }, nested(250))).toBeUndefined();
    expect(refusal({ type: 'JSON' }, nested(251))?.code).toBe('too_deep');
  });

  test('a path leads to the value', () => {
    const column: Omit<Column, 'name'> = {
      type: 'RECORD',
      mode: 'REPEATED',
      columns: [{ name: 'price', type: 'NUMERIC', mode: 'REPEATED' }],
    };
    expect(refusal(column, [{ price: [] }, { price: ['1', 'x'] }])?.column).toBe('c[1].price[1]');
    expect(refusal(column, [{ cost: 1 }])).toStrictEqual({
      code: 'unknown_column',
      column: 'c[0].cost',
    });
    expect(refusal(column, [null])).toStrictEqual({ code: 'missing', column: 'c[0]' });
  });

  test('unknown keys are refused, inherited names among them', () => {
    const encoder = createEncoder({ columns: [{ name: 'toString', type: 'STRING' }] }, clock);
    expect(encoder.encode({ other: null })).toMatchObject({ ok: false, code: 'unknown_column' });
    expect(encoder.encode(JSON.parse('{"__proto__": 1}'))).toMatchObject({ column: '__proto__' });
    expect(encoder.encode({})).toMatchObject({ ok: true });
  });

  test('REQUIRED must be there', () => {
    expect(refusal({ type: 'STRING', mode: 'REQUIRED' }, null)?.code).toBe('missing');
  });

  test('a row beyond what one append takes is refused', () => {
    expect(refusal({ type: 'STRING' }, 'x'.repeat(9_000_001))).toStrictEqual({
      code: 'too_large',
      column: '',
    });
  });

  test('a row that is too large goes without what it can spare, the largest first', () => {
    const columns: TableLayout['columns'] = [
      { name: 'payload', type: 'STRING' },
      { name: 'small', type: 'STRING', spare: true },
      { name: 'large', type: 'JSON', spare: true },
      { name: 'due', type: 'STRING', spare: true, required: true },
      { name: 'no', type: 'INT64', spare: true },
    ];
    const half = 'x'.repeat(4_500_000);
    const row = { payload: half, small: 's', large: JSON.stringify(half), due: 'd', no: 'none' };
    const encoder = createEncoder({ columns }, clock, 'null');
    expect(encoder.encode(row)).toEqual({
      ok: true,
      row: (encoder.encode({ ...row, large: null }) as { row: Uint8Array }).row,
      notes: [
        { column: 'large', reason: 'is left out because the row would be too large with it' },
        { column: 'no', reason: 'is not a number' },
      ],
    });
    const refused = { ok: false, code: 'too_large' };
    const strict = createEncoder({ columns }, clock);
    expect(strict.encode({ ...row, no: 1 })).toMatchObject(refused);
    expect(encoder.encode({ ...row, payload: half + half })).toMatchObject(refused);
    expect(encoder.encode({ ...row, due: half + half })).toMatchObject(refused);
    const keyed = createEncoder({ columns, key: ['large'] }, clock, 'null');
    expect(keyed.encode(row)).toMatchObject(refused);
  });

  test('a refused row leaves nothing behind in the next one', () => {
    const layout: TableLayout = {
      columns: [
        { name: 'a', type: 'STRING' },
        { name: 'b', type: 'INT64' },
      ],
    };
    const encoder = createEncoder(layout, clock);
    expect(encoder.encode({ a: 'left over', b: 'x' }).ok).toBe(false);
    expect(encoder.encode({ b: 1 })).toMatchObject({ ok: true, row: Buffer.of(0x10, 1) });
  });
});

describe('the range of a partitioned table', () => {
  test.each<['TIMESTAMP' | 'DATE' | 'DATETIME', string, string, string, string]>([
    [
      'TIMESTAMP',
      '2016-11-21T12:00:00Z',
      '2027-11-21T11:59:59.999Z',
      '2016-11-21T11:59:59.999Z',
      '2027-11-21T12:00:00Z',
    ],
    ['DATE', '2016-11-22', '2027-11-21', '2016-11-21', '2027-11-22'],
    [
      'DATETIME',
      '2016-11-21T12:00:00',
      '2027-11-21T11:59:59',
      '2016-11-21T11:59:59',
      '2027-11-21T12:00:00',
    ],
  ])('%s from %s to %s', (type, first, last, before, after) => {
    const layout: TableLayout = {
      columns: [{ name: 'at', type }],
      partitionBy: { column: 'at', by: 'DAY' },
    };
    const encoder = createEncoder(layout, clock);
    const code = (at: Value) => {
      const encoded = encoder.encode({ at });
      return encoded.ok ? 'taken' : encoded.code;
    };
    expect([first, last, null].map(code)).toStrictEqual(['taken', 'taken', 'taken']);
    expect([before, after].map(code)).toStrictEqual(['outside_partitions', 'outside_partitions']);
  });

  test('moves with the clock', () => {
    let now = NOW;
    const layout: TableLayout = {
      columns: [{ name: 'at', type: 'DATE' }],
      partitionBy: { column: 'at', by: 'DAY' },
    };
    const encoder = createEncoder(layout, () => now);
    expect(encoder.encode({ at: '2028-01-01' }).ok).toBe(false);
    now = Date.parse('2027-06-01');
    expect(encoder.encode({ at: '2028-01-01' }).ok).toBe(true);
  });
});

describe('a table with a key', () => {
  const layout: TableLayout = {
    columns: [
      { name: 'id', type: 'STRING' },
      { name: 'n', type: 'INT64' },
    ],
    key: ['id'],
  };

  test('takes rows as upserts, in their sequence', () => {
    expect(decoder(layout)({ id: 'a', n: 1 }, '19a/b/c/0')).toEqual({
      id: 'a',
      n: '1',
      _CHANGE_TYPE: 'UPSERT',
      _CHANGE_SEQUENCE_NUMBER: '19a/b/c/0',
    });
  });

  test.each<[Row]>([[{ id: null, n: 1 }], [{ n: 1 }]])('refuses %j, which has no key', (row) => {
    const encoded = createEncoder(layout, clock).encode(row, '0');
    expect(encoded).toMatchObject({ ok: false, code: 'missing', column: 'id' });
  });
});

describe('a table where a value that does not fit costs only its cell', () => {
  const layout: TableLayout = {
    columns: [
      { name: 'id', type: 'STRING' },
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'n', type: 'INT64' },
      { name: 'text', type: 'STRING' },
      { name: 'payload', type: 'JSON', required: true },
      { name: 'fields', type: 'JSON', exact: true },
      { name: 'must', type: 'NUMERIC', required: true },
      { name: 'lines', type: 'RECORD', mode: 'REPEATED', columns: [{ name: 'k', type: 'INT64' }] },
    ],
    partitionBy: { column: 'at', by: 'DAY' },
    key: ['id'],
  };
  const encoder = createEncoder(layout, clock, 'null');
  const read = reader(encoder);
  const good: Row = { id: 'a', payload: new JsonText('{}'), must: '1' };
  const encode = (row: Row) => {
    const encoded = encoder.encode({ ...good, ...row });
    if (!encoded.ok) throw new Error(`${encoded.column}: ${encoded.reason}`);
    const { _CHANGE_TYPE, _CHANGE_SEQUENCE_NUMBER, ...cells } = read(encoded.row);
    return { cells, notes: encoded.notes };
  };
  const whole = { id: 'a', payload: '{}', must: '1' };

  test('notes nothing of what fits', () => {
    expect(encode({})).toStrictEqual({ cells: whole, notes: undefined });
    expect(encoder.encode(good)).not.toHaveProperty('notes');
  });

  test.each<[string, Value, string]>([
    ['at', 'soon', 'is not a time'],
    ['at', '2026-02-30', 'is a day that does not exist'],
    [
      'at',
      '1926-01-01T00:00:00Z',
      'is beyond the 10 years back and 1 year ahead that a partitioned table takes',
    ],
    ['n', '1.5', 'has a fraction, which INT64 does not hold'],
    ['n', '9223372036854775808', "is out of INT64's range"],
    ['n', 'many', 'is not a number'],
    ['n', true, 'is a boolean, not an integer'],
    ['text', 7, 'is a number, not text'],
    ['fields', new JsonText('{"a":"\\ud83d"}'), 'holds a lone surrogate, which is not Unicode'],
    ['fields', '{broken', 'is not JSON'],
  ])('%s of %o is NULL, with the fault that it has', (column, value, reason) => {
    expect(encode({ [column]: value })).toStrictEqual({
      cells: whole,
      notes: [{ column, reason }],
    });
  });

  test('leaves nothing of a record that does not fit in the row', () => {
    expect(encode({ lines: [{ k: 1 }, { k: 'x' }], n: 5 })).toStrictEqual({
      cells: { ...whole, n: '5' },
      notes: [{ column: 'lines[1].k', reason: 'is not a number' }],
    });
  });

  test('notes all of them, and the next row knows of none', () => {
    const { notes } = encode({ at: 'soon', n: 'x', text: 'a\ud83d' });
    expect(notes?.map(({ column }) => column)).toEqual(['at', 'n', 'text']);
    expect(encode({})).toStrictEqual({ cells: whole, notes: undefined });
  });

  test.each<[Value, string]>([
    ['cut \ud83d', 'cut \ufffd'],
    ['\udc00 cut', '\ufffd cut'],
    ['🙂\ud83d🙂', '🙂\ufffd🙂'],
  ])('the text %j has U+FFFD in the place of half a character', (value, text) => {
    expect(encode({ text: value })).toMatchObject({
      cells: { text },
      notes: [{ column: 'text', reason: expect.stringContaining('U+FFFD') }],
    });
  });

  test.each<[string, string]>([
    ['{"a":"cut \\ud83d"}', '{"a":"cut \\ufffd"}'],
    [
      '{"a":"\\uDC00", "n": 1.50e+1,"n":12345678901234567890}',
      '{"a":"\\ufffd", "n": 1.50e+1,"n":12345678901234567890}',
    ],
    [
      '["\\ud83d\\ud83d\\ude42","\\\\ud83d","\\ud83d\\n\\ude42"]',
      '["\\ufffd\\ud83d\\ude42","\\\\ud83d","\\ufffd\\n\\ufffd"]',
    ],
    ['{"\\ud83d":"\\ud83dx\\ude42"}', '{"\\ufffd":"\\ufffdx\\ufffd"}'],
    ['"\ud83d"', '"\ufffd"'],
  ])('the JSON %s has U+FFFD there, and stays digit for digit', (json, repaired) => {
    for (const value of [json, new JsonText(json)]) {
      expect(encode({ payload: value })).toMatchObject({
        cells: { payload: repaired },
        notes: [{ column: 'payload', reason: expect.stringContaining('U+FFFD') }],
      });
    }
  });

  test('the time to repair JSON of very many lone surrogates does not grow with their square', () => {
    const json = (half: string) => `["${half.repeat(500_000)}"]`;
    expect(encode({ payload: new JsonText(json('\\ud83d')) })).toMatchObject({
      cells: { payload: json('\\ufffd') },
    });
  });

  test('JSON that is too deep is kept as a string of its text', () => {
    const deep = `${'['.repeat(501)}"\\ud83d"${']'.repeat(501)}`;
    const { cells, notes } = encode({ payload: new JsonText(deep) });
    expect(JSON.parse(String(cells['payload']))).toBe(deep);
    expect(notes).toMatchObject([{ column: 'payload' }]);
  });

  test.each<[string, Row, string]>([
    ['a required column does not fit', { must: 'x' }, 'must'],
    ['a required column is no JSON', { payload: 'x' }, 'payload'],
    ['the key is changed', { id: 'a\ud83d' }, 'id'],
    ['the key does not fit', { id: 7 }, 'id'],
    ['the key is missing', { id: null }, 'id'],
    ['a column is not in the table', { other: 1 }, 'other'],
    ['it is too large', { text: 'x'.repeat(9_000_001) }, ''],
  ])('a row is refused where %s', (_, row, column) => {
    expect(encoder.encode({ ...good, at: 'soon', ...row })).toMatchObject({ ok: false, column });
  });
});
