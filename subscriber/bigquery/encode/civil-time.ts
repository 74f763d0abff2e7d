/**
 * Reads dates and times in ISO 8601 and as Unix time, fast: every row holds times, and regular expressions cost
 * more than single digits. All functions return undefined for other text, and for a day or time that does not
 * exist; time-text.ts then tries further spellings. Years run from 0001 to 9999. Digits beyond microseconds are
 * cut, because BigQuery holds no more.
 */

const ZONE = /^ ?(?:Z|z|UTC|[+-]\d{2}(?::?\d{2})?)$/;
const EPOCH = /^(-?)(\d{1,18})(?:\.(\d+))?$/;

const DAY_S = 86_400;
const MIN_S = -62_135_596_800;
const MAX_S = 253_402_300_799;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/** From 0001-01-01. */
const DAYS_BEFORE_1970 = 719_162;
const DATE_LENGTH = 'YYYY-MM-DD'.length;

/** From here on a number is milliseconds: 1973. As seconds it would be the year 5138. */
const FIRST_MILLISECONDS = 100_000_000_000;

/** Microseconds since 1970; a bigint where a number would not be exact. */
export type Instant = number | bigint;

/** `YYYY-MM-DD` → days since 1970-01-01. */
export function parseDate(text: string): number | undefined {
  return text.length === DATE_LENGTH ? dateOf(text) : undefined;
}

/** `hh:mm[:ss[.f…]]` → microseconds of the day. */
export function parseTime(text: string): number | undefined {
  return clockOf(text, 0, text.length);
}

/** A civil date and time, without a zone. */
export interface Datetime {
  days: number;
  /** Of the day. */
  microseconds: number;
}

/** `YYYY-MM-DD[Thh:mm[:ss[.f…]]]`, with a T or a space; a zone is refused. */
export function parseDatetime(text: string): Datetime | undefined {
  const days = dateOf(text);
  const microseconds = text.length === DATE_LENGTH ? 0 : clockAfterDate(text, text.length);
  return days === undefined || microseconds === undefined ? undefined : { days, microseconds };
}

/**
 * Reads ISO 8601 with any offset or none (then UTC), with a space for the T or ` UTC` for the Z; and seconds or
 * milliseconds since 1970 as a decimal number.
 */
export function parseTimestamp(value: string | number | bigint | Date): Instant | undefined {
  if (value instanceof Date) return fromMilliseconds(value.getTime());
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    return Math.abs(value) < FIRST_MILLISECONDS ? instant(value, 0) : fromMilliseconds(value);
  }
  const text = String(value);
  const days = dateOf(text);
  return days === undefined ? parseInstant(text) : instantOn(days, text);
}

function instantOn(days: number, text: string): Instant | undefined {
  if (text.length === DATE_LENGTH) return instant(days * DAY_S, 0);
  const end = clockEnd(text);
  const micros = clockAfterDate(text, end);
  const offset = offsetSeconds(text, end);
  if (micros === undefined || offset === undefined) return undefined;
  const seconds = days * DAY_S + Math.floor(micros / 1_000_000) - offset;
  return instant(seconds, micros % 1_000_000);
}

/** @param value NaN for an invalid Date */
function fromMilliseconds(value: number): Instant | undefined {
  const seconds = Math.floor(value / 1000);
  return instant(seconds, (value - seconds * 1000) * 1000);
}

/** Reads a plain number: seconds, or milliseconds if it is large or the unit says so. */
export function parseInstant(number: string | number, unit?: 'ms'): Instant | undefined {
  const match = EPOCH.exec(String(number));
  if (!match) return undefined;
  const [, sign, digits, fraction = ''] = match;
  const whole = Number(digits);
  const inMilliseconds = unit === 'ms' || whole >= FIRST_MILLISECONDS;
  const part = microseconds(fraction, 0, fraction.length) ?? 0;
  const micros = inMilliseconds ? (whole % 1000) * 1000 + Math.floor(part / 1000) : part;
  const seconds = inMilliseconds ? Math.floor(whole / 1000) : whole;
  if (sign !== '-') return instant(seconds, micros);
  return micros === 0 ? instant(-seconds, 0) : instant(-seconds - 1, 1_000_000 - micros);
}

