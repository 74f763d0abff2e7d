import { readNumber } from '../../../shared/shape/number.ts';

/** What a column holds: digits after the point, and its ends in units of the last of them. */
export interface DecimalRange {
  scale: number;
  min: bigint;
  max: bigint;
}

/** NUMERIC has 29 digits before the point and 9 after it. */
export const NUMERIC = { scale: 9, min: 1n - 10n ** 38n, max: 10n ** 38n - 1n };
/** BIGNUMERIC is 256 bits at a scale of 38 digits: of its 39th digit before the point it holds a part. */
export const BIGNUMERIC = { scale: 38, min: -(2n ** 255n), max: 2n ** 255n - 1n };

/** Before the point, of either. */
const mostDigits = 39;

export type Decimal =
  | { ok: true; text: string }
  | { ok: false; reason: 'syntax' | 'scale' | 'range' };

/** Reads a decimal number and gives its plain form (no exponent, no needless zeros). Nothing is rounded. */
export function parseDecimal(text: string, range: DecimalRange): Decimal {
  const number = readNumber(text);
  if (!number) return { ok: false, reason: 'syntax' };
  const { sign, digits, exponent } = number;
  if (sign === 0) return { ok: true, text: '0' };
  if (exponent > mostDigits) return { ok: false, reason: 'range' };
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
