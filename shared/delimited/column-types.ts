import type { ScannedRecord } from './record-scanner.ts';

/** The types that are detected. https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types */
export type DetectedType =
  | 'INT64'
  | 'FLOAT64'
  | 'NUMERIC'
  | 'BOOL'
  | 'DATE'
  | 'TIMESTAMP'
  | 'STRING';

/**
 * Detects the type of each column from all of its values. A column is not a STRING only if BigQuery gives every value
 * back as it was written: no number with a leading zero, a plus, an exponent or a trailing zero, none that would be
 * rounded, no time that would lose its zone. An empty cell is NULL in every type. An empty text, `""`, needs a STRING.
 */
export class TypeDetector {
  /** For each column: the types that fit all values so far, as bits. */
  readonly #types: Uint8Array;
  readonly #hasValue: Uint8Array;
  /** Columns that are not yet known to be STRINGs: most are soon. */
  #open: number[];

  constructor(width: number) {
    this.#types = new Uint8Array(width).fill(everyType);
    this.#hasValue = new Uint8Array(width);
    this.#open = Array.from({ length: width }, (_, column) => column);
  }

  add(record: ScannedRecord): void {
    const { bytes } = record;
    const open = this.#open;
    let isAnyClosed = false;
    for (let at = 0; at < open.length; at++) {
      const cell = open[at] as number;
      const from = record.from(cell);
      const to = record.to(cell);
      // An empty text is a value: only STRING distinguishes it from NULL.
      if (from === to && !record.isQuoted(cell)) continue;
      this.#hasValue[cell] = 1;
      const types = (this.#types[cell] as number) & (from === to ? 0 : typesOf(bytes, from, to));
      this.#types[cell] = types;
      if (types === 0) isAnyClosed = true;
    }
    if (isAnyClosed) this.#open = open.filter((cell) => this.#types[cell] !== 0);
  }

  hasValue(column: number): boolean {
    return this.#hasValue[column] === 1;
  }

  type(column: number): DetectedType {
    return typeNamed(this.types(column));
  }

  /** For several files, combine a column's types with `&`. */
  types(column: number): TypeSet {
    return this.#types[column] ?? 0;
  }
}

/** Some of the detected types, as bits. */
export type TypeSet = number;

/** All of them: the types of a column without values. */
export const everyType: TypeSet = 63;

/** The first of the types in the order of DetectedType; STRING where no value was seen, or none fits. */
export function typeNamed(types: TypeSet): DetectedType {
  if (types === everyType) return 'STRING';
  return names.find(([bit]) => types & bit)?.[1] ?? 'STRING';
}

const int64 = 1;
const float64 = 2;
const numeric = 4;
const bool = 8;
const date = 16;
const timestamp = 32;

const names = [
  [int64, 'INT64'],
  [float64, 'FLOAT64'],
  [numeric, 'NUMERIC'],
  [bool, 'BOOL'],
  [date, 'DATE'],
  [timestamp, 'TIMESTAMP'],
] as const;

const longest = 'YYYY-MM-DDThh:mm:ss.ffffff+00:00'.length;
/** The number of significant digits that every FLOAT64 keeps. */
const exactDigits = 15;
/** The largest number of digits of an INT64. */
const int64Digits = 19;
/** NUMERIC has 29 digits before the point and 9 after it. */
const numericDigits = { before: 29, behind: 9 };
/** Zeros between the point and the first digit: with more, FLOAT64 is written with an exponent. */
const mostZerosFirst = 3;

const zero = 0x30;
const nine = 0x39;
const minus = 0x2d;
const point = 0x2e;
const colon = 0x3a;

/** The types that keep a value exactly as these bytes write it. */
function typesOf(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from] ?? 0;
  if (to - from > longest) return 0;
  if (first === minus || (first >= zero && first <= nine)) {
    return to >= from + 10 && bytes[from + 4] === minus
      ? timesOf(bytes, from, to)
      : numbersOf(bytes, from, to);
  }
  if (first === 0x74 || first === 0x66) {
    const text = ascii(bytes, from, to);
    return text === 'true' || text === 'false' ? bool : 0;
  }
  return 0;
}

