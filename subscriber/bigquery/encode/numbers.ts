import { plainNumber, readNumber } from '../../../shared/shape/number.ts';
import { type Refusal, refuse } from './refusal.ts';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
const MAX_DIGITS = 19;
const PLAIN = /^-?\d{1,18}$/;

const notANumber = refuse('unreadable', 'is not a number');
const hasFraction = refuse('out_of_range', 'has a fraction, which INT64 does not hold');
const outOfRange = refuse('out_of_range', "is out of INT64's range");

/** Reads an integer in any spelling, also `1.57e12` and `5.0`; nothing is rounded. */
export function readInteger(text: string): bigint | Refusal {
  if (PLAIN.test(text)) return BigInt(text);
  const number = readNumber(text);
  if (!number) return notANumber;
  // `digits` never end with a zero.
  if (number.digits.length > number.exponent) return hasFraction;
  const plain = plainNumber(number, MAX_DIGITS);
  return plain === undefined ? outOfRange : checkInteger(BigInt(plain));
}

export function checkInteger(integer: bigint): bigint | Refusal {
  return integer < MIN_INT64 || integer > MAX_INT64 ? outOfRange : integer;
}

/** The digits after the point that a column holds, and its limits in units of the last of them. */
export interface DecimalRange {
  scale: number;
  min: bigint;
  max: bigint;
}

/** NUMERIC has 29 digits before the point and 9 after it. */
export const NUMERIC = { scale: 9, min: 1n - 10n ** 38n, max: 10n ** 38n - 1n };
/** BIGNUMERIC has 256 bits at a scale of 38 digits, so it holds its 39th digit before the point only in part. */
export const BIGNUMERIC = { scale: 38, min: -(2n ** 255n), max: 2n ** 255n - 1n };

/** Before the point, of both. */
const maxDigitsBeforePoint = 39;

export type Decimal =
  | { ok: true; text: string }
  | { ok: false; reason: 'syntax' | 'scale' | 'range' };

/** Reads a decimal number as plain text, without exponent or needless zeros. Nothing is rounded. */
export function parseDecimal(text: string, range: DecimalRange): Decimal {
  const number = readNumber(text);
  if (!number) return { ok: false, reason: 'syntax' };
  const { sign, digits, exponent } = number;
  if (sign === 0) return { ok: true, text: '0' };
  if (exponent > maxDigitsBeforePoint) return { ok: false, reason: 'range' };
  const lowest = exponent - digits.length;
  if (lowest < -range.scale) return { ok: false, reason: 'scale' };
  const magnitude = BigInt(digits) * 10n ** BigInt(lowest + range.scale);
  const units = sign < 0 ? -magnitude : magnitude;
  if (units < range.min || units > range.max) return { ok: false, reason: 'range' };
  return { ok: true, text: (sign < 0 ? '-' : '') + plain(magnitude, range.scale) };
}

function plain(magnitude: bigint, scale: number): string {
  const padded = magnitude.toString().padStart(scale + 1, '0');
  const fraction = padded.slice(-scale).replace(/0+$/, '');
  const whole = padded.slice(0, -scale);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
