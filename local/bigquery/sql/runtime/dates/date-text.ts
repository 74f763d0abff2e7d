import { civilOf, DAY_MICROS, daysOf, MAX_MICROS, MIN_MICROS, splitMicros } from './civil.ts';
import { offsetAt, offsetText, toCivil, toInstant } from './zones.ts';

export function two(value: number | bigint): string {
  return String(value).padStart(2, '0');
}

export function dateText(days: number): string {
  const { year, month, day } = civilOf(days);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** Without a fraction, or with three or six digits of it. */
export function timeText(micros: bigint): string {
  const clock = `${two(micros / 3_600_000_000n)}:${two((micros / 60_000_000n) % 60n)}:${two((micros / 1_000_000n) % 60n)}`;
  const fraction = micros % 1_000_000n;
  if (fraction === 0n) return clock;
  const digits = String(fraction).padStart(6, '0');
  return `${clock}.${digits.endsWith('000') ? digits.slice(0, 3) : digits}`;
}

export function datetimeText(micros: bigint, separator = ' '): string {
  const { days, ofDay } = splitMicros(micros);
  return `${dateText(days)}${separator}${timeText(ofDay)}`;
}

export function timestampText(micros: bigint, zone: string): string {
  return `${datetimeText(toCivil(micros, zone))}${offsetText(offsetAt(zone, micros))}`;
}

const DATE = String.raw`(\d{4})-(\d{1,2})-(\d{1,2})`;
const CLOCK = String.raw`(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?`;
const DATE_ONLY = new RegExp(`^${DATE}$`);
const TIME_ONLY = new RegExp(`^${CLOCK}$`);
const WITH_ZONE = new RegExp(
  `^\\s*${DATE}(?:[Tt ]\\s*${CLOCK})?\\s*(Z|[+-]\\d{1,2}(?::?\\d{2})?|[A-Za-z]+(?:/[\\w+-]+)*)?\\s*$`,
  'i',
);

export function parseDateText(text: string): number | undefined {
  const match = DATE_ONLY.exec(text);
  return match === null ? undefined : daysOf(Number(match[1]), Number(match[2]), Number(match[3]));
}

export function parseTimeText(text: string): bigint | undefined {
  const match = TIME_ONLY.exec(text);
  const micros = match === null ? undefined : clockOf(match.slice(1));
  return micros === undefined ? undefined : micros % DAY_MICROS;
}

function clockOf([hour, minute, second, fraction]: readonly (string | undefined)[]):
  | bigint
  | undefined {
  const [h, m, s] = [Number(hour), Number(minute), Number(second ?? 0)];
  if (h > 23 || m > 59 || s > 60) return undefined;
  if ((fraction ?? '').length > 6 && !/^0*$/.test((fraction ?? '').slice(6))) return undefined;
  // A leap second is the first of the next minute, without its fraction.
  const micros = s === 60 ? 0n : BigInt((fraction ?? '').slice(0, 6).padEnd(6, '0'));
  return BigInt(h * 3600 + m * 60 + s) * 1_000_000n + micros;
}

export function parseDatetimeText(text: string): bigint | undefined {
  const match = WITH_ZONE.exec(text);
  return match === null || match[8] !== undefined ? undefined : civilMicros(match);
}

function civilMicros(match: RegExpExecArray): bigint | undefined {
  const days = daysOf(Number(match[1]), Number(match[2]), Number(match[3]));
  const clock = match[4] === undefined ? 0n : clockOf(match.slice(4, 8));
  return days === undefined || clock === undefined ? undefined : BigInt(days) * DAY_MICROS + clock;
}

/** A text without a zone is in `zone`. */
export function parseTimestampText(text: string, zone: string): bigint | undefined {
  const match = WITH_ZONE.exec(text);
  const civil = match === null ? undefined : civilMicros(match);
  if (match === null || civil === undefined) return undefined;
  try {
    const micros = toInstant(civil, match[8] ?? zone);
    return micros < MIN_MICROS || micros > MAX_MICROS ? undefined : micros;
  } catch {
    return undefined;
  }
}