function numbersOf(bytes: Uint8Array, from: number, to: number): number {
  const start = bytes[from] === minus ? from + 1 : from;
  let dot = -1;
  for (let at = start; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === point && dot < 0) dot = at;
    else if (byte < zero || byte > nine) return 0;
  }
  const before = (dot < 0 ? to : dot) - start;
  const behind = dot < 0 ? 0 : to - dot - 1;
  if (before === 0 || (dot >= 0 && behind === 0)) return 0;
  const isZeroFirst = bytes[start] === zero;
  if (isZeroFirst && before > 1) return 0;
  if (dot < 0) return integerTypes(bytes, from, to, before, isZeroFirst);
  if (bytes[to - 1] === zero) return 0;
  return decimalTypes(bytes, from, to, { before, behind, isZeroFirst, dot });
}

function integerTypes(
  bytes: Uint8Array,
  from: number,
  to: number,
  digits: number,
  isZero: boolean,
): number {
  // -0 is 0 as an integer.
  if (isZero && bytes[from] === minus) return 0;
  if (digits <= exactDigits) return int64 | float64 | numeric;
  if (digits > int64Digits) return 0;
  const text = ascii(bytes, from, to);
  // An integer beyond INT64 is an identifier, not an amount: a STRING, although NUMERIC would fit.
  if (BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) return 0;
  return int64 | numeric | (String(Number(text)) === text ? float64 : 0);
}

interface Decimal {
  before: number;
  behind: number;
  isZeroFirst: boolean;
  /** Where the point is. */
  dot: number;
}

function decimalTypes(bytes: Uint8Array, from: number, to: number, decimal: Decimal): number {
  const { before, behind, isZeroFirst, dot } = decimal;
  const fitsNumeric = before <= numericDigits.before && behind <= numericDigits.behind;
  const types = fitsNumeric ? numeric : 0;
  const zerosFirst = isZeroFirst ? zerosFrom(bytes, dot + 1, to) : 0;
  if (zerosFirst <= mostZerosFirst && before + behind <= exactDigits) return types | float64;
  const text = ascii(bytes, from, to);
  return String(Number(text)) === text ? types | float64 : types;
}

function zerosFrom(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] === zero) at++;
  return at - from;
}

/** `YYYY-MM-DD`, or followed by a time of day and UTC. By bytes, because exports have many times. */
function timesOf(bytes: Uint8Array, from: number, to: number): number {
  if (!isDay(bytes, from)) return 0;
  if (to === from + 10) return date;
  const separator = bytes[from + 10];
  if (separator !== 0x54 && separator !== 0x20) return 0;
  const clock = from + 11;
  const isClock =
    digits(bytes, clock, 2) <= 23 &&
    digits(bytes, clock + 3, 2) <= 59 &&
    digits(bytes, clock + 6, 2) <= 59 &&
    bytes[clock + 2] === colon &&
    bytes[clock + 5] === colon;
  if (!isClock) return 0;
  let at = clock + 8;
  if (bytes[at] === point) {
    const first = ++at;
    while (isDigit(bytes[at] as number)) at++;
    if (at === first || at - first > 6) return 0;
  }
  if (at + 1 === to && bytes[at] === 0x5a) return timestamp;
  return universal.has(ascii(bytes, at, to)) ? timestamp : 0;
}

/** How a time shows that it is UTC, besides `Z`. */
const universal = new Set(['UTC', ' UTC', '+00', '+0000', '+00:00']);

function isDay(bytes: Uint8Array, from: number): boolean {
  const year = digits(bytes, from, 4);
  const month = digits(bytes, from + 5, 2);
  const day = digits(bytes, from + 8, 2);
  if (bytes[from + 4] !== minus || bytes[from + 7] !== minus) return false;
  if (!(year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1)) return false;
  if (day <= 28) return true;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (month === 2 && isLeap ? 29 : (monthDays[month - 1] ?? 0));
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

/** The number of at most four digits; `noDigits` if they are not all digits. */
function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let at = from; at < from + count; at++) {
    const digit = (bytes[at] as number) - zero;
    if (!(digit >= 0 && digit <= 9)) return noDigits;
    value = value * 10 + digit;
  }
  return value;
}

/** Greater than any result, and an integer like the others, which is faster. */
const noDigits = 10_000;

function ascii(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}
