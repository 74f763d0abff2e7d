import { define, type RuntimeFunction } from '../define.ts';

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

function int64(value: bigint, what: string): bigint {
  if (value < INT_MIN || value > INT_MAX) throw new Error(`int64 overflow: ${what}`);
  return value;
}

function finite(value: number, what: string): number {
  if (!Number.isFinite(value)) throw new Error(`Floating point error in function: ${what}`);
  return value;
}

/** Functions of FLOAT64 that BigQuery refuses where JavaScript gives NaN or an infinity. */
const STRICT: Readonly<Record<string, (x: number) => number>> = {
  SQRT: Math.sqrt,
  LN: Math.log,
  LOG10: Math.log10,
  EXP: Math.exp,
  ACOS: Math.acos,
  ACOSH: Math.acosh,
  ASIN: Math.asin,
  ATANH: Math.atanh,
  COSH: Math.cosh,
  SINH: Math.sinh,
  COT: (x) => 1 / Math.tan(x),
  COTH: (x) => 1 / Math.tanh(x),
  CSC: (x) => 1 / Math.sin(x),
  CSCH: (x) => 1 / Math.sinh(x),
};

/** Functions that take every number. */
const PLAIN: Readonly<Record<string, (x: number) => number>> = {
  SEC: (x) => 1 / Math.cos(x),
  SECH: (x) => 1 / Math.cosh(x),
  ASINH: Math.asinh,
  ATAN: Math.atan,
  TANH: Math.tanh,
  CBRT: Math.cbrt,
  SIN: Math.sin,
  COS: Math.cos,
  TAN: Math.tan,
};

export const numberFunctions: RuntimeFunction[] = [
  define('float_sum', ['float', 'bool'], 'float', (sum, hasSpecial) => {
    if (!Number.isFinite(sum) && !hasSpecial) throw new Error('double overflow: SUM');
    return sum;
  }),
  // Unlike DuckDB's error(), it may stand in TRY.
  define('fail', ['string'], 'int', (message) => {
    throw new Error(message);
  }),
  ...Object.entries(STRICT).map(([name, run]) =>
    define(name.toLowerCase(), ['float'], 'float', (x) => {
      if (Number.isNaN(x)) return x;
      const value = run(x);
      return Number.isFinite(x) || Number.isNaN(value) ? finite(value, `${name}(${x})`) : value;
    }),
  ),
  ...Object.entries(PLAIN).map(([name, run]) =>
    define(name.toLowerCase(), ['float'], 'float', run),
  ),
  define('divide', ['float', 'float'], 'float', (a, b) => {
    if (b === 0) throw new Error(`division by zero: ${a} / ${b}`);
    const value = a / b;
    if (!Number.isFinite(value) && Number.isFinite(a))
      throw new Error(`double overflow: ${a} / ${b}`);
    return value;
  }),
  define('float_multiply', ['float', 'float'], 'float', (a, b) => overflowing(a * b, a, b, '*')),
  define('float_add', ['float', 'float'], 'float', (a, b) => overflowing(a + b, a, b, '+')),
  define('float_subtract', ['float', 'float'], 'float', (a, b) => overflowing(a - b, a, b, '-')),
  define('mod', ['int', 'int'], 'int', (a, b) => {
    if (b === 0n) throw new Error(`division by zero: MOD(${a}, 0)`);
    return a % b;
  }),
  define('div', ['int', 'int'], 'int', (a, b) => {
    if (b === 0n) throw new Error(`division by zero: DIV(${a}, 0)`);
    return int64(a / b, `DIV(${a}, ${b})`);
  }),
  define('log', ['float', 'float'], 'float', (x, base) => {
    const value = Math.log(x) / Math.log(base);
    if (x <= 0 || base <= 0 || base === 1)
      throw new Error(`Floating point error in function: LOG(${x}, ${base})`);
    return nearInteger(value, base, x);
  }),
  define('pow', ['float', 'float'], 'float', (x, y) => {
    const value = x ** y;
    const isPlain = Number.isFinite(x) && Number.isFinite(y);
    // Unlike JavaScript, 1 to any power is 1.
    if (x === 1 || y === 0) return 1;
    return isPlain ? finite(value, `POW(${x}, ${y})`) : value;
  }),
  define('atan2', ['float', 'float'], 'float', (y, x) => Math.atan2(y, x)),
  define('round', ['float', 'int'], 'float', (x, places) => roundFloat(x, Number(places), false)),
  define('trunc', ['float', 'int'], 'float', (x, places) => roundFloat(x, Number(places), true)),
  define('int_of_float', ['float'], 'int', (x) => {
    if (!Number.isFinite(x))
      throw new Error(`Illegal conversion of non-finite floating point number to an integer: ${x}`);
    const rounded = Math.sign(x) * Math.round(Math.abs(x));
    return int64(BigInt(rounded), String(x));
  }),
  define('shift_left', ['int', 'int'], 'int', (x, by) => shift(x, by, true)),
  define('shift_right', ['int', 'int'], 'int', (x, by) => shift(x, by, false)),
  define('cosine_distance', ['floats', 'floats'], 'float', (a, b) => {
    const size = (vector: readonly (number | null)[]) =>
      Math.hypot(...vector.map((item) => item ?? 0));
    if (a.length !== b.length) throw new Error('Array length mismatch');
    if (size(a) === 0 || size(b) === 0)
      throw new Error('Cannot compute cosine distance against zero vector');
    const product = a.reduce<number>((sum, item, index) => sum + (item ?? 0) * (b[index] ?? 0), 0);
    return 1 - product / (size(a) * size(b));
  }),
  define('euclidean_distance', ['floats', 'floats'], 'float', (a, b) => {
    if (a.length !== b.length) throw new Error('Array length mismatch');
    return Math.hypot(...a.map((item, index) => (item ?? 0) - (b[index] ?? 0)));
  }),
];

function overflowing(value: number, a: number, b: number, operator: string): number {
  if (!Number.isFinite(value) && Number.isFinite(a) && Number.isFinite(b)) {
    throw new Error(`double overflow: ${a} ${operator} ${b}`);
  }
  return value;
}

/** The quotient of two logarithms may miss an integer by its last digit. */
function nearInteger(value: number, base: number, x: number): number {
  const whole = Math.round(value);
  return base ** whole === x ? whole : value;
}

/** Rounds the exact binary value, half away from zero, or cuts its digits off. */
function roundFloat(x: number, places: number, truncate: boolean): number {
  const size = Math.abs(x);
  if (!Number.isFinite(x) || places > 100 || (places >= 0 && size >= 1e21)) return x;
  if (places < -308) return 0;
  let value: number;
  if (places < 0) {
    const scale = 10 ** -places;
    value = (truncate ? Math.trunc(size / scale) : Math.round(size / scale)) * scale;
  } else if (truncate) {
    const [whole = '0', fraction = ''] = size.toFixed(100).split('.');
    value = Number(`${whole}.${fraction.slice(0, places)}`);
  } else value = Number(size.toFixed(places));
  return x < 0 ? -value : value;
}

/** Bits beyond the 64th are 0: `>>` does not keep the sign. */
function shift(x: bigint, by: bigint, left: boolean): bigint {
  if (by < 0n) throw new Error(`Bitwise shift by negative offset: ${by}`);
  if (by >= 64n) return 0n;
  const unsigned = BigInt.asUintN(64, x);
  return BigInt.asIntN(64, left ? unsigned << by : unsigned >> by);
}
