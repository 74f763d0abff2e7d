/** Dates are days since 1970-01-01, datetimes microseconds since then, without a zone. */

export const DAY_MICROS = 86_400_000_000n;
const MIN_DAYS = -719_162;
const MAX_DAYS = 2_932_896;
export const MIN_MICROS = -62_135_596_800_000_000n;
export const MAX_MICROS = 253_402_300_799_999_999n;

export interface Civil {
  year: number;
  month: number;
  day: number;
}

export function civilOf(days: number): Civil {
  const date = new Date(days * 86_400_000);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Undefined for a date that does not exist. Months from 1. */
export function daysOf(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists && year >= 1 && year <= 9999 ? date.getTime() / 86_400_000 : undefined;
}

export function checkedDays(days: number): number {
  if (days < MIN_DAYS || days > MAX_DAYS)
    throw new Error('Date overflow: the result is out of range');
  return days;
}

export function checkedMicros(micros: bigint, what: string): bigint {
  if (micros < MIN_MICROS || micros > MAX_MICROS)
    throw new Error(`${what} overflow: the result is out of range`);
  return micros;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

export function splitMicros(micros: bigint): { days: number; ofDay: bigint } {
  const days = floorDivide(micros, DAY_MICROS);
  return { days: Number(days), ofDay: micros - days * DAY_MICROS };
}

/** 0 for Sunday. */
export function weekday(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** The last day of the month if the month is shorter. */
export function addMonths(days: number, months: number): number {
  const { year, month, day } = civilOf(days);
  const index = year * 12 + month - 1 + months;
  const [y, m] = [Math.floor(index / 12), (((index % 12) + 12) % 12) + 1];
  if (y < 1 || y > 9999) throw new Error('Date overflow: the result is out of range');
  const last = lastDay(y, m);
  return daysOf(y, m, Math.min(day, last)) ?? Number.NaN;
}

function lastDay(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

export function isoWeek(days: number): { year: number; week: number } {
  const monday = days - ((weekday(days) + 6) % 7);
  const { year } = civilOf(monday + 3);
  return { year, week: Math.floor((monday + 3 - firstDay(year)) / 7) + 1 };
}

export function firstDay(year: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, 0, 1);
  return date.getTime() / 86_400_000;
}

/** The Monday with which an ISO year begins. */
export function isoYearStart(year: number): number {
  const fourth = firstDay(year) + 3;
  return fourth - ((weekday(fourth) + 6) % 7);
}

const WEEKDAYS: readonly string[] = [
  'SUNDAY',
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
];

/** The day on which weeks of the part begin, or undefined if the part is no week. */
export function weekStart(part: string): number | undefined {
  if (part === 'WEEK') return 0;
  if (part === 'ISOWEEK') return 1;
  const day = /^WEEK_(\w+)$/.exec(part)?.[1];
  const index = day === undefined ? -1 : WEEKDAYS.indexOf(day);
  return index < 0 ? undefined : index;
}
