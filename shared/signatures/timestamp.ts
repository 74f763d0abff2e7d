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

/** How far the sender's clock may be ahead of ours, in seconds. */
const maxAheadS = 600;

/**
 * Is a stamp (Unix milliseconds) neither older than its window nor ahead of the clock? A window is as long as the
 * sender's retries, which come late and never early, so that only the first ten minutes of it count both ways: the longest window that a sender itself names.
 */
export function isFresh(time: number, toleranceS: number | undefined, now: number): boolean {
  if (toleranceS === undefined) return true;
  const ageS = (now - time) / 1000;
  return ageS <= toleranceS && -ageS <= Math.min(toleranceS, maxAheadS);
}
