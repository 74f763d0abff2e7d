import type { ColumnType, Value } from '../columns.ts';
import type { TimeUnit } from '../config/event-shape.ts';
import { knownText } from '../json/json-members.ts';
import { JsonText } from '../json/json-text.ts';
import { plainNumber, readNumber } from './number.ts';

/** `reason` continues a sentence about the column: `is no number`. It contains nothing of the value. */
export type Cell = { ok: true; value: Value } | { ok: false; reason: string };

const jsonNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const numberNames = /^([+-]?)(nan|inf|infinity)$/i;
const unixTime = /^(\d{1,16})(?:\.(\d+))?$/;
/** The first and the last second of TIMESTAMP: of the years 1 and 9999. */
const firstSecond = -62_135_596_800;
const lastSecond = 253_402_300_799;
/** More digits before the point are beyond TIMESTAMP in any unit. */
const mostTimeDigits = 24;
/** The power of ten from a unit to microseconds. */
const toMicros = { s: 6, ms: 3, us: 0, ns: -3 } as const;

const absent: Cell = { ok: true, value: null };
const notScalar: Cell = { ok: false, reason: 'is an object or an array' };
const outOfRange: Cell = { ok: false, reason: "is out of TIMESTAMP's range" };

/** Whether it stands for no value. An empty text is NULL in every column except STRING. */
export function saysNothing(raw: string, type: ColumnType): boolean {
  return raw === '""' && type !== 'STRING';
}

/**
 * The value of raw JSON text (known to be JSON) for a column. Numbers stay text, digit for digit, if the column's type is
 * more exact than a JavaScript number. The encoder checks the text of numbers and times.
 */
export function cellOf(raw: string, type: ColumnType, unit: TimeUnit | undefined): Cell {
  if (saysNothing(raw, type)) return absent;
  if (type === 'JSON') return { ok: true, value: new JsonText(raw) };
  const text = knownText(raw);
  if (text === undefined) return notScalar;
  switch (type) {
    case 'FLOAT64':
      return floatCell(text);
    case 'BOOL':
      return boolCell(text);
    case 'TIMESTAMP':
      return timeCell(text, unit);
    default:
      return { ok: true, value: text };
  }
}

function floatCell(text: string): Cell {
  const name = numberNames.exec(text);
  if (name) {
    const magnitude = /nan/i.test(text) ? Number.NaN : Number.POSITIVE_INFINITY;
    return { ok: true, value: name[1] === '-' ? -magnitude : magnitude };
  }
  if (!jsonNumber.test(text) && readNumber(text) === undefined) {
    return { ok: false, reason: 'is no number' };
  }
  const value = Number(text);
  if (!Number.isFinite(value)) return { ok: false, reason: "is out of FLOAT64's range" };
  return { ok: true, value };
}

/** Databases and forms use 1 and 0. Words such as `yes` and `on` depend on a language. */
function boolCell(text: string): Cell {
  if (/^true$/i.test(text)) return { ok: true, value: true };
  if (/^false$/i.test(text)) return { ok: true, value: false };
  const number = readNumber(text);
  if (number?.sign === 0) return { ok: true, value: false };
  if (number?.sign === 1 && number.digits === '1' && number.exponent === 1) {
    return { ok: true, value: true };
  }
  return { ok: false, reason: 'is not true or false' };
}

/**
 * A time for a TIMESTAMP. Only a bare number is converted, by its unit. Other text stays as it is. Digits beyond
 * microseconds are cut.
 */
export function timeCell(text: string, unit: TimeUnit = 'iso'): Cell {
  if (unit === 'iso') return { ok: true, value: text };
  const [, whole, fraction = ''] = unixTime.exec(text) ?? [];
  if (whole === undefined || unit === 'us' || unit === 'ns') return numberCell(text, unit);
  const seconds = unit === 's' ? Number(whole) : Math.floor(Number(whole) / 1000);
  if (seconds > lastSecond) return outOfRange;
  const digits = unit === 's' ? fraction : whole.padStart(3, '0').slice(-3) + fraction;
  return { ok: true, value: isoText(seconds, digits.slice(0, 6)) };
}

/** The same for numbers with a sign or a power of ten, and for finer units. */
function numberCell(text: string, unit: keyof typeof toMicros): Cell {
  const number = readNumber(text);
  if (!number) return { ok: true, value: text };
  const exponent = number.exponent + toMicros[unit];
  const plain = plainNumber({ ...number, exponent }, mostTimeDigits);
  if (plain === undefined) return outOfRange;
  const micros = BigInt(plain.split('.')[0] ?? '0');
  // The fraction of a second counts upwards before 1970, too.
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - fraction) / 1_000_000n);
  if (seconds < firstSecond || seconds > lastSecond) return outOfRange;
  return { ok: true, value: isoText(seconds, String(fraction).padStart(6, '0')) };
}

function isoText(seconds: number, digits: string): string {
  const second = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${second}${digits && `.${digits}`}Z`;
}
