import type { Timestamp } from './scheme.ts';

/** RFC 3339. Date.parse alone takes words behind it, too. */
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Unix milliseconds, or undefined where the text is no time in that unit. Strict: it was signed as text. */
export function readTimestamp(text: string, unit: Timestamp['unit']): number | undefined {
  if (unit === 'iso') {
    const time = isoTime.test(text) ? Date.parse(text) : Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  }
  if (!/^\d{1,15}$/.test(text)) return undefined;
  return unit === 's' ? Number(text) * 1000 : Number(text);
}

/** A time as senders write it. `now` is in Unix milliseconds. */
export function writeTimestamp(now: number, unit: Timestamp['unit']): string {
  if (unit === 'iso') return new Date(now).toISOString();
  return String(unit === 's' ? Math.floor(now / 1000) : now);
}
