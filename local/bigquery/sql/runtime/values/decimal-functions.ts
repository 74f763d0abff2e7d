import { define, type RuntimeFunction } from '../define.ts';
import {
  BIGNUMERIC,
  checked,
  type DecimalKind,
  decimalOfFloat,
  decimalText,
  divide,
  multiply,
  NUMERIC,
  parseDecimal,
  roundDecimal,
} from './decimals.ts';

/** BIGNUMERIC is a STRUCT of a BIGNUM in DuckDB, which these functions get and give as text. */
const FIELD = 'bignumeric units';

function bigUnits(text: string): bigint {
  return BigInt(/-?\d+(?=\}$)/.exec(text)?.[0] ?? '0');
}

function bigText(units: bigint): string {
  return `{'${FIELD}': ${checked(BIGNUMERIC, units)}}`;
}

type Operation = (kind: DecimalKind, a: bigint, b: bigint) => bigint;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  add: (kind, a, b) => checked(kind, a + b),
  subtract: (kind, a, b) => checked(kind, a - b),
  multiply,
  divide,
  mod: (kind, a, b) => {
    if (b === 0n) throw new Error(`division by zero: MOD(${decimalText(kind, a)}, 0)`);
    return a % b;
  },
  div: (kind, a, b) => {
    if (b === 0n) throw new Error(`division by zero: DIV(${decimalText(kind, a)}, 0)`);
    return checked(kind, (a / b) * 10n ** BigInt(kind.scale));
  },
};

const UNARY: Readonly<Record<string, (kind: DecimalKind, a: bigint) => bigint>> = {
  abs: (_, a) => (a < 0n ? -a : a),
  negate: (kind, a) => checked(kind, -a),
  sign: (kind, a) => (a === 0n ? 0n : a < 0n ? -1n : 1n) * 10n ** BigInt(kind.scale),
  floor: (kind, a) => stepped(kind, a, false),
  ceil: (kind, a) => stepped(kind, a, true),
};

function stepped(kind: DecimalKind, units: bigint, up: boolean): bigint {
  const one = 10n ** BigInt(kind.scale);
  const rest = ((units % one) + one) % one;
  return checked(kind, units - rest + (up && rest !== 0n ? one : 0n));
}

function invalid(kind: DecimalKind, text: string): Error {
  return new Error(`Invalid ${kind.name} value: ${text}`);
}

