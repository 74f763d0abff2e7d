import {
  addMonths,
  checkedDays,
  checkedMicros,
  civilOf,
  DAY_MICROS,
  daysOf,
  firstDay,
  floorDivide,
  isoWeek,
  isoYearStart,
  splitMicros,
  weekday,
  weekStart,
} from './civil.ts';

/** Parts that have a fixed length within a day, in microseconds. */
const CLOCK: Readonly<Record<string, bigint>> = {
  MICROSECOND: 1n,
  MILLISECOND: 1000n,
  SECOND: 1_000_000n,
  MINUTE: 60_000_000n,
  HOUR: 3_600_000_000n,
};

export function clockPart(part: string): bigint | undefined {
  return Object.hasOwn(CLOCK, part) ? CLOCK[part] : undefined;
}

export function truncateDate(days: number, part: string): number {
  const start = weekStart(part);
  if (start !== undefined) return checkedDays(days - ((weekday(days) - start + 7) % 7));
  const { year, month } = civilOf(days);
  switch (part) {
    case 'DAY':
      return days;
    case 'MONTH':
      return daysOf(year, month, 1) ?? days;
    case 'QUARTER':
      return daysOf(year, month - ((month - 1) % 3), 1) ?? days;
    case 'YEAR':
      return firstDay(year);
    case 'ISOYEAR':
      return checkedDays(isoYearStart(isoWeek(days).year));
    default:
      throw new Error(`A valid date part is required but found ${part}`);
  }
}

export function truncateMicros(micros: bigint, part: string): bigint {
  const { days, ofDay } = splitMicros(micros);
  const unit = clockPart(part);
  if (unit !== undefined) return micros - (ofDay % unit);
  return BigInt(truncateDate(days, part)) * DAY_MICROS;
}

/** How many boundaries of the part lie between two dates. */
export function dateDifference(a: number, b: number, part: string): bigint {
  const start = weekStart(part);
  if (start !== undefined) {
    const week = (days: number) => Math.floor((days - ((weekday(days) - start + 7) % 7)) / 7);
    return BigInt(week(a) - week(b));
  }
  const [first, second] = [civilOf(a), civilOf(b)];
  const months = (first.year - second.year) * 12 + first.month - second.month;
  switch (part) {
    case 'DAY':
      return BigInt(a - b);
    case 'MONTH':
      return BigInt(months);
    case 'QUARTER': {
      const quarter = ({ year, month }: { year: number; month: number }) =>
        year * 4 + Math.floor((month - 1) / 3);
      return BigInt(quarter(first) - quarter(second));
    }
    case 'YEAR':
      return BigInt(first.year - second.year);
    case 'ISOYEAR':
      return BigInt(isoWeek(a).year - isoWeek(b).year);
    default:
      throw new Error(`A valid date part is required but found ${part}`);
  }
}

/** How many boundaries of the part lie between two datetimes. */
export function civilDifference(a: bigint, b: bigint, part: string): bigint {
  const unit = clockPart(part);
  if (unit !== undefined) return floorDivide(a, unit) - floorDivide(b, unit);
  return dateDifference(splitMicros(a).days, splitMicros(b).days, part);
}

/** How many whole parts have passed between two instants. */
export function elapsed(a: bigint, b: bigint, part: string): bigint {
  const unit = part === 'DAY' ? DAY_MICROS : clockPart(part);
  if (unit === undefined) throw new Error(`TIMESTAMP_DIFF does not support the ${part} date part`);
  return (a - b) / unit;
}

const MONTHS: Readonly<Record<string, number>> = { MONTH: 1, QUARTER: 3, YEAR: 12 };
const DAYS: Readonly<Record<string, number>> = { DAY: 1, WEEK: 7 };

export function addToDate(days: number, count: bigint, part: string): number {
  const amount = Number(count);
  const [byDays, byMonths] = [DAYS[part], MONTHS[part]];
  if (Math.abs(amount) > 10_000_000) throw new Error('Date overflow: the result is out of range');
  if (byDays !== undefined) return checkedDays(days + amount * byDays);
  if (byMonths !== undefined) return addMonths(days, amount * byMonths);
  throw new Error(`DATE_ADD does not support the ${part} date part`);
}

export function addToCivil(micros: bigint, count: bigint, part: string, what: string): bigint {
  const unit = clockPart(part);
  if (unit !== undefined) return checkedMicros(micros + count * unit, what);
  const { days, ofDay } = splitMicros(micros);
  return BigInt(addToDate(days, count, part)) * DAY_MICROS + ofDay;
}

/** EXTRACT from a civil time; `part` as in `WEEK_MONDAY`. */
export function extractPart(micros: bigint, part: string): bigint {
  const { days, ofDay } = splitMicros(micros);
  const { year, month, day } = civilOf(days);
  const start = part === 'ISOWEEK' ? undefined : weekStart(part);
  if (start !== undefined) {
    const first = firstDay(year);
    const offset = (start - weekday(first) + 7) % 7;
    return BigInt(Math.floor((days - first - offset) / 7) + 1);
  }
  const readers: Record<string, () => bigint | number> = {
    MICROSECOND: () => ofDay % 1_000_000n,
    MILLISECOND: () => (ofDay / 1000n) % 1000n,
    SECOND: () => (ofDay / 1_000_000n) % 60n,
    MINUTE: () => (ofDay / 60_000_000n) % 60n,
    HOUR: () => ofDay / 3_600_000_000n,
    DAYOFWEEK: () => weekday(days) + 1,
    DAY: () => day,
    DAYOFYEAR: () => days - firstDay(year) + 1,
    ISOWEEK: () => isoWeek(days).week,
    MONTH: () => month,
    QUARTER: () => Math.floor((month - 1) / 3) + 1,
    YEAR: () => year,
    ISOYEAR: () => isoWeek(days).year,
  };
  const read = readers[part];
  if (read === undefined) throw new Error(`A valid date part name is required but found ${part}`);
  return BigInt(read());
}
