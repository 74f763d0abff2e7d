import fc from 'fast-check';
import type { ColumnType, Value } from '../../shared/columns.ts';

/** A value to send, and the cell that a query must give back, as BigQuery's REST API writes it. */
export interface Sent {
  value: Value;
  /** Null: the cell is NULL. */
  cell: string | null;
}

const same = (value: string): Sent => ({ value, cell: value });

/** Any Unicode, with what often breaks: NUL, a byte order mark first, pairs of surrogates. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.constantFrom('', '\u0000', '\ufeffbom', 'a\u0000b', '\ufffe\uffff', '\'"\\`\r\n\t', '🙂'),
);

const oneOf = (...texts: string[]) => fc.constantFrom(...texts);
const two = (n: number) => String(n).padStart(2, '0');
const micros = fc.oneof(
  fc.constantFrom(0, 1, 999_999, 123_000),
  fc.integer({ min: 0, max: 999_999 }),
);
const fraction = (of: number) => (of === 0 ? '' : `.${String(of).padStart(6, '0')}`);

/** A time without the last zeros of its fraction: BigQuery does not say how many it writes. */
export const withoutZeros = (time: string): string =>
  time.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');

const minDay = -719_162;
const maxDay = 2_932_896;
const MS_PER_DAY = 86_400_000;
const day = fc
  .oneof(fc.constantFrom(minDay, maxDay, -1, 0, 11_016), fc.integer({ min: minDay, max: maxDay }))
  .map((days) => new Date(days * MS_PER_DAY).toISOString().slice(0, 10));
const clock = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
  )
  .map(([hour, minute, second]) => `${two(hour)}:${two(minute)}:${two(second)}`);

const firstMicros = -62_135_596_800_000_000n;
const lastMicros = 253_402_300_799_999_999n;
const instant = fc.oneof(
  fc.constantFrom(firstMicros, lastMicros, 0n, -1n, 1n, 253_402_300_799_000_000n),
  fc.bigInt({ min: firstMicros, max: lastMicros }),
);

function isoOf(instant: bigint): string {
  const second = (instant - (((instant % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n;
  const part = Number(instant - second * 1_000_000n);
  const whole = new Date(Number(second) * 1000).toISOString().replace('.000Z', '');
  return `${whole}${fraction(part)}Z`;
}

/** A decimal number as BigQuery writes it. */
function plainDecimal(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const rest = digits.slice(-scale).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}${rest && `.${rest}`}`;
}

const decimal = (max: bigint, min: bigint, scale: number) =>
  fc
    .oneof(
      fc.constantFrom(max, min, 0n, 1n, -1n),
      fc.bigInt({ min, max }),
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    )
    .map((units) => same(plainDecimal(units, scale)));

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.constantFrom(
    Number.MIN_VALUE,
    -Number.MIN_VALUE,
    Number.MAX_VALUE,
    2.2250738585072014e-308,
    0.1,
  ),
  fc.constantFrom(5e-324, 1e21, 1e-7, 2 ** 53, -(2 ** 53) - 2),
);

const jsonText = fc.oneof(
  fc.json({ stringUnit: 'grapheme', maxDepth: 3 }),
  fc.constantFrom(
    '{"a":1,"a":2}',
    '{"n":12345678901234567890,"m":-0.1e-30}',
    '[1.0,1e2,-0,0.10]',
    '"\\u0000 \\ud83d\\ude42 \\/"',
    ' { "a" : [ ] } ',
    `${'['.repeat(499)}1${']'.repeat(499)}`,
    `${'{"a":'.repeat(400)}{}${'}'.repeat(400)}`,
    'null',
    '"\\ufeff"',
  ),
);

/** For each type, values that it holds. */
export const cells: Record<Exclude<ColumnType, 'RECORD'>, fc.Arbitrary<Sent>> = {
  STRING: text.filter((value) => value.isWellFormed()).map(same),
  BYTES: fc
    .uint8Array({ maxLength: 40 })
    .map((value) => ({ value, cell: Buffer.from(value).toString('base64') })),
  INT64: fc.oneof(
    fc
      .oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 53n + 1n, 2n ** 32n),
      )
      .chain((value) =>
        oneOf('bigint', 'text').map((as) => ({
          value: as === 'text' ? String(value) : value,
          cell: String(value),
        })),
      ),
    fc.maxSafeInteger().map((value) => ({ value, cell: String(value) })),
  ),
  FLOAT64: number.map((value) => ({ value, cell: Object.is(value, -0) ? '-0' : String(value) })),
  NUMERIC: decimal(10n ** 38n - 1n, 1n - 10n ** 38n, 9),
  BIGNUMERIC: decimal(2n ** 255n - 1n, -(2n ** 255n), 38),
  BOOL: fc.boolean().map((value) => ({ value, cell: String(value) })),
  TIMESTAMP: fc.oneof(
    instant.map((at) => ({ value: isoOf(at), cell: String(at) })),
    fc
      .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((value) => ({ value, cell: String(BigInt(value.getTime()) * 1000n) })),
  ),
  DATE: day.map(same),
  DATETIME: fc
    .tuple(day, clock, micros)
    .map(([date, time, part]) => `${date}T${time}${fraction(part)}`)
    .map((value) => ({ value, cell: withoutZeros(value) })),
  TIME: fc
    .tuple(clock, micros)
    .map(([time, part]) => `${time}${fraction(part)}`)
    .map((value) => ({ value, cell: withoutZeros(value) })),
  JSON: jsonText.map(same),
};

const spelt = fc.oneof(
  oneOf(
    '9223372036854775808',
    '1e400',
    '-0e5',
    ' 12 ',
    '0x10',
    '1_000',
    '.5',
    '5.',
    '+',
    'NaN',
    'Infinity',
  ),
  oneOf(
    '2024-02-30',
    '2023-12-31T23:59:60Z',
    '24:00',
    '12:60',
    '0000-01-01',
    '10000-01-01',
    '9999-12-31T23:59:59-01:00',
  ),
  oneOf(
    'Fri, 27 Nov 2026 10:11:12 GMT',
    '27.11.2026',
    '11/27/2026',
    '2026-11-27T10:11:12.1234567891+05:45',
    '1764238272.5',
  ),
  oneOf(
    '{"a":1',
    '[1,]',
    '"\\ud800"',
    "{'a':1}",
    `${'['.repeat(501)}${']'.repeat(501)}`,
    '\ufeff{}',
    '01',
    '1e9999',
  ),
);

/** Of any type, however odd. */
export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  ...Object.values(cells).map((sent) => sent.map(({ value }) => value)),
  spelt,
  fc.string({
    unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    maxLength: 8,
  }),
  fc.date(),
  fc.bigInt(),
  fc.constant(null),
  fc.array(fc.oneof(text, number, fc.constant(null)), { maxLength: 3 }),
  fc.dictionary(fc.string(), number, { maxKeys: 2 }).map((fields) => ({ ...fields })),
);
