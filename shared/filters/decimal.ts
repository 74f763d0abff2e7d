/** A decimal number of any size: ±0.digits × 10^exponent, with neither a first nor a last digit of zero. */
export interface Decimal {
  sign: -1 | 0 | 1;
  digits: string;
  exponent: number;
}

const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
/** A power of ten that is no power of ten: beyond this, exponents are not told apart exactly. */
const maxExponent = 2 ** 50;

/** Undefined for what is no number of JSON, or one of an absurd power of ten. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = number.exec(text);
  if (!match) return undefined;
  const [, minus, whole = '', fraction = '', power = '0'] = match;
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '');
  const exponent = whole.length + Number(power) - (all.length - digits.length);
  if (digits === '') return { sign: 0, digits: '', exponent: 0 };
  if (Math.abs(exponent) > maxExponent) return undefined;
  return { sign: minus ? -1 : 1, digits: withoutTrailingZeros(digits), exponent };
}

/** Negative, 0 or positive as `a` is less than, equal to or greater than `b`; exact for any number of digits. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  const size = a.exponent - b.exponent || (a.digits < b.digits ? -1 : Number(a.digits > b.digits));
  return a.sign * size;
}

/** Not a regular expression: `0+$` is quadratic on zeros that something follows. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return digits.slice(0, end);
}
