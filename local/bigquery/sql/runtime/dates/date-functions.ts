import { define, type RuntimeFunction } from '../define.ts';
import { checkedMicros, civilOf, DAY_MICROS, daysOf, floorDivide, splitMicros } from './civil.ts';
import { formatByModel, parseByModel } from './format-model.ts';
import {
  addToCivil,
  addToDate,
  civilDifference,
  clockPart,
  dateDifference,
  elapsed,
  extractPart,
  truncateDate,
  truncateMicros,
} from './parts.ts';
import { strftime } from './strftime.ts';
import { dayOf, strptime } from './strptime.ts';
import { offsetAt, toCivil } from './zones.ts';

const midnight = (days: number) => BigInt(days) * DAY_MICROS;

function ofClock(micros: bigint): bigint {
  return ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS;
}

export const dateFunctions: RuntimeFunction[] = [
  define('date_trunc', ['date', 'string'], 'date', truncateDate),
  define('datetime_trunc', ['datetime', 'string'], 'datetime', truncateMicros),
  define('time_trunc', ['time', 'string'], 'time', truncateMicros),
  define('date_add', ['date', 'int', 'string'], 'date', addToDate),
  define('date_plus_interval', ['date', 'interval', 'int'], 'datetime', (days, by, sign) =>
    plusInterval(midnight(days), by, sign),
  ),
  define('datetime_add', ['datetime', 'int', 'string'], 'datetime', (micros, count, part) =>
    addToCivil(micros, count, part, 'Datetime'),
  ),
  define('datetime_plus_interval', ['datetime', 'interval', 'int'], 'datetime', plusInterval),
  define('timestamp_add', ['timestamp', 'int', 'string'], 'timestamp', (micros, count, part) => {
    const unit = part === 'DAY' ? DAY_MICROS : clockPart(part);
    if (unit === undefined)
      throw new Error(
        `TIMESTAMP_ADD does not support the ${part} date part when the argument is TIMESTAMP type`,
      );
    return checkedMicros(micros + count * unit, 'Timestamp');
  }),
  define(
    'timestamp_plus_interval',
    ['timestamp', 'interval', 'int'],
    'timestamp',
    (micros, by, sign) => {
      if (by.months !== 0)
        throw new Error(
          'TIMESTAMP +/- INTERVAL is not supported for intervals with non-zero MONTH or YEAR part.',
        );
      return checkedMicros(micros + sign * (BigInt(by.days) * DAY_MICROS + by.micros), 'Timestamp');
    },
  ),
  define('time_add', ['time', 'int', 'string'], 'time', (micros, count, part) => {
    const unit = clockPart(part);
    if (unit === undefined) throw new Error(`TIME_ADD does not support the ${part} date part`);
    return ofClock(micros + count * unit);
  }),
  define('date_diff', ['date', 'date', 'string'], 'int', dateDifference),
  define('datetime_diff', ['datetime', 'datetime', 'string'], 'int', civilDifference),
  define('timestamp_diff', ['timestamp', 'timestamp', 'string'], 'int', elapsed),
  define('time_diff', ['time', 'time', 'string'], 'int', civilDifference),
  define('extract', ['datetime', 'string'], 'int', extractPart),
  define('extract_date', ['date', 'string'], 'int', (days, part) =>
    extractPart(midnight(days), part),
  ),
  define('extract_time', ['time', 'string'], 'int', extractPart),
  define('last_day', ['date', 'string'], 'date', (days, part) => {
    const start = truncateDate(days, part);
    if (part === 'DAY') return days;
    if (part.includes('WEEK')) return start + 6;
    if (part === 'ISOYEAR') return truncateDate(start + 370, part) - 1;
    return addToDate(start, 1n, part) - 1;
  }),
  define('make_date', ['int', 'int', 'int'], 'date', makeDate),
  define(
    'make_datetime',
    ['int', 'int', 'int', 'int', 'int', 'int'],
    'datetime',
    (y, mo, d, h, m, s) => midnight(makeDate(y, mo, d)) + makeTime(h, m, s),
  ),
  define('make_time', ['int', 'int', 'int'], 'time', makeTime),
  define('format_date', ['string', 'date'], 'string', (format, days) =>
    strftime(format, { civil: midnight(days) }, 'date'),
  ),
  define('format_datetime', ['string', 'datetime'], 'string', (format, civil) =>
    strftime(format, { civil }, 'datetime'),
  ),
  define('format_time', ['string', 'time'], 'string', (format, civil) =>
    strftime(format, { civil }, 'time'),
  ),
  define('format_timestamp', ['string', 'timestamp', 'string'], 'string', (format, instant, name) =>
    strftime(format, { civil: toCivil(instant, name), zone: { name, instant } }, 'timestamp'),
  ),
  define('parse_date', ['string', 'string'], 'date', (format, text) =>
    dayOf(strptime(format, text)),
  ),
  define('parse_datetime', ['string', 'string'], 'datetime', (format, text) =>
    strptime(format, text),
  ),
  define('parse_time', ['string', 'string'], 'time', (format, text) =>
    ofClock(strptime(format, text)),
  ),
  define('parse_timestamp', ['string', 'string', 'string'], 'timestamp', (format, text, zone) =>
    checkedMicros(strptime(format, text, zone), 'Timestamp'),
  ),
  define('cast_format', ['datetime', 'string', 'string'], 'string', formatByModel),
  define('cast_format_zoned', ['timestamp', 'string', 'string'], 'string', (instant, model, zone) =>
    formatByModel(toCivil(instant, zone), model, 'TIMESTAMP', offsetAt(zone, instant)),
  ),
  define('cast_parse', ['string', 'string', 'string'], 'datetime', parseByModel),
  define('cast_parse_zoned', ['string', 'string', 'string'], 'timestamp', (text, model, zone) =>
    checkedMicros(parseByModel(text, model, 'TIMESTAMP', zone), 'Timestamp'),
  ),
  define('bucket', ['datetime', 'interval', 'datetime'], 'datetime', bucket),
];

