import { describe, expect, test } from 'vitest';
import type { ColumnType, Value } from '../../../shared/columns.ts';
import type { TimeUnit } from '../../../shared/config/event-shape.ts';
import { cellOf } from '../../../shared/shape/cell.ts';
import { plainNumber, readNumber } from '../../../shared/shape/number.ts';

describe('a number as a TIMESTAMP', () => {
  test.each<[string, TimeUnit, string]>([
    ['1772445600', 's', '2026-03-02T10:00:00Z'],
    ['"1772445600"', 's', '2026-03-02T10:00:00Z'],
    ['1772445600.1234567', 's', '2026-03-02T10:00:00.123456Z'],
    ['1.7724456e9', 's', '2026-03-02T10:00:00.000000Z'],
    ['-1', 's', '1969-12-31T23:59:59.000000Z'],
    ['-0.000001', 's', '1969-12-31T23:59:59.999999Z'],
    ['-0', 's', '1970-01-01T00:00:00.000000Z'],
    ['1772445600123', 'ms', '2026-03-02T10:00:00.123Z'],
    ['1.772445600123E+12', 'ms', '2026-03-02T10:00:00.123000Z'],
    ['5', 'ms', '1970-01-01T00:00:00.005Z'],
    ['-1500', 'ms', '1969-12-31T23:59:58.500000Z'],
    ['1772445600123456', 'us', '2026-03-02T10:00:00.123456Z'],
    ['1772445600123456789', 'ns', '2026-03-02T10:00:00.123456Z'],
    ['-62135596800', 's', '0001-01-01T00:00:00.000000Z'],
    ['253402300799', 's', '9999-12-31T23:59:59Z'],
    ['0e999999999999', 's', '1970-01-01T00:00:00.000000Z'],
  ])('%s in %s', (raw, unit, time) => {
    expect(cellOf(raw, 'TIMESTAMP', unit)).toEqual({ ok: true, value: time });
  });

  test.each<[string, TimeUnit]>([
    ['253402300800', 's'],
    ['-62135596801', 's'],
    ['1772445600123', 's'],
    ['1e30', 'ms'],
    ['-1e999999999999', 'us'],
    [`1e${'9'.repeat(1_000_000)}`, 'ns'],
    [`${'9'.repeat(1_000_000)}`, 's'],
  ])('is out of range as %.20s in %s', (raw, unit) => {
    expect(cellOf(raw, 'TIMESTAMP', unit)).toEqual({
      ok: false,
      reason: "is out of TIMESTAMP's range",
    });
  });

  test.each(['2026-03-02T10:00:00Z', 'Mon, 02 Mar 2026 10:00:00 GMT', '/Date(0)/', 'soon'])(
    'is none of %s, whatever the unit: the encoder judges it',
    (text) => {
      for (const unit of ['s', 'ms', 'us', 'ns', 'iso', undefined] as const) {
        const raw = JSON.stringify(text);
        expect(cellOf(raw, 'TIMESTAMP', unit)).toEqual({ ok: true, value: text });
      }
    },
  );
});

test.each<[string, 'FLOAT64' | 'BOOL', Value]>([
  ['0.5', 'FLOAT64', 0.5],
  ['"1e3"', 'FLOAT64', 1000],
  ['" +.5 "', 'FLOAT64', 0.5],
  ['"NaN"', 'FLOAT64', Number.NaN],
  ['"nan"', 'FLOAT64', Number.NaN],
  ['"Infinity"', 'FLOAT64', Number.POSITIVE_INFINITY],
  ['"+inf"', 'FLOAT64', Number.POSITIVE_INFINITY],
  ['"-INF"', 'FLOAT64', Number.NEGATIVE_INFINITY],
  ['""', 'FLOAT64', null],
  ['true', 'BOOL', true],
  ['"True"', 'BOOL', true],
  ['"FALSE"', 'BOOL', false],
  ['1', 'BOOL', true],
  ['"1"', 'BOOL', true],
  ['1.0', 'BOOL', true],
  ['0', 'BOOL', false],
  ['""', 'BOOL', null],
])('%s as %s', (raw, type, value) => {
  expect(cellOf(raw, type, undefined)).toEqual({ ok: true, value });
});

test.each<[string, 'FLOAT64' | 'BOOL', string]>([
  ['1e400', 'FLOAT64', "is out of FLOAT64's range"],
  ['"infinite"', 'FLOAT64', 'is no number'],
  ['"0x10"', 'FLOAT64', 'is no number'],
  ['"1,5"', 'FLOAT64', 'is no number'],
  ['true', 'FLOAT64', 'is no number'],
  ['[1]', 'FLOAT64', 'is an object or an array'],
  ['2', 'BOOL', 'is not true or false'],
  ['-1', 'BOOL', 'is not true or false'],
  ['10', 'BOOL', 'is not true or false'],
  ['"yes"', 'BOOL', 'is not true or false'],
])('%s is no %s: it %s', (raw, type, reason) => {
  expect(cellOf(raw, type, undefined)).toEqual({ ok: false, reason });
});

test.each<[string, string | undefined]>([
  ['1.57e12', '1570000000000'],
  ['-1.5e-3', '-0.0015'],
  ['00012.50', '12.5'],
  ['.5', '0.5'],
  ['5.', '5'],
  ['0', '0'],
  ['1e-30', '0.00000000000000000000'],
  ['1e21', undefined],
])('%s without a power of ten is %s', (text, plain) => {
  const number = readNumber(text);
  expect(number && plainNumber(number, 20)).toBe(plain);
});

test.each(['', ' ', '.', '-', 'e5', '1e', '1 2', '1_000', '0x1', 'NaN', '１'])(
  '%j is no number',
  (text) => {
    expect(readNumber(text)).toBeUndefined();
  },
);

test('an empty text is NULL in every column but STRING', () => {
  const types = 'INT64 FLOAT64 NUMERIC BIGNUMERIC BOOL TIMESTAMP DATE DATETIME TIME JSON'.split(
    ' ',
  );
  for (const type of types as ColumnType[]) {
    expect([type, cellOf('""', type, undefined)]).toEqual([type, { ok: true, value: null }]);
  }
  expect(cellOf('""', 'STRING', undefined)).toEqual({ ok: true, value: '' });
});
