/** Decimals as bigints of units: 10^-9 for NUMERIC, 10^-38 for BIGNUMERIC. */
export interface DecimalKind {
  name: 'NUMERIC' | 'BIGNUMERIC';
  scale: number;
  min: bigint;
  max: bigint;
}

export const NUMERIC: DecimalKind = {
  name: 'NUMERIC',
  scale: 9,
  min: -(10n ** 38n) + 1n,
  max: 10n ** 38n - 1n,
};
export const BIGNUMERIC: DecimalKind = {
  name: 'BIGNUMERIC',
  scale: 38,
  min: -(2n ** 255n),
  max: 2n ** 255n - 1n,
};

export function checked(kind: DecimalKind, units: bigint): bigint {
  if (units < kind.min || units > kind.max) throw new Error(`${kind.name.toLowerCase()} overflow`);
  return units;
}

/** Division that rounds half away from zero. */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n;
  const [size, by] = [dividend < 0n ? -dividend : dividend, divisor < 0n ? -divisor : divisor];
  const rounded = (size * 2n + by) / (by * 2n);
  return isNegative ? -rounded : rounded;
}

/** The units of a text such as `-1.5e3`, or undefined. Further digits are rounded, half away from zero. */
export function parseDecimal(kind: DecimalKind, text: string): bigint | undefined {
  const match = /^\s*([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,4}))?\s*$/.exec(text);
  if (match === null) return undefined;
  const fraction = match[3] ?? match[4] ?? '';
  const digits = BigInt((match[2] ?? '') + fraction);
  const shift = kind.scale - fraction.length + Number(match[5] ?? 0);
  if (shift > 400) return digits === 0n ? 0n : undefined;
  const units =
    shift >= 0 ? digits * 10n ** BigInt(shift) : divideRounded(digits, 10n ** BigInt(-shift));
  const signed = match[1] === '-' ? -units : units;
  return signed >= kind.min && signed <= kind.max ? signed : undefined;
}

export function decimalText(kind: DecimalKind, units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(kind.scale + 1, '0');
  const fraction = digits.slice(-kind.scale).replace(/0+$/, '');
  const text = digits.slice(0, -kind.scale) + (fraction === '' ? '' : `.${fraction}`);
  return units < 0n ? `-${text}` : text;
}

/** A number as units; throws for what is out of range. */
export function decimalOfFloat(kind: DecimalKind, value: number): bigint {
  if (!Number.isFinite(value))
    throw new Error(
      `Illegal conversion of non-finite floating point number to ${kind.name.toLowerCase()}: ${value}`,
    );
  // toFixed gives every digit of the binary value that the scale can hold.
  const units = parseDecimal(kind, exactText(value));
  if (units === undefined) throw new Error(`${kind.name.toLowerCase()} out of range: ${value}`);
  return units;
}

/** All decimal digits of a double, which is a sum of powers of two. */
function exactText(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  const exponent = 60;
  const text =
    Math.abs(value) < 1e21
      ? value.toFixed(Math.min(exponent, 100))
      : BigInt(Math.trunc(value)).toString();
  return text;
}

/** Rounds to `places` decimal places: to the nearest, or towards zero. */
export function roundDecimal(
  kind: DecimalKind,
  units: bigint,
  places: bigint,
  truncate = false,
): bigint {
  const drop = BigInt(kind.scale) - places;
  if (drop <= 0n) return units;
  if (drop > 90n) return 0n;
  const step = 10n ** drop;
  return checked(kind, (truncate ? units / step : divideRounded(units, step)) * step);
}

export function multiply(kind: DecimalKind, a: bigint, b: bigint): bigint {
  return checked(kind, divideRounded(a * b, 10n ** BigInt(kind.scale)));
}

export function divide(kind: DecimalKind, a: bigint, b: bigint): bigint {
  if (b === 0n) throw new Error(`division by zero: ${decimalText(kind, a)} / 0`);
  return checked(kind, divideRounded(a * 10n ** BigInt(kind.scale), b));
}
