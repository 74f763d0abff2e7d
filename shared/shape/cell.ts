import type { ColumnType, Value } from '../columns.ts';
import { knownText } from '../json-members.ts';
import { JsonText } from '../json-text.ts';
import type { TimeUnit } from './shape.ts';

export type Cell = { ok: true; value: Value } | { ok: false; reason: string };

const jsonNumber = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const unixTime = /^(\d{1,16})(?:\.(\d+))?$/;
/** The last second of the year 9999, which is TIMESTAMP's last too. */
const lastSecond = 253_402_300_799;

/**
 * Raw JSON text, out of what is known to be JSON, as a column takes it. Numbers stay text, digit for digit, where the column holds more of
 * them than a JavaScript number.
 */
export function cellOf(raw: string, type: ColumnType, unit: TimeUnit | undefined): Cell {
  if (type === 'JSON') return { ok: true, value: new JsonText(raw) };
  const text = knownText(raw);
  if (text === undefined) return { ok: false, reason: 'is an object or an array' };
  switch (type) {
    case 'FLOAT64': {
      const value = jsonNumber.test(text) ? Number(text) : Number.NaN;
      if (!Number.isFinite(value)) return { ok: false, reason: 'is no number that FLOAT64 holds' };
      return { ok: true, value };
    }
    case 'BOOL':
      if (text !== 'true' && text !== 'false') return { ok: false, reason: 'is not true or false' };
      return { ok: true, value: text === 'true' };
    case 'TIMESTAMP': {
      const time = timestampText(text, unit);
      if (time === undefined) return { ok: false, reason: `is no time in ${unit} since 1970` };
      return { ok: true, value: time };
    }
    default:
      return { ok: true, value: text };
  }
}

/** A time as TIMESTAMP takes it. Digits beyond microseconds are cut. Undefined where it is not in the unit. */
export function timestampText(text: string, unit: TimeUnit = 'iso'): string | undefined {
  if (unit === 'iso') return text;
  const [, whole, fraction = ''] = unixTime.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const seconds = unit === 's' ? Number(whole) : Math.floor(Number(whole) / 1000);
  if (seconds > lastSecond) return undefined;
  const digits = (unit === 's' ? fraction : whole.padStart(3, '0').slice(-3) + fraction).slice(
    0,
    6,
  );
  const second = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${second}${digits && `.${digits}`}Z`;
}
