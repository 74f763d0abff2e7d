import { DuckDBDecimalValue, type DuckDBValue } from '@duckdb/node-api';
import type { SqlType } from '../../types.ts';
import { defineVariadic, type RuntimeFunction } from '../define.ts';
import { prettyJson } from '../json/json-text.ts';
import { decimalText, NUMERIC } from './decimals.ts';
import { printValue } from './print-value.ts';
import { typesOf } from './type-descriptor.ts';

const SPECIFIER = /%([-+ #0']*)(\*|\d+)?(?:\.(\*|\d*))?([\s\S]|$)/g;

interface Spec {
  flags: string;
  width: number;
  precision: number | undefined;
  letter: string;
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions#format_string */
function format(
  pattern: string,
  types: readonly SqlType[],
  values: readonly DuckDBValue[],
): string | null {
  let at = 0;
  let isNull = false;
  const next = () => {
    const index = at++;
    const type = types[index];
    if (type === undefined) throw new Error('Too few arguments to FORMAT for the format string');
    return { type, value: values[index] ?? null };
  };
  const size = (text: string | undefined): number | undefined => {
    if (text !== '*') return text === undefined ? undefined : Number(text);
    const { type, value } = next();
    if (type.kind !== 'INT64' && type.kind !== 'NULL')
      throw new Error(
        `Invalid type for argument ${at + 1} to FORMAT; Expected integer; Got ${type.kind}`,
      );
    if (value === null) isNull = true;
    if (Number(value) > 2 ** 31 - 1) throw new Error('FORMAT: a width or precision is too large');
    return Number(value);
  };
  const result = pattern.replace(
    SPECIFIER,
    (whole, flags: string, width?: string, precision?: string, letter = '') => {
      if (letter === '%') return '%';
      const spec: Spec = { flags, width: size(width) ?? 0, precision: size(precision), letter };
      if (spec.width < 0) {
        spec.flags += '-';
        spec.width = -spec.width;
      }
      // A negative precision is none.
      if ((spec.precision ?? 0) < 0) spec.precision = undefined;
      const { type, value } = next();
      const printed = print(spec, type, value);
      if (printed === null) isNull = true;
      return printed ?? whole;
    },
  );
  if (at < types.length) throw new Error('Too many arguments to FORMAT for the format string');
  return isNull ? null : result;
}

function print(spec: Spec, type: SqlType, value: DuckDBValue): string | null {
  const { letter, precision } = spec;
  if (letter === 't' || letter === 'T') {
    const text = printValue(type, value, letter === 'T');
    return pad(spec, precision === undefined ? text : [...text].slice(0, precision).join(''));
  }
  const wrong = () =>
    new Error(
      `Invalid type for argument to FORMAT; the specifier is %${letter} and the type ${type.kind}`,
    );
  if ('dioxX'.includes(letter) && letter !== '') {
    if (type.kind !== 'INT64' && type.kind !== 'NULL') throw wrong();
    return value === null ? null : integer(spec, value as bigint);
  }
  if ('fFeEgG'.includes(letter) && letter !== '') {
    if (!['FLOAT64', 'NUMERIC', 'BIGNUMERIC', 'NULL'].includes(type.kind)) throw wrong();
    return value === null ? null : float(spec, value);
  }
  if (letter === 's') {
    if (type.kind !== 'STRING' && type.kind !== 'NULL') throw wrong();
    if (value === null) return null;
    const text = String(value);
    return pad(spec, precision === undefined ? text : [...text].slice(0, precision).join(''));
  }
  if (letter === 'p' || letter === 'P') {
    if (type.kind !== 'JSON') throw wrong();
    if (value === null) return null;
    return pad(spec, letter === 'P' ? prettyJson(String(value)) : String(value));
  }
  throw new Error(`Invalid format specifier character "${letter}" in FORMAT`);
}

function pad({ flags, width }: Spec, text: string, sign = '', mayZero = false): string {
  const missing = width - [...(sign + text)].length;
  if (missing <= 0) return sign + text;
  if (flags.includes('-')) return sign + text + ' '.repeat(missing);
  if (mayZero && flags.includes('0')) return sign + '0'.repeat(missing) + text;
  return ' '.repeat(missing) + sign + text;
}

function signOf({ flags }: Spec, isNegative: boolean): string {
  if (isNegative) return '-';
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
}

function integer(spec: Spec, value: bigint): string {
  const { letter, flags, precision } = spec;
  const radix = letter === 'o' ? 8 : letter === 'x' || letter === 'X' ? 16 : 10;
  let digits = (value < 0n ? -value : value).toString(radix);
  if (precision !== undefined)
    digits = precision === 0 && value === 0n ? '' : digits.padStart(precision, '0');
  if (flags.includes("'")) digits = grouped(digits, radix);
  const prefix =
    flags.includes('#') && value !== 0n ? ({ 8: '0', 16: '0x', 10: '' }[radix] ?? '') : '';
  const text = letter === 'X' ? digits.toUpperCase() : digits;
  const sign = signOf(spec, value < 0n) + (letter === 'X' ? prefix.toUpperCase() : prefix);
  return pad(spec, text, sign, precision === undefined);
}

function grouped(digits: string, radix: number): string {
  const [size, mark] = radix === 10 ? [3, ','] : radix === 8 ? [4, ','] : [4, ':'];
  return digits.replace(new RegExp(`\\B(?=(?:[0-9a-f]{${size}})+$)`, 'g'), mark);
}

function float(spec: Spec, value: DuckDBValue): string {
  const { letter, flags } = spec;
  const isUpper = letter === letter.toUpperCase();
  const exact = value instanceof DuckDBDecimalValue ? decimalText(NUMERIC, value.value) : undefined;
  const number = Number(exact ?? value);
  const kind = letter.toLowerCase();
  const sign = signOf(spec, number < 0 || (kind !== 'e' && Object.is(number, -0)));
  if (!Number.isFinite(number)) {
    const text = Number.isNaN(number) ? 'nan' : 'inf';
    return pad(
      { ...spec, flags: flags.replaceAll('0', '') },
      isUpper ? text.toUpperCase() : text,
      Number.isNaN(number) ? '' : sign,
    );
  }
  const size = Math.abs(number);
  const precision = spec.precision ?? 6;
  let text: string;
  if (kind === 'f') text = fixed(exact, size, precision);
  else if (kind === 'e') text = exponential(size, precision);
  else text = general(size, Math.max(precision, 1), flags.includes('#'));
  if (flags.includes('#') && !text.includes('.')) text = text.replace(/(?=e|$)/, '.');
  if (flags.includes("'")) text = text.replace(/^\d+/, (whole) => grouped(whole, 10));
  return pad(spec, isUpper ? text.toUpperCase() : text, sign, true);
}

function fixed(exact: string | undefined, size: number, precision: number): string {
  if (exact !== undefined) {
    const [whole = '0', fraction = ''] = exact.replace('-', '').split('.');
    if (fraction.length <= precision)
      return precision === 0 ? whole : `${whole}.${fraction.padEnd(precision, '0')}`;
  }
  if (size >= 1e21)
    return BigInt(size).toString() + (precision === 0 ? '' : `.${'0'.repeat(precision)}`);
  return evenTie(size, Math.min(precision, 100));
}

/** As C rounds: of two numbers that are equally near, the even one. JavaScript takes the greater. */
function evenTie(size: number, precision: number): string {
  const rounded = size.toFixed(precision);
  if (precision > 98) return rounded;
  const digits = size.toFixed(100);
  const cut = digits.slice(0, digits.indexOf('.') + 1 + precision);
  const isTie = /^50*$/.test(digits.slice(digits.indexOf('.') + 1 + precision));
  const lower = cut.replace(/\.$/, '');
  return isTie && Number(lower.at(-1)) % 2 === 0 ? lower : rounded;
}

function exponential(size: number, precision: number): string {
  return size.toExponential(Math.min(precision, 100)).replace(/e([+-])(\d)$/, 'e$10$2');
}

function general(size: number, precision: number, keepZeros: boolean): string {
  const exponent = Number(size.toExponential(Math.min(precision - 1, 100)).split('e')[1]);
  const scientific = exponent < -4 || exponent >= precision;
  const text = scientific
    ? exponential(size, precision - 1)
    : evenTie(size, Math.min(Math.max(precision - 1 - exponent, 0), 100));
  return keepZeros ? text : text.replace(/(\.\d*?)0+(?=e|$)/, '$1').replace(/\.(?=e|$)/, '');
}

export const formatFunctions: RuntimeFunction[] = [
  defineVariadic('format', ['string', 'string'], 'string', ([types, pattern], values) =>
    pattern === null ? null : format(pattern, typesOf(types), values),
  ),
];
