/**
 * Dates and times as BigQuery's wire wants them. All functions answer undefined for text that is not
 * what they read, or that names a day or a time which does not exist. Years run from 0001 to 9999.
 * Digits beyond microseconds are cut, as BigQuery holds no more.
 */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const CLOCK = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?$/;
const DATETIME = /^(\d{4}-\d{2}-\d{2})(?:[Tt ]([\d:.]+))?$/;
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})(?:[Tt ]([\d:.]+)(?: ?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?))?)?$/;
const EPOCH = /^(-?)(\d{1,18})(?:\.(\d+))?$/;

const DAY_S = 86_400;
const MIN_S = -62_135_596_800;
const MAX_S = 253_402_300_799;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** From here on a number is milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973. */
const FIRST_MILLISECONDS = 100_000_000_000;

/** `YYYY-MM-DD` → days since 1970-01-01. */
export function parseDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  const month = Number(match[2]);
  const day = Number(match[3]);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return undefined;
  }
  return daysSinceEpoch(year, month, day);
}

/** `hh:mm[:ss[.f…]]` → microseconds of the day. */
export function parseTime(text: string): number | undefined {
  const match = CLOCK.exec(text);
  if (!match) return undefined;
  const hour = Number(match[1]);
  const minute = Number(match[2]);
  const second = Number(match[3] ?? 0);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return (hour * 3600 + minute * 60 + second) * 1_000_000 + microseconds(match[4]);
}

/** A civil date and time, without a zone. */
export interface Datetime {
  days: number;
  /** Of the day. */
  microseconds: number;
}

/** `YYYY-MM-DD[Thh:mm[:ss[.f…]]]`, with a T or a space; a zone is refused. */
export function parseDatetime(text: string): Datetime | undefined {
  const match = DATETIME.exec(text);
  return match ? civil(match[1] ?? '', match[2]) : undefined;
}

/**
 * An instant → microseconds since 1970. Takes ISO 8601 with any offset or none (then UTC), a space for
 * the T, ` UTC` for the Z, and seconds or milliseconds since 1970 as a decimal number.
 */
export function parseTimestamp(value: string | number | bigint): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return epochInstant(value);
  return parseTimestampText(String(value));
}

function parseTimestampText(text: string): bigint | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return parseEpoch(text);
  const local = civil(match[1] ?? '', match[2]);
  const offset = offsetSeconds(match[3]);
  if (!local || offset === undefined) return undefined;
  const seconds = local.days * DAY_S + Math.floor(local.microseconds / 1_000_000) - offset;
  return instant(seconds, local.microseconds % 1_000_000);
}

function epochInstant(value: number): bigint | undefined {
  if (Math.abs(value) < FIRST_MILLISECONDS) return instant(value, 0);
  const seconds = Math.floor(value / 1000);
  return instant(seconds, (value - seconds * 1000) * 1000);
}

function parseEpoch(text: string): bigint | undefined {
  const match = EPOCH.exec(text);
  if (!match) return undefined;
  const whole = Number(match[2]);
  const inMilliseconds = whole >= FIRST_MILLISECONDS;
  const fraction = microseconds(match[3]);
  const micros = inMilliseconds ? (whole % 1000) * 1000 + Math.floor(fraction / 1000) : fraction;
  const seconds = inMilliseconds ? Math.floor(whole / 1000) : whole;
  if (match[1] !== '-') return instant(seconds, micros);
  return micros === 0 ? instant(-seconds, 0) : instant(-seconds - 1, 1_000_000 - micros);
}

function civil(date: string, clock: string | undefined): Datetime | undefined {
  const days = parseDate(date);
  const time = clock === undefined ? 0 : parseTime(clock);
  return days === undefined || time === undefined ? undefined : { days, microseconds: time };
}

function instant(seconds: number, micros: number): bigint | undefined {
  if (seconds < MIN_S || seconds > MAX_S) return undefined;
  return BigInt(seconds) * 1_000_000n + BigInt(micros);
}

function offsetSeconds(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z' || zone === 'UTC') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}

function microseconds(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function daysInMonth(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** `Date.UTC` would read the years 1 to 99 as 1901 to 1999; a whole 400-year cycle later it does not. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const CYCLE_YEARS = 400;
  const CYCLE_DAYS = 146_097;
  return Date.UTC(year + CYCLE_YEARS, month - 1, day) / (DAY_S * 1000) - CYCLE_DAYS;
}
