import { plainNumber, readNumber } from '../../../shared/shape/number.ts';
import {
  type Datetime,
  dayOf,
  type Instant,
  instant,
  microseconds,
  parseInstant,
  parseTimestamp as parseQuickly,
} from './civil-time.ts';
import {
  type ClockParts,
  readClock,
  readJsonDate,
  readTimeParts,
  type TimeParts,
} from './time-parts.ts';

/**
 * Reads times in the many spellings of senders, and says what is wrong with the rest. Slow; only for text that
 * civil-time.ts does not read.
 */

/** For people: completes a sentence about the column, and holds nothing of the value. */
export type TimeFault = string;

const noTime = 'is not a time';
const noSuchDay = 'is a day that does not exist';
const noSuchClock = 'is a time of day that does not exist';
const noSuchOffset = 'has an offset from UTC that does not exist';
const outOfRange = "is out of TIMESTAMP's range: the years 0001 to 9999";
const dayOutOfRange = 'is a day beyond the years 0001 to 9999';

const DAY_S = 86_400;
const MINUTE_S = 60;
/** Before the point: more than TIMESTAMP holds, even in milliseconds. */
const maxDigits = 18;

/** Microseconds since 1970, or what is wrong. */
export function readTimestamp(value: string | number | bigint | Date): Instant | TimeFault {
  const quick = parseQuickly(value);
  if (quick !== undefined) return quick;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? noTime : outOfRange;
  return readTimestampText(String(value).trim());
}

function readTimestampText(text: string): Instant | TimeFault {
  const number = readNumber(text);
  if (number) {
    const plain = plainNumber(number, maxDigits);
    return (plain === undefined ? undefined : parseInstant(plain)) ?? outOfRange;
  }
  const milliseconds = readJsonDate(text);
  if (milliseconds !== undefined) return parseInstant(milliseconds, 'ms') ?? outOfRange;
  // Years of six digits, as JavaScript writes those beyond four.
  if (/^[-+\u2212]\d{6}-\d\d-\d\d(T|$)/i.test(text)) return outOfRange;
  const parts = readTimeParts(text);
  return parts ? momentOf(parts) : noTime;
}

function momentOf(parts: TimeParts): Instant | TimeFault {
  const { clock, offset = 0 } = parts;
  const days = daysOf(parts);
  if (typeof days === 'string') return days === dayOutOfRange ? outOfRange : days;
  if (!Number.isFinite(offset)) return noSuchOffset;
  const time = clock ? secondsOf(clock, offset) : 0;
  if (time === undefined) return noSuchClock;
  return instant(days * DAY_S + time - offset, fractionOf(clock)) ?? outOfRange;
}

/** Days since 1970. A time of day is accepted only if it is midnight UTC. */
export function readDate(text: string): number | TimeFault {
  const parts = readTimeParts(text.trim());
  if (!parts) return 'is not a day';
  const { clock, offset = 0 } = parts;
  const days = daysOf(parts);
  if (typeof days === 'string' || !clock) return days;
  const seconds = secondsOf(clock, 0);
  if (seconds === undefined) return noSuchClock;
  const isMidnight = seconds === 0 && Number(clock.fraction) === 0 && offset === 0;
  return isMidnight ? days : 'has a time of day, which DATE does not hold';
}

export function readDatetime(text: string): Datetime | TimeFault {
  const parts = readTimeParts(text.trim());
  if (!parts) return noTime;
  const { clock, offset } = parts;
  const days = daysOf(parts);
  if (typeof days === 'string') return days;
  if (offset !== undefined) return 'has a time zone, which DATETIME does not hold';
  const seconds = clock ? secondsOf(clock, 0) : 0;
  if (seconds === undefined) return noSuchClock;
  const whole = days + Math.floor(seconds / DAY_S);
  if (whole > lastDay) return dayOutOfRange;
  return { days: whole, microseconds: (seconds % DAY_S) * 1_000_000 + fractionOf(clock) };
}

/** Microseconds of the day. */
export function readTime(text: string): number | TimeFault {
  const clock = readClock(text.trim());
  if (!clock) return readTimeParts(text.trim()) ? 'has a day, which TIME does not hold' : noTime;
  const seconds = secondsOf(clock, 0);
  if (seconds === undefined || seconds >= DAY_S) return noSuchClock;
  return seconds * 1_000_000 + fractionOf(clock);
}

/** The last day of the year 9999. */
const lastDay = 2_932_896;

function daysOf({ year, month, day }: TimeParts): number | TimeFault {
  if (year < 1) return dayOutOfRange;
  return dayOf(year, month, day) ?? noSuchDay;
}

/**
 * Seconds of the day; a whole day for its end: 24:00 (ISO 8601), and the leap second 23:59:60 of UTC. Undefined if
 * there is no such time.
 */
function secondsOf(
  { hour, minute, second, fraction }: ClockParts,
  offset: number,
): number | undefined {
  const seconds = hour * 3600 + minute * MINUTE_S + second;
  if (hour === 24) return seconds === DAY_S && Number(fraction) === 0 ? DAY_S : undefined;
  if (!(hour <= 23 && minute <= 59 && second <= MINUTE_S)) return undefined;
  const isLeap = second === MINUTE_S;
  return isLeap && (seconds - offset) % DAY_S !== 0 ? undefined : seconds;
}

function fractionOf(clock: ClockParts | undefined): number {
  return microseconds(clock?.fraction ?? '', 0, clock?.fraction.length ?? 0) ?? 0;
}
