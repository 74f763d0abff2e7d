import { DAY_MICROS, daysOf, firstDay, floorDivide, isoYearStart, weekday } from './civil.ts';
import { DAY_NAMES, MONTH_NAMES } from './strftime.ts';
import { toInstant } from './zones.ts';

interface Parsed {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  micros: bigint;
  half?: 'am' | 'pm';
  hour12?: number;
  century?: number;
  shortYear?: number;
  ofYear?: number;
  week?: { start: 0 | 1; number: number };
  ofWeek?: number;
  isoYear?: number;
  isoWeek?: number;
  offset?: bigint;
  zone?: string;
  seconds?: bigint;
}

/** Microseconds of the parsed text: of a civil time, or of an instant if `zone` is given. */
export function strptime(format: string, text: string, zone?: string): bigint {
  const parsed: Parsed = {
    year: 1970,
    month: 1,
    day: 1,
    hour: 0,
    minute: 0,
    second: 0,
    micros: 0n,
  };
  const scanner = new Scanner(text);
  for (const [element] of format.matchAll(/%(?:E(?:[zZY]|\*S|\d[SY]))|%[\s\S]|\s+|[^%\s]/g)) {
    if (/^\s+$/.test(element)) scanner.skipSpace();
    else if (!element.startsWith('%')) scanner.literal(element);
    else readElement(element.slice(1), scanner, parsed);
  }
  scanner.skipSpace();
  if (!scanner.done) throw failed(format, text);
  return combine(parsed, zone);
}

function failed(format: string, text: string): Error {
  return new Error(`Failed to parse input string "${text}" with the format "${format}"`);
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  literal(char: string): void {
    if (this.#text[this.#at] !== char) throw this.error(char);
    this.#at += 1;
  }

  match(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, 'iy');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  number(digits: number, low: number, high: number): number {
    this.skipSpace();
    const found = this.match(new RegExp(`\\d{1,${digits}}`));
    const value = Number(found);
    if (found === undefined || value < low || value > high) throw this.error('a number');
    return value;
  }

  /** The index of the name that comes next, whole or with three letters. */
  name(names: readonly string[]): number {
    this.skipSpace();
    for (const length of [Number.POSITIVE_INFINITY, 3]) {
      const index = names.findIndex((name) => {
        const wanted = name.slice(0, length).toLowerCase();
        return this.#text.slice(this.#at, this.#at + wanted.length).toLowerCase() === wanted;
      });
      if (index < 0) continue;
      this.#at += Math.min(length, names[index]?.length ?? 0);
      return index;
    }
    throw this.error('a name');
  }

  error(wanted: string): Error {
    return new Error(`Failed to parse input string "${this.#text}": expected ${wanted}`);
  }
}

/** Elements that stand for several others. */
const COMPOSED: Readonly<Record<string, string>> = {
  D: '%m/%d/%y',
  x: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  c: '%a %b %e %H:%M:%S %Y',
};

function readElement(letter: string, scanner: Scanner, parsed: Parsed): void {
  const composed = Object.hasOwn(COMPOSED, letter) ? COMPOSED[letter] : undefined;
  if (composed !== undefined) {
    for (const [part] of composed.matchAll(/%.|[^%]/g)) {
      if (part === ' ') scanner.skipSpace();
      else if (part.startsWith('%')) readElement(part.slice(1), scanner, parsed);
      else scanner.literal(part);
    }
    return;
  }
  const read = READERS[letter] ?? (/^E[*\d]S$/.test(letter) ? READERS['E*S'] : undefined);
  if (read === undefined) throw new Error(`Unsupported format element: %${letter}`);
  read(scanner, parsed);
}

type Reader = (scanner: Scanner, parsed: Parsed) => void;
type NumberField = {
  [Name in keyof Parsed]-?: number extends Parsed[Name] ? Name : never;
}[keyof Parsed];

/** Reads a number of at most so many digits, from `least` to `most`. */
function number(field: NumberField, digits: number, least: number, most: number): Reader {
  return (scanner, parsed) => {
    parsed[field] = scanner.number(digits, least, most);
  };
}

const readDayName: Reader = (scanner, parsed) => {
  parsed.ofWeek = scanner.name(DAY_NAMES);
};
const readMonthName: Reader = (scanner, parsed) => {
  parsed.month = scanner.name(MONTH_NAMES) + 1;
};
const skipSpace: Reader = (scanner) => scanner.skipSpace();

const READERS: Readonly<Record<string, Reader>> = {
  A: readDayName,
  a: readDayName,
  B: readMonthName,
  b: readMonthName,
  h: readMonthName,
  C: number('century', 2, 0, 99),
  d: number('day', 2, 1, 31),
  e: number('day', 2, 1, 31),
  G: number('isoYear', 4, 1, 9999),
  g: (scanner, parsed) => {
    const short = scanner.number(2, 0, 99);
    parsed.isoYear = short + (short < 69 ? 2000 : 1900);
  },
  H: number('hour', 2, 0, 23),
  k: number('hour', 2, 0, 23),
  I: number('hour12', 2, 1, 12),
  l: number('hour12', 2, 1, 12),
  j: number('ofYear', 3, 1, 366),
  M: number('minute', 2, 0, 59),
  m: number('month', 2, 1, 12),
  n: skipSpace,
  t: skipSpace,
  '%': (scanner) => scanner.literal('%'),
  P: readHalf,
  p: readHalf,
  Q: (scanner, parsed) => {
    parsed.month = (scanner.number(1, 1, 4) - 1) * 3 + 1;
  },
  S: number('second', 2, 0, 60),
  'E*S': (scanner, parsed) => {
    parsed.second = scanner.number(2, 0, 60);
    const fraction = scanner.match(/\.\d+/) ?? scanner.match(/\./);
    parsed.micros = BigInt((fraction ?? '.').slice(1, 7).padEnd(6, '0'));
  },
  s: (scanner, parsed) => {
    const found = scanner.match(/[+-]?\d+/);
    if (found === undefined) throw scanner.error('a number of seconds');
    parsed.seconds = BigInt(found);
  },
  U: (scanner, parsed) => {
    parsed.week = { start: 0, number: scanner.number(2, 0, 53) };
  },
  W: (scanner, parsed) => {
    parsed.week = { start: 1, number: scanner.number(2, 0, 53) };
  },
  u: (scanner, parsed) => {
    parsed.ofWeek = scanner.number(1, 1, 7) % 7;
  },
  w: number('ofWeek', 1, 0, 6),
  V: number('isoWeek', 2, 1, 53),
  Y: (scanner, parsed) => {
    parsed.year = scanner.number(4, 1, 9999);
    delete parsed.shortYear;
  },
  E4Y: number('year', 4, 1, 9999),
  y: number('shortYear', 2, 0, 99),
  z: readOffset,
  Ez: readOffset,
  Z: (scanner, parsed) => {
    const found = scanner.match(/[A-Za-z]+(?:\/[\w+-]+)*|[+-]\d{1,2}(?::?\d{2})?/);
    if (found === undefined) throw scanner.error('a time zone');
    parsed.zone = found;
  },
};

function readHalf(scanner: Scanner, parsed: Parsed): void {
  const found = scanner.match(/[ap]m/)?.toLowerCase();
  if (found !== 'am' && found !== 'pm') throw scanner.error('AM or PM');
  parsed.half = found;
}

function readOffset(scanner: Scanner, parsed: Parsed): void {
  const found = scanner.match(/Z|[+-]\d{2}:?\d{2}|[+-]\d{1,2}/);
  if (found === undefined) throw scanner.error('an offset');
  const digits = found.replace(/\D/g, '');
  const minutes =
    found === 'Z' ? 0 : Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0);
  parsed.offset = BigInt(found.startsWith('-') ? -minutes : minutes) * 60_000_000n;
}

