import { civilOf, firstDay, isoWeek, splitMicros, weekday } from './civil.ts';
import { timeText, two } from './date-text.ts';
import { offsetAt } from './zones.ts';

export const DAY_NAMES: readonly string[] = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];
export const MONTH_NAMES: readonly string[] =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

/** What the elements of a format read. */
interface Moment {
  civil: bigint;
  /** Undefined unless the value is a TIMESTAMP. */
  zone?: { name: string; instant: bigint };
}

type ElementKind = 'date' | 'time' | 'datetime' | 'timestamp';

const DATE_ELEMENTS = 'AaBbhCDdeFGgJjmQUuVWwxYy';
const TIME_ELEMENTS = 'HIklMPpRSTXs';

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements */
export function strftime(format: string, moment: Moment, kind: ElementKind): string {
  return format.replace(/%(?:E(?:[zZYS]|\*S|\d[SY]))|%[\s\S]?/g, (element) => {
    const letter = element.length > 2 ? element.slice(1) : element.slice(1);
    if (letter === '') return '%';
    if (!applies(letter, kind)) return element;
    return write(letter, moment) ?? element;
  });
}

/** An element of a part that the type lacks is printed as it is. */
function applies(letter: string, kind: ElementKind): boolean {
  if (kind === 'date') return !TIME_ELEMENTS.includes(letter) && !/^(?:E[*\d]S|c)$/.test(letter);
  if (kind === 'time') return !DATE_ELEMENTS.includes(letter) && !/^(?:E\dY|c)$/.test(letter);
  return true;
}

function write(letter: string, moment: Moment): string | undefined {
  const { days, ofDay } = splitMicros(moment.civil);
  return (
    writeDate(letter, days) ??
    writeTime(letter, ofDay, moment) ??
    writeZone(letter, moment) ??
    PLAIN[letter]
  );
}

const PLAIN: Readonly<Record<string, string>> = { n: '\n', t: '\t', '%': '%' };

function writeDate(letter: string, days: number): string | undefined {
  const { year, month, day } = civilOf(days);
  const ofWeek = weekday(days);
  const ofYear = days - firstDay(year);
  const padded = (value: number, width: number) => String(value).padStart(width, '0');
  switch (letter) {
    case 'A':
      return DAY_NAMES[ofWeek];
    case 'a':
      return DAY_NAMES[ofWeek]?.slice(0, 3);
    case 'B':
      return MONTH_NAMES[month - 1];
    case 'b':
    case 'h':
      return MONTH_NAMES[month - 1]?.slice(0, 3);
    case 'C':
      return two(Math.floor(year / 100));
    case 'D':
    case 'x':
      return `${two(month)}/${two(day)}/${two(year % 100)}`;
    case 'd':
      return two(day);
    case 'e':
      return String(day).padStart(2, ' ');
    case 'F':
      return `${year}-${two(month)}-${two(day)}`;
    case 'G':
      return String(isoWeek(days).year);
    case 'g':
      return two(isoWeek(days).year % 100);
    case 'J':
      return padded(days - (days - ((ofWeek + 6) % 7) - (isoWeek(days).week - 1) * 7) + 1, 3);
    case 'j':
      return padded(ofYear + 1, 3);
    case 'm':
      return two(month);
    case 'Q':
      return String(Math.floor((month - 1) / 3) + 1);
    case 'U':
      return two(Math.floor((ofYear + 7 - ofWeek) / 7));
    case 'u':
      return String(ofWeek === 0 ? 7 : ofWeek);
    case 'V':
      return two(isoWeek(days).week);
    case 'W':
      return two(Math.floor((ofYear + 7 - ((ofWeek + 6) % 7)) / 7));
    case 'w':
      return String(ofWeek);
    case 'Y':
      return String(year);
    case 'E4Y':
      return padded(year, 4);
    case 'y':
      return two(year % 100);
    default:
      return undefined;
  }
}

function writeTime(letter: string, ofDay: bigint, moment: Moment): string | undefined {
  const [hour, minute, second] = [
    Number(ofDay / 3_600_000_000n),
    Number((ofDay / 60_000_000n) % 60n),
    Number((ofDay / 1_000_000n) % 60n),
  ];
  const half = hour % 12 === 0 ? 12 : hour % 12;
  const digits = String(ofDay % 1_000_000n).padStart(6, '0');
  switch (letter) {
    case 'H':
      return two(hour);
    case 'I':
      return two(half);
    case 'k':
      return String(hour).padStart(2, ' ');
    case 'l':
      return String(half).padStart(2, ' ');
    case 'M':
      return two(minute);
    case 'P':
      return hour < 12 ? 'am' : 'pm';
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'R':
      return `${two(hour)}:${two(minute)}`;
    case 'S':
      return two(second);
    case 'T':
    case 'X':
      return timeText(ofDay - (ofDay % 1_000_000n));
    case 's': {
      const micros = moment.zone?.instant ?? moment.civil;
      return String((micros - (((micros % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n);
    }
    case 'c': {
      const { days } = splitMicros(moment.civil);
      const parts = ['a', 'b', 'e'].map((each) => writeDate(each, days));
      return `${parts.join(' ')} ${writeTime('T', ofDay, moment)} ${writeDate('Y', days)}`;
    }
    case 'E*S': {
      const fraction = digits.replace(/0+$/, '');
      return `${two(second)}${fraction === '' ? '' : `.${fraction}`}`;
    }
  }
  const places = /^E(\d)S$/.exec(letter)?.[1];
  if (places === undefined) return undefined;
  const fraction = digits.padEnd(9, '0').slice(0, Number(places));
  return `${two(second)}${fraction === '' ? '' : `.${fraction}`}`;
}

function writeZone(letter: string, moment: Moment): string | undefined {
  if (letter !== 'z' && letter !== 'Ez' && letter !== 'Z') return undefined;
  if (moment.zone === undefined) return undefined;
  const { name, instant } = moment.zone;
  const minutes = Number(offsetAt(name, instant) / 60_000_000n);
  const [sign, size] = [minutes < 0 ? '-' : '+', Math.abs(minutes)];
  const [hours, rest] = [Math.floor(size / 60), size % 60];
  if (letter === 'z') return `${sign}${two(hours)}${two(rest)}`;
  if (letter === 'Ez') return `${sign}${two(hours)}:${two(rest)}`;
  if (minutes === 0) return 'UTC';
  return `UTC${sign}${hours}${rest === 0 ? '' : `:${two(rest)}`}`;
}
