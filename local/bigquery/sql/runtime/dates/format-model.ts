import { civilOf, DAY_MICROS, daysOf, firstDay, splitMicros, weekday } from './civil.ts';
import { two } from './date-text.ts';
import { DAY_NAMES, MONTH_NAMES } from './strftime.ts';
import { toInstant } from './zones.ts';

/** The elements of `CAST(… AS STRING FORMAT 'DD/MM/YYYY')`, the longest first. */
const ELEMENT =
  /"(?:[^"\\]|\\.)*"|Y,YYY|YYYY|YYY|YY|Y|RRRR|RR|MONTH|MON|MM|DDD|DD|DAY|DY|D|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]|A\.M\.|P\.M\.|AM|PM|TZH|TZM|[-./,'; :]|[\s\S]/gi;

const OF_DATE = /^(?:Y|RR|MM|MON|D)/i;
const OF_CLOCK = /^(?:HH|MI|SS|FF|[AP]\.?M)/i;
const OF_ZONE = /^TZ/i;

/** The elements that a type does not have. */
const FOREIGN: Readonly<Record<string, readonly RegExp[]>> = {
  DATE: [OF_CLOCK, OF_ZONE],
  TIME: [OF_DATE, OF_ZONE],
  DATETIME: [OF_ZONE],
};

function elementsOf(model: string, kind: string): string[] {
  const elements = [...model.matchAll(ELEMENT)].map(([element]) => element);
  const foreign = elements.find((element) =>
    FOREIGN[kind]?.some((pattern) => element.length > 0 && pattern.test(element)),
  );
  if (foreign !== undefined) throw new Error(`${kind} does not support '${foreign.toUpperCase()}'`);
  return elements;
}

function unsupported(element: string): Error {
  return new Error(`Format element '${element}' is not supported`);
}

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_date_time_as_string */
export function formatByModel(civil: bigint, model: string, kind: string, offset = 0n): string {
  return elementsOf(model, kind)
    .map((element) => write(element, civil, offset))
    .join('');
}

