import { type Decimal, parseDecimal } from '../filters/decimal.ts';

/** As JSON has them, and besides with a plus, blanks around, or a point that begins or ends it. */
const spelling = /^\s*([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?)0*(\d+))?\s*$/;
/** A power of ten with more digits is as good as this one: no column holds such a number. */
const powerDigits = 12;

/** A number in any spelling, exactly; undefined where the text is none. */
export function readNumber(text: string): Decimal | undefined {
  const [, sign, mantissa = '', powerSign = '', power = '0'] = spelling.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const [whole, fraction] = mantissa.split('.');
  const minus = sign === '-' ? '-' : '';
  const digits = `${minus}${whole || '0'}${fraction ? `.${fraction}` : ''}`;
  const shift = power.length > powerDigits ? '9'.repeat(powerDigits) : power;
  return parseDecimal(`${digits}e${powerSign}${shift}`);
}

/**
 * The number without a power of ten: `-1570000000000`, `0.05`.
 *
 * @param most digits on either side of the point: undefined beyond them before it, cut after it
 */
export function plainNumber({ sign, digits, exponent }: Decimal, most: number): string | undefined {
  if (exponent > most) return undefined;
  const before = exponent > 0 ? digits.slice(0, exponent).padEnd(exponent, '0') : '0';
  const zeros = Math.min(most, Math.max(0, -exponent));
  const after = ('0'.repeat(zeros) + digits.slice(Math.max(0, exponent))).slice(0, most);
  return `${sign < 0 ? '-' : ''}${before}${after === '' ? '' : `.${after}`}`;
}
