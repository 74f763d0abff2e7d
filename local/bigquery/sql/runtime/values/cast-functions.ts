import {
  datetimeText,
  parseDateText,
  parseDatetimeText,
  parseTimestampText,
  parseTimeText,
  timestampText,
  timeText,
} from '../dates/date-text.ts';
import { define, type Interval, type RuntimeFunction } from '../define.ts';
import { floatText, parseFloat64 } from './float-text.ts';
import { intervalText, parseAnyInterval, parseInterval } from './interval-text.ts';
import { formatNumber } from './number-format.ts';

function required<T>(value: T | undefined, what: string, text: string): T {
  if (value === undefined) throw new Error(`${what}: ${text}`);
  return value;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseInt64(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(?:\d+|0x[0-9a-f]+)$/i.test(trimmed)) return undefined;
  const size = BigInt(trimmed.replace(/^[+-]/, ''));
  const value = trimmed.startsWith('-') ? -size : size;
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

const BOOLS: Readonly<Record<string, boolean>> = { true: true, false: false };

function justify({ months, days, micros }: Interval, hours: boolean, wholeDays: boolean): Interval {
  const result = { months, days, micros };
  if (hours) {
    const day = 86_400_000_000n;
    result.days += Number(result.micros / day);
    result.micros %= day;
    if (result.days > 0 && result.micros < 0n) {
      result.days -= 1;
      result.micros += day;
    } else if (result.days < 0 && result.micros > 0n) {
      result.days += 1;
      result.micros -= day;
    }
  }
  if (wholeDays) {
    result.months += Math.trunc(result.days / 30);
    result.days %= 30;
    if (result.months > 0 && result.days < 0) {
      result.months -= 1;
      result.days += 30;
    } else if (result.months < 0 && result.days > 0) {
      result.months += 1;
      result.days -= 30;
    }
  }
  return result;
}

export const castFunctions: RuntimeFunction[] = [
  define('float_text', ['float'], 'string', floatText),
  define('time_text', ['time'], 'string', timeText),
  define('datetime_text', ['datetime'], 'string', (micros) => datetimeText(micros)),
  define('timestamp_text', ['timestamp', 'string'], 'string', timestampText),
  define('interval_text', ['interval'], 'string', intervalText),
  define('bytes_text', ['bytes'], 'string', (bytes) => {
    try {
      return decoder.decode(bytes);
    } catch (cause) {
      throw new Error('Invalid UTF-8: the bytes are not a STRING', { cause });
    }
  }),
  define('safe_bytes_text', ['bytes'], 'string', (bytes) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
  ),
  define('int_of_text', ['string'], 'int', (text) =>
    required(parseInt64(text), 'Bad int64 value', text),
  ),
  define('float_of_text', ['string'], 'float', (text) =>
    required(parseFloat64(text), 'Bad double value', text),
  ),
  define('bool_of_text', ['string'], 'bool', (text) =>
    required(BOOLS[text.trim().toLowerCase()], 'Bad bool value', text),
  ),
  define('date_of_text', ['string'], 'date', (text) =>
    required(parseDateText(text), 'Invalid date', `'${text}'`),
  ),
  define('time_of_text', ['string'], 'time', (text) =>
    required(parseTimeText(text), 'Invalid time string', `"${text}"`),
  ),
  define('datetime_of_text', ['string'], 'datetime', (text) =>
    required(parseDatetimeText(text), 'Invalid datetime string', `"${text}"`),
  ),
  define('timestamp_of_text', ['string', 'string'], 'timestamp', (text, zone) =>
    required(parseTimestampText(text, zone), 'Invalid timestamp', `'${text}'`),
  ),
  define('interval_of_text', ['string'], 'interval', (text) =>
    required(parseAnyInterval(text), 'Invalid INTERVAL value', `'${text}'`),
  ),
  define('interval_parts', ['string', 'string', 'string'], 'interval', (text, from, to) =>
    required(parseInterval(text, from, to), 'Invalid INTERVAL value', `'${text}'`),
  ),
  define('interval_of', ['int', 'int', 'int'], 'interval', (months, days, micros) => ({
    months: Number(months),
    days: Number(days),
    micros,
  })),
  define('justify', ['interval', 'bool', 'bool'], 'interval', justify),
  define(
    'interval_scale',
    ['interval', 'int', 'int'],
    'interval',
    ({ months, days, micros }, by, over) => {
      if (over === 0n) throw new Error('division by zero');
      if (over === 1n) {
        return { months: months * Number(by), days: days * Number(by), micros: micros * by };
      }
      // What is left of months becomes days, and of days hours.
      const month = Math.trunc(months / Number(over));
      const allDays = days + (months % Number(over)) * 30;
      const day = Math.trunc(allDays / Number(over));
      const rest = micros + BigInt(allDays % Number(over)) * 86_400_000_000n;
      return { months: month, days: day, micros: rest / over };
    },
  ),
  define('interval_extract', ['interval', 'string'], 'int', ({ months, days, micros }, part) => {
    const parts: Record<string, bigint> = {
      YEAR: BigInt(Math.trunc(months / 12)),
      MONTH: BigInt(months % 12),
      DAY: BigInt(days),
      HOUR: micros / 3_600_000_000n,
      MINUTE: (micros / 60_000_000n) % 60n,
      SECOND: (micros / 1_000_000n) % 60n,
      MILLISECOND: (micros / 1000n) % 1000n,
      MICROSECOND: micros % 1_000_000n,
    };
    return required(parts[part], 'A valid date part is required but found', part);
  }),
  define('number_format', ['string', 'string'], 'string', formatNumber),
  define('text_limit', ['string', 'int'], 'string', (text, limit) => {
    const length = BigInt([...text].length);
    if (length > limit)
      throw new Error(`Value has length ${length} which exceeds the maximum length ${limit}`);
    return text;
  }),
  define('bytes_limit', ['bytes', 'int'], 'bytes', (bytes, limit) => {
    if (bytes.length > limit)
      throw new Error(`Value has length ${bytes.length} which exceeds the maximum length ${limit}`);
    return bytes;
  }),
];
