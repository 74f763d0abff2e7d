import { BIGNUMERIC_MAX, BIGNUMERIC_MIN } from '../../values/bignumeric.ts';

const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?\s*$/;

/** The digits after the point, and the bounds in units of the last digit. */
const DECIMALS = {
  NUMERIC: { scale: 9, min: 1n - 10n ** 38n, max: 10n ** 38n - 1n },
  BIGNUMERIC: { scale: 38, min: BIGNUMERIC_MIN, max: BIGNUMERIC_MAX },
} as const;

export type DecimalType = keyof typeof DECIMALS;

/** The plain text of a decimal number, or undefined if it does not fit the column exactly. */
export function decimalFromText(type: DecimalType, text: string): string | undefined {
  const [, sign, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  const units = scaled(digits, Number(exponent) - fraction.length + DECIMALS[type].scale);
  if (units === undefined) return undefined;
  return decimalText(type, sign === '-' ? -units : units);
}

/** Reads a little-endian two's complement, as BigDecimalByteStringEncoder of Google's Java client writes it. */
export function decimalFromBytes(type: DecimalType, bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.length > 32) return undefined;
  const magnitude = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  return decimalText(type, BigInt.asIntN(bytes.length * 8, magnitude));
}

function scaled(value: bigint, power: number): bigint | undefined {
  if (value === 0n) return 0n;
  if (power >= 0) return power > 100 ? undefined : value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return value % divisor === 0n ? value / divisor : undefined;
}

function decimalText(type: DecimalType, units: bigint): string | undefined {
  const { scale, min, max } = DECIMALS[type];
  if (units < min || units > max) return undefined;
  const magnitude = units < 0n ? -units : units;
  const padded = magnitude.toString().padStart(scale + 1, '0');
  const fraction = padded.slice(-scale).replace(/0+$/, '');
  const text = padded.slice(0, -scale) + (fraction === '' ? '' : `.${fraction}`);
  return units < 0n ? `-${text}` : text;
}
