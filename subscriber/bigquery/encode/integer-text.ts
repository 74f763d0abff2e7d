import { plainNumber, readNumber } from '../../../shared/shape/number.ts';
import { type Refusal, refuse } from '../append/refusal.ts';

const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
/** Of INT64. */
const MOST_DIGITS = 19;
const PLAIN = /^-?\d{1,18}$/;

const notANumber = refuse('unreadable', 'is no number');
const hasFraction = refuse('out_of_range', 'has a fraction, which INT64 does not hold');
const outOfRange = refuse('out_of_range', "is out of INT64's range");

/** The integer that a text says in any spelling, `1.57e12` and `5.0` too; nothing is rounded. */
export function readInteger(text: string): bigint | Refusal {
  if (PLAIN.test(text)) return BigInt(text);
  const number = readNumber(text);
  if (!number) return notANumber;
  // Its last digit is none of zero.
  if (number.digits.length > number.exponent) return hasFraction;
  const plain = plainNumber(number, MOST_DIGITS);
  return plain === undefined ? outOfRange : checkInteger(BigInt(plain));
}

export function checkInteger(integer: bigint): bigint | Refusal {
  return integer < MIN_INT64 || integer > MAX_INT64 ? outOfRange : integer;
}