function write(element: string, civil: bigint, offset: bigint): string {
  if (element.startsWith('"')) return element.slice(1, -1).replace(/\\(.)/g, '$1');
  if (/^[-./,'; :\s]$/.test(element)) return element;
  const { days, ofDay } = splitMicros(civil);
  const { year, month, day } = civilOf(days);
  const upper = element.toUpperCase();
  const [hour, rest] = [Number(ofDay / 3_600_000_000n), ofDay % 3_600_000_000n];
  const padded = (value: number | bigint, width: number) =>
    String(value).padStart(width, '0').slice(-width);
  switch (upper) {
    case 'YYYY':
    case 'RRRR':
      return String(year).padStart(4, '0');
    case 'Y,YYY':
      return `${Math.floor(year / 1000)},${padded(year, 3)}`;
    case 'YYY':
      return padded(year, 3);
    case 'YY':
    case 'RR':
      return padded(year, 2);
    case 'Y':
      return padded(year, 1);
    case 'MONTH':
      return cased(element, MONTH_NAMES[month - 1] ?? '');
    case 'MON':
      return cased(element, MONTH_NAMES[month - 1]?.slice(0, 3) ?? '');
    case 'MM':
      return two(month);
    case 'DAY':
      return cased(element, DAY_NAMES[weekday(days)] ?? '');
    case 'DY':
      return cased(element, DAY_NAMES[weekday(days)]?.slice(0, 3) ?? '');
    case 'D':
      return String(weekday(days) + 1);
    case 'DD':
      return two(day);
    case 'DDD':
      return padded(days - firstDay(year) + 1, 3);
    case 'HH24':
      return two(hour);
    case 'HH':
    case 'HH12':
      return two(hour % 12 === 0 ? 12 : hour % 12);
    case 'MI':
      return two(rest / 60_000_000n);
    case 'SS':
      return two((rest / 1_000_000n) % 60n);
    case 'SSSSS':
      return padded(ofDay / 1_000_000n, 5);
    case 'AM':
    case 'PM':
      return cased(element, hour < 12 ? 'AM' : 'PM');
    case 'A.M.':
    case 'P.M.':
      return cased(element, hour < 12 ? 'A.M.' : 'P.M.');
    case 'TZH':
      return `${offset < 0n ? '-' : '+'}${two(Math.floor(Math.abs(Number(offset)) / 3_600_000_000))}`;
    case 'TZM':
      return two(Math.floor(Math.abs(Number(offset)) / 60_000_000) % 60);
  }
  if (/^FF\d$/.test(upper)) {
    return String(ofDay % 1_000_000n)
      .padStart(6, '0')
      .padEnd(9, '0')
      .slice(0, Number(upper.slice(2)));
  }
  throw unsupported(element);
}

/** `MONTH` in capitals, `Month` with one, `month` with none. */
function cased(element: string, text: string): string {
  if (/^[a-z]/.test(element)) return text.toLowerCase();
  if (/^[A-Z][A-Z.]/.test(element)) return text.toUpperCase();
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

interface Fields {
  year?: number;
  month?: number;
  day?: number;
  ofYear?: number;
  hour?: number;
  hour12?: number;
  pm?: boolean;
  minute?: number;
  second?: number;
  micros?: bigint;
  offsetHours?: number;
  offsetMinutes?: number;
}

/** What stands for an element in the text, and where its value goes. */
const PARSERS: Readonly<Record<string, [string, (text: string, fields: Fields) => void]>> = {
  YYYY: [
    '\\d{1,5}',
    (text, fields) => {
      fields.year = Number(text);
    },
  ],
  RRRR: [
    '\\d{1,4}',
    (text, fields) => {
      fields.year = Number(text);
    },
  ],
  YYY: [
    '\\d{1,3}',
    (text, fields) => {
      fields.year = thisYear(text, 1000);
    },
  ],
  YY: [
    '\\d{1,2}',
    (text, fields) => {
      fields.year = thisYear(text, 100);
    },
  ],
  RR: [
    '\\d{1,2}',
    (text, fields) => {
      fields.year = Number(text) + (Number(text) < 50 ? 2000 : 1900);
    },
  ],
  Y: [
    '\\d',
    (text, fields) => {
      fields.year = thisYear(text, 10);
    },
  ],
  'Y,YYY': [
    '\\d{1,2},\\d{3}',
    (text, fields) => {
      fields.year = Number(text.replace(',', ''));
    },
  ],
  MM: [
    '\\d{1,2}',
    (text, fields) => {
      fields.month = Number(text);
    },
  ],
  MON: [
    '[a-z]{3}',
    (text, fields) => {
      fields.month = monthNamed(text, 3);
    },
  ],
  MONTH: [
    '[a-z]+',
    (text, fields) => {
      fields.month = monthNamed(text, 20);
    },
  ],
  DD: [
    '\\d{1,2}',
    (text, fields) => {
      fields.day = Number(text);
    },
  ],
  DDD: [
    '\\d{1,3}',
    (text, fields) => {
      fields.ofYear = Number(text);
    },
  ],
  HH24: [
    '\\d{1,2}',
    (text, fields) => {
      fields.hour = Number(text);
    },
  ],
  HH: [
    '\\d{1,2}',
    (text, fields) => {
      fields.hour12 = Number(text);
    },
  ],
  HH12: [
    '\\d{1,2}',
    (text, fields) => {
      fields.hour12 = Number(text);
    },
  ],
  MI: [
    '\\d{1,2}',
    (text, fields) => {
      fields.minute = Number(text);
    },
  ],
  SS: [
    '\\d{1,2}',
    (text, fields) => {
      fields.second = Number(text);
    },
  ],
  AM: [
    '[ap]m',
    (text, fields) => {
      fields.pm = /^p/i.test(text);
    },
  ],
  PM: [
    '[ap]m',
    (text, fields) => {
      fields.pm = /^p/i.test(text);
    },
  ],
  'A.M.': [
    '[ap]\\.m\\.',
    (text, fields) => {
      fields.pm = /^p/i.test(text);
    },
  ],
  'P.M.': [
    '[ap]\\.m\\.',
    (text, fields) => {
      fields.pm = /^p/i.test(text);
    },
  ],
  TZH: [
    '[-+ ]?\\d{1,2}',
    (text, fields) => {
      fields.offsetHours = Number(text);
    },
  ],
  TZM: [
    '\\d{1,2}',
    (text, fields) => {
      fields.offsetMinutes = Number(text);
    },
  ],
};

function thisYear(text: string, modulus: number): number {
  const now = new Date().getUTCFullYear();
  return now - (now % modulus) + Number(text);
}

function monthNamed(text: string, length: number): number {
  const wanted = text.toLowerCase();
  return MONTH_NAMES.findIndex((name) => name.slice(0, length).toLowerCase() === wanted) + 1;
}

/** Without a year and a month the value is on the first day of the present month. */
export function parseByModel(text: string, model: string, kind: string, zone = 'UTC'): bigint {
  const setters: ((found: string, fields: Fields) => void)[] = [];
  const pattern = elementsOf(model, kind).map((element) => {
    const upper = element.toUpperCase();
    if (element.startsWith('"')) return literal(element.slice(1, -1));
    if (/^FF\d$/.test(upper)) {
      setters.push((found, fields) => {
        fields.micros = BigInt(found.slice(0, 6).padEnd(6, '0'));
      });
      return '(\\d{1,9})';
    }
    const parser = Object.hasOwn(PARSERS, upper) ? PARSERS[upper] : undefined;
    if (parser === undefined) {
      if (/^[-./,'; :\s]$/.test(element)) return /\s/.test(element) ? '\\s+' : literal(element);
      throw unsupported(element);
    }
    setters.push(parser[1]);
    return `(${parser[0]})`;
  });
  const match = new RegExp(`^\\s*${pattern.join('')}\\s*$`, 'i').exec(text);
  if (match === null)
    throw new Error(`Failed to parse input string "${text}" with the format "${model}"`);
  const fields: Fields = {};
  setters.forEach((set, index) => {
    set(match[index + 1] ?? '', fields);
  });
  return combine(fields, zone);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function combine(fields: Fields, zone: string): bigint {
  const now = new Date();
  const year = fields.year ?? now.getUTCFullYear();
  const month = fields.month ?? (fields.year === undefined ? now.getUTCMonth() + 1 : 1);
  const days =
    fields.ofYear === undefined
      ? daysOf(year, month, fields.day ?? 1)
      : firstDay(year) + fields.ofYear - 1;
  const { hour12, pm } = fields;
  const hour = hour12 === undefined ? (fields.hour ?? 0) : (hour12 % 12) + (pm ? 12 : 0);
  const [minute, second] = [fields.minute ?? 0, fields.second ?? 0];
  if (days === undefined || hour > 23 || minute > 59 || second > 59)
    throw new Error('Invalid date or time');
  const clock = BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n + (fields.micros ?? 0n);
  const civil = BigInt(days) * DAY_MICROS + clock;
  if (fields.offsetHours === undefined) return toInstant(civil, zone);
  const sign = fields.offsetHours < 0 ? -1 : 1;
  return civil - BigInt(fields.offsetHours * 60 + sign * (fields.offsetMinutes ?? 0)) * 60_000_000n;
}