function combine(parsed: Parsed, zone: string | undefined): bigint {
  if (parsed.seconds !== undefined) {
    return parsed.seconds * 1_000_000n + parsed.micros;
  }
  const civil = BigInt(readDay(parsed)) * DAY_MICROS + readClock(parsed);
  if (zone === undefined) return civil;
  if (parsed.offset !== undefined) return civil - parsed.offset;
  return toInstant(civil, parsed.zone ?? zone);
}

function readClock({ hour, hour12, half, minute, second, micros }: Parsed): bigint {
  let hours = hour;
  if (hour12 !== undefined) hours = half === 'pm' ? (hour12 % 12) + 12 : hour12 % 12;
  if (hour12 !== undefined && half === undefined) hours = hour12;
  return BigInt(hours * 3600 + minute * 60 + second) * 1_000_000n + micros;
}

function readDay(parsed: Parsed): number {
  const { month, day, ofYear, week, ofWeek, isoYear, isoWeek } = parsed;
  let { year } = parsed;
  if (parsed.shortYear !== undefined) {
    const short = parsed.shortYear;
    year =
      parsed.century === undefined
        ? short + (short < 69 ? 2000 : 1900)
        : parsed.century * 100 + short;
  } else if (parsed.century !== undefined) year = parsed.century * 100 + (year % 100);
  if (isoYear !== undefined || isoWeek !== undefined) {
    const monday = isoYearStart(isoYear ?? year) + ((isoWeek ?? 1) - 1) * 7;
    return monday + (((ofWeek ?? 1) + 6) % 7);
  }
  if (ofYear !== undefined) return firstDay(year) + ofYear - 1;
  if (week !== undefined) {
    const first = firstDay(year);
    const start = first + ((week.start - weekday(first) + 7) % 7);
    return start + (week.number - 1) * 7 + (((ofWeek ?? week.start) - week.start + 7) % 7);
  }
  const days = daysOf(year, month, day);
  if (days === undefined) throw new Error(`Invalid date: ${year}-${month}-${day}`);
  return days;
}

/** The day of a parsed civil time. */
export function dayOf(micros: bigint): number {
  return Number(floorDivide(micros, DAY_MICROS));
}