function makeDate(year: bigint, month: bigint, day: bigint): number {
  const days = daysOf(Number(year), Number(month), Number(day));
  if (days === undefined)
    throw new Error(`Input calculates to invalid date: ${year}-${month}-${day}`);
  return days;
}

function makeTime(hour: bigint, minute: bigint, second: bigint): bigint {
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  if (h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60) {
    throw new Error(`Input calculates to invalid time: ${hour}:${minute}:${second}`);
  }
  return BigInt(h * 3600 + m * 60 + s) * 1_000_000n;
}

function plusInterval(
  micros: bigint,
  by: { months: number; days: number; micros: bigint },
  sign: bigint,
): bigint {
  const { days, ofDay } = splitMicros(micros);
  const moved = addToDate(days, sign * BigInt(by.months), 'MONTH');
  const shifted = BigInt(moved) + sign * BigInt(by.days);
  return checkedMicros(shifted * DAY_MICROS + ofDay + sign * by.micros, 'Datetime');
}

/** The start of the bucket of the interval's width that holds the value; buckets are counted from the origin. */
function bucket(
  value: bigint,
  width: { months: number; days: number; micros: bigint },
  origin: bigint,
): bigint {
  const size = BigInt(width.days) * DAY_MICROS + width.micros;
  if (width.months === 0) {
    if (size <= 0n) throw new Error('The bucket width must be positive');
    return origin + floorDivide(value - origin, size) * size;
  }
  if (size !== 0n) throw new Error('The bucket width must be months alone, or days and time alone');
  const start = splitMicros(origin);
  const at = (count: number) =>
    midnight(addToDate(start.days, BigInt(count * width.months), 'MONTH')) + start.ofDay;
  const [from, to] = [civilOf(start.days), civilOf(splitMicros(value).days)];
  let count = Math.floor(((to.year - from.year) * 12 + to.month - from.month) / width.months) + 1;
  while (at(count) > value) count -= 1;
  return at(count);
}