export function instant(seconds: number, micros: number): Instant | undefined {
  if (!(seconds >= MIN_S && seconds <= MAX_S)) return undefined;
  const sum = seconds * 1_000_000 + micros;
  return Number.isSafeInteger(sum) ? sum : BigInt(seconds) * 1_000_000n + BigInt(micros);
}

/** The day at the start of the text, in days since 1970. */
function dateOf(text: string): number | undefined {
  const year = digitsAt(text, 0, 4);
  const month = digitsAt(text, 5, 2);
  const day = digitsAt(text, 8, 2);
  return text[4] === '-' && text[7] === '-' ? dayOf(year, month, day) : undefined;
}

/** Days since 1970; undefined if there is no such day. */
export function dayOf(year: number, month: number, day: number): number | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return undefined;
  }
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const isBehindLeapDay = month > 2 && isLeap(year);
  const inYear = (DAYS_BEFORE_MONTH[month - 1] ?? 0) + (isBehindLeapDay ? 1 : 0) + day - 1;
  return past * 365 + leapDays + inYear - DAYS_BEFORE_1970;
}

/** The clock behind a date and a T or a space, in microseconds. */
function clockAfterDate(text: string, end: number): number | undefined {
  const separator = text[DATE_LENGTH];
  const isSeparated = separator === 'T' || separator === ' ' || separator === 't';
  return isSeparated ? clockOf(text, DATE_LENGTH + 1, end) : undefined;
}

/** The index after the digits, colons and points that follow a date. */
function clockEnd(text: string): number {
  let at = DATE_LENGTH + 1;
  // In ASCII the colon stands behind the digits.
  for (let unit = text.charCodeAt(at); unit === 0x2e || (unit >= 0x30 && unit <= 0x3a); ) {
    unit = text.charCodeAt(++at);
  }
  return at;
}

/** `hh:mm[:ss[.f…]]` between two indexes, in microseconds. */
function clockOf(text: string, start: number, end: number): number | undefined {
  const length = end - start;
  const hour = digitsAt(text, start, 2);
  const minute = digitsAt(text, start + 3, 2);
  const second = length > 5 ? digitsAt(text, start + 6, 2) : 0;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return undefined;
  }
  if (text[start + 2] !== ':' || (length > 5 && text[start + 5] !== ':')) return undefined;
  const micros = length > 8 ? fractionOf(text, start + 8, end) : 0;
  if (micros === undefined || (length < 8 && length !== 5)) return undefined;
  return (hour * 3600 + minute * 60 + second) * 1_000_000 + micros;
}

/** `.f…` between two indexes, in microseconds. */
function fractionOf(text: string, point: number, end: number): number | undefined {
  return text[point] === '.' && end > point + 1 ? microseconds(text, point + 1, end) : undefined;
}

function offsetSeconds(text: string, at: number): number | undefined {
  if (at === text.length || (text[at] === 'Z' && at + 1 === text.length)) return 0;
  const zone = text.slice(at);
  if (!ZONE.test(zone)) return undefined;
  const signed = zone.trimStart();
  if (!/^[+-]/.test(signed)) return 0;
  const hours = Number(signed.slice(1, 3));
  const minutes = Number(signed.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (signed.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Reads a fraction of a second between two indexes; undefined if there is anything but digits. */
export function microseconds(text: string, start: number, end: number): number | undefined {
  let micros = 0;
  let unit = 100_000;
  for (let at = start; at < end; at++) {
    const digit = digitsAt(text, at, 1);
    if (digit < 0) return undefined;
    if (unit >= 1) micros += digit * unit;
    unit /= 10;
  }
  return micros;
}

/** Reads a number of `count` digits; -1 if there is anything but digits. */
function digitsAt(text: string, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
