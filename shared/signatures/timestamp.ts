import type { Scheme, SignatureScheme, Timestamp } from './scheme.ts';

/** RFC 3339. Date.parse alone also accepts words after the time. */
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/;

/** Unix milliseconds, or undefined if the text is not a time in that unit. Strict, because the text was signed. */
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

/** How far the sender's clock may be ahead of the relay's, in seconds. */
const maxAheadS = 600;

/**
 * Whether a signed time (Unix milliseconds) is neither older than its window nor too far ahead of the clock. A window
 * covers the sender's retries, which come late and never early. So a time may be ahead by ten minutes at most, which is
 * the longest window that a sender itself names.
 */
export function isFresh(time: number, toleranceS: number | undefined, now: number): boolean {
  if (toleranceS === undefined) return true;
  const ageS = (now - time) / 1000;
  return ageS <= toleranceS && -ageS <= Math.min(toleranceS, maxAheadS);
}

/** How old the signed time of a delivery may be: `90s`, `15m`, `25h`, `3d`, or false for any age. */
export type ReplayWindow = `${number}${'s' | 'm' | 'h' | 'd'}` | false;

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** In seconds; undefined if the text is not a duration, or a duration of 0. */
export function readWindow(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  const unitS = seconds[unit];
  return unitS === undefined ? undefined : Number(count) * unitS;
}

/** The scheme with the stream's window instead of its own. The window has been checked. */
export function withWindow(scheme: Scheme, window: ReplayWindow | undefined): Scheme {
  if (window === undefined || 'at' in scheme) return scheme;
  return keep(scheme, window === false ? undefined : readWindow(window));
}

function keep(scheme: SignatureScheme, toleranceS: number | undefined): SignatureScheme {
  const { timestamp, otherwise, ...rest } = scheme;
  if (!timestamp) return scheme;
  const { at, unit } = timestamp;
  return {
    ...rest,
    timestamp: { at, unit, ...(toleranceS !== undefined && { toleranceS }) },
    ...(otherwise && { otherwise: keep(otherwise, toleranceS) }),
  };
}