export const decimalFunctions: RuntimeFunction[] = [
  ...Object.entries(OPERATIONS).flatMap(([name, run]) => [
    define(`numeric_${name}`, ['numeric', 'numeric'], 'numeric', (a, b) => run(NUMERIC, a, b)),
    define(`big_${name}`, ['string', 'string'], 'string', (a, b) =>
      bigText(run(BIGNUMERIC, bigUnits(a), bigUnits(b))),
    ),
  ]),
  ...Object.entries(UNARY).flatMap(([name, run]) => [
    define(`numeric_${name}`, ['numeric'], 'numeric', (a) => run(NUMERIC, a)),
    define(`big_${name}`, ['string'], 'string', (a) => bigText(run(BIGNUMERIC, bigUnits(a)))),
  ]),
  define('numeric_round', ['numeric', 'int', 'bool'], 'numeric', (a, places, truncate) =>
    roundDecimal(NUMERIC, a, places, truncate),
  ),
  define('big_round', ['string', 'int', 'bool'], 'string', (a, places, truncate) =>
    bigText(roundDecimal(BIGNUMERIC, bigUnits(a), places, truncate)),
  ),
  define('numeric_round_by', ['numeric', 'int', 'string'], 'numeric', (a, places, mode) =>
    roundBy(NUMERIC, a, places, mode),
  ),
  define('big_round_by', ['string', 'int', 'string'], 'string', (a, places, mode) =>
    bigText(roundBy(BIGNUMERIC, bigUnits(a), places, mode)),
  ),
  // PARSE_NUMERIC takes commas, and a sign apart from the digits or after them.
  define('plain_number', ['string'], 'string', (text) => {
    const match = /^\s*([+-]?)\s*(.*?)\s*([+-]?)\s*$/s.exec(text);
    const [, before = '', digits = '', after = ''] = match ?? [];
    const isWrong = (before !== '' && after !== '') || /^,|[.e].*,/i.test(digits);
    if (isWrong) throw invalid(NUMERIC, text);
    return before + after + digits.replaceAll(',', '');
  }),
  define('numeric_of_text', ['string'], 'numeric', (text) => {
    const units = parseDecimal(NUMERIC, text);
    if (units === undefined) throw invalid(NUMERIC, text);
    return units;
  }),
  define('big_of_text', ['string'], 'string', (text) => {
    const units = parseDecimal(BIGNUMERIC, text);
    if (units === undefined) throw invalid(BIGNUMERIC, text);
    return bigText(units);
  }),
  define('numeric_of_float', ['float'], 'numeric', (value) => decimalOfFloat(NUMERIC, value)),
  define('big_of_float', ['float'], 'string', (value) =>
    bigText(decimalOfFloat(BIGNUMERIC, value)),
  ),
  define('big_of_numeric', ['numeric'], 'string', (value) => bigText(value * 10n ** 29n)),
  define('big_of_units', ['string'], 'string', (units) => bigText(BigInt(units))),
  define('numeric_of_big', ['string'], 'numeric', (text) => {
    const units = roundDecimal(BIGNUMERIC, bigUnits(text), 9n) / 10n ** 29n;
    return checked(NUMERIC, units);
  }),
  define('big_text', ['string'], 'string', (text) => decimalText(BIGNUMERIC, bigUnits(text))),
  define('numeric_text', ['numeric'], 'string', (units) => decimalText(NUMERIC, units)),
  define(
    'int_of_big',
    ['string'],
    'int',
    (text) => roundDecimal(BIGNUMERIC, bigUnits(text), 0n) / 10n ** 38n,
  ),
  define(
    'int_of_numeric',
    ['numeric'],
    'int',
    (units) => roundDecimal(NUMERIC, units, 0n) / 10n ** 9n,
  ),
  define('float_of_big', ['string'], 'float', (text) =>
    Number(decimalText(BIGNUMERIC, bigUnits(text))),
  ),
  define('float_of_numeric', ['numeric'], 'float', (units) => Number(decimalText(NUMERIC, units))),
  // The sum of NUMERIC is exact; its mean is rounded once.
  define('numeric_mean', ['string', 'int'], 'numeric', (sum, count) =>
    divide(NUMERIC, BigInt(sum.replace('.', '')), count * 10n ** 9n),
  ),
  define('big_mean', ['string', 'int'], 'string', (sum, count) =>
    bigText(divide(BIGNUMERIC, BigInt(sum), count * 10n ** 38n)),
  ),
  define('numeric_limit', ['numeric', 'int', 'int'], 'numeric', (units, precision, scale) =>
    limited(NUMERIC, units, precision, scale),
  ),
  define('big_limit', ['string', 'int', 'int'], 'string', (text, precision, scale) =>
    bigText(limited(BIGNUMERIC, bigUnits(text), precision, scale)),
  ),
];

function roundBy(kind: DecimalKind, units: bigint, places: bigint, mode: string): bigint {
  if (mode === 'ROUND_HALF_AWAY_FROM_ZERO') return roundDecimal(kind, units, places);
  if (mode !== 'ROUND_HALF_EVEN') throw new Error(`Invalid rounding mode: ${mode}`);
  const rounded = roundDecimal(kind, units, places);
  const drop = BigInt(kind.scale) - places;
  if (drop <= 0n || drop > 90n) return rounded;
  const step = 10n ** drop;
  const isTie = (units < 0n ? -units : units) % step === step / 2n;
  // A tie was rounded away from zero, perhaps to an odd digit.
  return isTie && (rounded / step) % 2n !== 0n ? rounded - (units < 0n ? -step : step) : rounded;
}

/** Rounds to NUMERIC(precision, scale). Throws if the value has more digits before the point. */
function limited(kind: DecimalKind, units: bigint, precision: bigint, scale: bigint): bigint {
  const rounded = roundDecimal(kind, units, scale);
  const limit = 10n ** (precision - scale + BigInt(kind.scale));
  if (rounded >= limit || rounded <= -limit) {
    throw new Error(
      `Value is out of range for type ${kind.name}(${precision}, ${scale}): ${decimalText(kind, units)}`,
    );
  }
  return rounded;
}
