import { BIGNUMERIC, decimalText, parseDecimal } from '../values/decimals.ts';
import { floatText, parseFloat64 } from '../values/float-text.ts';
import { numberText } from './json-text.ts';
import { type Json, JsonNumber } from './json-tree.ts';

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;

function nameOf(json: Json): string {
  if (json === null) return 'null';
  if (json instanceof JsonNumber) return 'number';
  if (Array.isArray(json)) return 'array';
  return json instanceof Map ? 'object' : typeof json;
}

function refuse(json: Json, wanted: string): Error {
  return new Error(`The provided JSON input is not ${wanted}, but a ${nameOf(json)}`);
}

export { nameOf as jsonType };

/** The strict conversions: `INT64(json)`. */
export function jsonInt64(json: Json): bigint {
  if (!(json instanceof JsonNumber)) throw refuse(json, 'an integer');
  const value = json.isInteger ? BigInt(json.text) : wholeOf(Number(json.text));
  if (value === undefined || value < INT_MIN || value > INT_MAX) {
    throw new Error(`The provided JSON number: ${json.text} cannot be converted to an integer`);
  }
  return value;
}

function wholeOf(value: number): bigint | undefined {
  return Number.isInteger(value) ? BigInt(value) : undefined;
}

export function jsonFloat64(json: Json, mode: string): number {
  if (!(json instanceof JsonNumber)) throw refuse(json, 'a number');
  const value = Number(json.text);
  if (mode !== 'round' && mode !== 'exact') throw new Error(`Invalid wide_number_mode: ${mode}`);
  if (mode === 'exact' && json.isInteger && BigInt(value) !== BigInt(json.text)) {
    throw new Error(
      `JSON number: ${json.text} cannot be converted to FLOAT64 without loss of precision`,
    );
  }
  return value;
}

export function jsonBool(json: Json): boolean {
  if (typeof json !== 'boolean') throw refuse(json, 'a boolean');
  return json;
}

export function jsonString(json: Json): string {
  if (typeof json !== 'string') throw refuse(json, 'a string');
  return json;
}

/** The lax conversions, which give NULL where there is none: `LAX_INT64(json)`. */
export function laxInt64(json: Json): bigint | null {
  if (typeof json === 'boolean') return json ? 1n : 0n;
  const text = json instanceof JsonNumber ? json.text : typeof json === 'string' ? json : undefined;
  if (text === undefined) return null;
  const units = parseDecimal(BIGNUMERIC, text);
  const one = 10n ** 38n;
  if (units === undefined || /^\s|\s$/.test(text)) return null;
  const rounded =
    (units < 0n ? -1n : 1n) * (((units < 0n ? -units : units) * 2n + one) / (one * 2n));
  return rounded < INT_MIN || rounded > INT_MAX ? null : rounded;
}

export function laxFloat64(json: Json): number | null {
  const text = json instanceof JsonNumber ? json.text : typeof json === 'string' ? json : undefined;
  if (text === undefined || /^\s|\s$|x/i.test(text)) return null;
  return parseFloat64(text) ?? null;
}

export function laxBool(json: Json): boolean | null {
  if (typeof json === 'boolean') return json;
  if (json instanceof JsonNumber) return Number(json.text) !== 0;
  if (typeof json !== 'string') return null;
  return { true: true, false: false }[json.toLowerCase()] ?? null;
}

export function laxString(json: Json): string | null {
  if (typeof json === 'string') return json;
  if (typeof json === 'boolean') return String(json);
  if (!(json instanceof JsonNumber)) return null;
  const text = numberText(json);
  return /^-?\d+$/.test(text) ? text : floatText(Number(json.text));
}

/** The scalar of JSON_VALUE: NULL for containers and JSON null. */
export function scalarText(json: Json): string | null {
  if (typeof json === 'string') return json;
  if (typeof json === 'boolean') return String(json);
  return json instanceof JsonNumber ? numberText(json) : null;
}

/** The scalar of JSON_VALUE in a STRING, whose numbers stay as they are written. */
export function writtenScalar(json: Json): string | null {
  return json instanceof JsonNumber ? json.text : scalarText(json);
}

export function numericText(text: string): string | undefined {
  const units = parseDecimal(BIGNUMERIC, text);
  return units === undefined ? undefined : decimalText(BIGNUMERIC, units);
}
