import type { Cell } from '../tables/cell.ts';
import type { FieldType } from '../tables/schema.ts';
import { bignumericUnits } from './bignumeric.ts';
import { parseDate, parseDateTime, parseTime, parseTimestamp } from './calendar.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SPECIAL_FLOATS = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
]);
const BOOLEANS = new Map([
  ['true', true],
  ['t', true],
  ['yes', true],
  ['y', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['no', false],
  ['n', false],
  ['0', false],
]);
const BASE64 = /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3}={0,2})?$/;

/** Parses a value in BigQuery's text form; returns undefined if the text does not fit the type. */
export function parseText(type: Exclude<FieldType, 'RECORD'>, text: string): Cell | undefined {
  switch (type) {
    case 'STRING':
      return text;
    case 'INTEGER':
      return parseInteger(text.trim());
    case 'FLOAT':
      return parseFloat64(text.trim());
    case 'NUMERIC':
      return parseDecimal(text.trim(), 29, 9);
    case 'BIGNUMERIC':
      return parseBignumeric(text.trim());
    case 'BOOLEAN':
      return BOOLEANS.get(text.trim().toLowerCase());
    case 'TIMESTAMP':
      return parseTimestamp(text.trim()) ?? parseEpochSeconds(text.trim());
    case 'DATE':
      return parseDate(text.trim());
    case 'DATETIME':
      return parseDateTime(text.trim());
    case 'TIME':
      return parseTime(text.trim());
    case 'JSON':
      return isJson(text) ? text : undefined;
    case 'BYTES':
      return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
  }
}

function parseBignumeric(text: string): string | undefined {
  const decimal = parseDecimal(text, 39, 38);
  return decimal !== undefined && bignumericUnits(decimal) !== undefined ? decimal : undefined;
}

/** Uses JSON.parse, because DuckDB's own check accepts some texts that are not JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function parseInteger(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

export function parseFloat64(text: string): number | undefined {
  if (FLOAT.test(text)) return Number(text);
  const special = SPECIAL_FLOATS.get(text.toLowerCase().replace(/^[+-]/, ''));
  if (special === undefined) return undefined;
  return text.startsWith('-') ? -special : special;
}

/** Seconds since the epoch with a fraction, exact to the microsecond. */
function parseEpochSeconds(text: string): bigint | undefined {
  const decimal = parseDecimal(text, 12, 6);
  if (decimal === undefined) return undefined;
  const [whole = '0', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}

/** A plain decimal string without an exponent, or undefined if digits would be lost. */
function parseDecimal(text: string, whole: number, scale: number): string | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, before = '', after = '', exponent = '0'] = match;
  if (before + after === '') return undefined;
  const point = before.length + Number(exponent);
  const digits = (before + after).padEnd(point, '0');
  const padded = point < 0 ? '0'.repeat(-point) + digits : digits;
  const cut = Math.max(point, 0);
  const left = padded.slice(0, cut).replace(/^0+(?=\d)/, '') || '0';
  const right = padded.slice(cut).replace(/0+$/, '');
  if (left.length > whole || right.length > scale) return undefined;
  return `${sign === '-' ? '-' : ''}${left}${right === '' ? '' : `.${right}`}`;
}
