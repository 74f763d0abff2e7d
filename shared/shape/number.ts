import { type Decimal, parseDecimal } from '../filters/decimal.ts';

/** A JSON number; also with a plus, with blanks around it, or with a point at its beginning or end. */
const spelling = /^\s*([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?)0*(\d+))?\s*$/;
/** A power of ten with more digits is treated as this one: no column can have such a number. */
const powerDigits = 12;

/** The exact number, however it is written; undefined if the text is not a number. */
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
 * @param most digits on each side of the point. Undefined if there are more before it; more after it are cut
 */
export function plainNumber({ sign, digits, exponent }: Decimal, most: number): string | undefined {
  if (exponent > most) return undefined;
  const before = exponent > 0 ? digits.slice(0, exponent).padEnd(exponent, '0') : '0';
  const zeros = Math.min(most, Math.max(0, -exponent));
  const after = ('0'.repeat(zeros) + digits.slice(Math.max(0, exponent))).slice(0, most);
  return `${sign < 0 ? '-' : ''}${before}${after === '' ? '' : `.${after}`}`;
}
