/** The parts of a time as the text has them. They are not checked: the day may not exist. */
export interface TimeParts {
  year: number;
  month: number;
  day: number;
  /** Undefined if the text is only a day. */
  clock?: ClockParts | undefined;
  /** In seconds east of UTC; undefined if the text names no zone, infinite if there is no such zone. */
  offset?: number | undefined;
}

export interface ClockParts {
  hour: number;
  minute: number;
  second: number;
  /** The digits of the fraction of a second. */
  fraction: string;
}

/** No spelling of a time is longer. */
const maxLength = 100;

const DATE = String.raw`(\d{4})(?:([-/])(\d{1,2})\2(\d{1,2})|(\d\d)(\d\d))`;
const CLOCK = String.raw`(\d{1,2})(?::(\d\d)(?::(\d\d))?|(\d\d)(\d\d)?)?(?:[.,](\d+))?(?: ?([AaPp])\.?[Mm]\.?)?`;
const OFFSET = String.raw`([-+\u2212])(\d\d)(?::?(\d\d))?`;
/** The name in brackets is from RFC 9557; the offset before it already gives the time. */
const ZONE = String.raw` ?(?!\[)(?:Z|UTC?|GMT)?(?:${OFFSET})?(?:\[[\w/+-]+\])?`;
const isoTime = new RegExp(`^${DATE}(?:(?:[Tt] ?| +)${CLOCK}(${ZONE})?)?$`, 'i');
const clockAlone = new RegExp(`^${CLOCK}$`);
const offsetAlone = new RegExp(`^(?:UTC?|GMT)?${OFFSET}$`, 'i');
const jsonDate = /^\/Date\((-?\d{1,17})(?:[+-]\d{4})?\)\/$/;

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const monthNames =
  /^(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)\.?$/i;
const dayNames =
  /^(mon(day)?|tue(s|sday)?|wed(nesday)?|thu(r|rs|rsday)?|fri(day)?|sat(urday)?|sun(day)?)\.?$/i;

/** RFC 2822, section 4.3, in hours east of UTC. */
const zoneNames: Readonly<Record<string, number>> = {
  z: 0,
  ut: 0,
  utc: 0,
  gmt: 0,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
};

/** Milliseconds since 1970, from `/Date(1700000000000)/`. An offset that follows does not change the time. */
export function readJsonDate(text: string): number | undefined {
  const digits = jsonDate.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Reads ISO 8601 in its basic and extended forms, also with a comma, a space for the T, or slashes; and spellings
 * with an English name of the month in any order: RFC 1123 and 2822, asctime, JavaScript's and Twitter's.
 */
export function readTimeParts(text: string): TimeParts | undefined {
  if (text.length > maxLength) return undefined;
  return readIso(text) ?? readWords(text);
}

function readIso(text: string): TimeParts | undefined {
  const match = isoTime.exec(text);
  if (!match) return undefined;
  const [, year, , month = match[5], day = match[6], , , hour] = match;
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  if (hour === undefined) return date;
  const [zone, sign, hours, minutes] = match.slice(14);
  const offset = zone ? offsetOf(sign, hours, minutes) : undefined;
  return { ...date, clock: clockOf(match.slice(7, 14)), offset };
}

/** `hh:mm[:ss[.f…]]`, also with AM or PM. */
export function readClock(text: string): ClockParts | undefined {
  const match = text.length > maxLength ? null : clockAlone.exec(text);
  return match && /:|m\.?$/i.test(text) ? clockOf(match.slice(1)) : undefined;
}

function clockOf(groups: readonly (string | undefined)[]): ClockParts {
  const [hour, minute, second, basicMinute, basicSecond, fraction = '', half] = groups;
  return {
    hour: half === undefined ? Number(hour) : hourOfDay(Number(hour), half),
    minute: Number(minute ?? basicMinute ?? 0),
    second: Number(second ?? basicSecond ?? 0),
    fraction,
  };
}

/** From a 12-hour clock; NaN if it has no such hour. */
function hourOfDay(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return Number.NaN;
  return (hour % 12) + (/p/i.test(half) ? 12 : 0);
}

/** Zero for a mere name of UTC. */
function offsetOf(sign?: string, hours = '0', minutes = '0'): number {
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.POSITIVE_INFINITY;
  const seconds = Number(hours) * 3600 + Number(minutes) * 60;
  return sign === undefined || sign === '+' ? seconds : -seconds;
}

function readWords(text: string): TimeParts | undefined {
  const words = text
    .replace(/\s*\([^()]*\)$/, '')
    .replace(/\b(\d{1,2})-([a-z]{3,9})-(\d\d|\d{4})\b/i, '$1 $2 $3')
    .replace(/(\d) ([AP])\.?M\.?\b/i, '$1$2M')
    .split(/[\s,]+/);
  const parts: Partial<TimeParts> = {};
  for (const [index, word] of words.entries()) {
    if (index === 0 && dayNames.test(word)) continue;
    if (!takeWord(word, parts)) return undefined;
  }
  const { year, month, day } = parts;
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return { ...parts, year, month, day };
}

/** Takes each part once; false for any other word. */
function takeWord(word: string, parts: Partial<TimeParts>): boolean {
  const take = <Name extends keyof TimeParts>(name: Name, value: TimeParts[Name]) => {
    if (parts[name] !== undefined) return false;
    parts[name] = value;
    return true;
  };
  if (monthNames.test(word))
    return take('month', months.indexOf(word.slice(0, 3).toLowerCase()) + 1);
  if (/^\d{4}$/.test(word)) return take('year', Number(word));
  if (/^\d{1,2}$/.test(word)) {
    return parts.day === undefined ? take('day', Number(word)) : take('year', fullYear(word));
  }
  const clock = readClock(word);
  if (clock) return take('clock', clock);
  const zone = zoneNames[word.toLowerCase()];
  if (zone !== undefined) return take('offset', zone * 3600);
  const offset = offsetAlone.exec(word);
  return offset ? take('offset', offsetOf(offset[1], offset[2], offset[3])) : false;
}

/** RFC 2822, section 4.3: years of two digits from 50 to 99 are of the last century. */
function fullYear(digits: string): number {
  return Number(digits) + (Number(digits) < 50 ? 2000 : 1900);
}
