/** Civil dates and times in BigQuery's text forms. Microseconds are bigints. */

const DAY_MS = 86_400_000;
const DATE = String.raw`(\d{4})-(\d{1,2})-(\d{1,2})`;
const CLOCK = String.raw`(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,6})\d*)?)?`;
const ZONE = String.raw`(Z|UTC|[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]+(?:/[A-Za-z_+-]+\d*)*)`;
const DATE_ONLY = new RegExp(`^${DATE}$`);
const TIME_ONLY = new RegExp(`^${CLOCK}$`);
const DATE_TIME = new RegExp(`^${DATE}(?:[Tt ]\\s*${CLOCK})?$`);
const DATE_TIME_ZONE = new RegExp(`^${DATE}(?:[Tt ]\\s*${CLOCK})?\\s*${ZONE}?$`, 'i');

/** Days since 1970-01-01, or undefined if the text is not a date. */
export function parseDate(text: string): number | undefined {
  const match = DATE_ONLY.exec(text);
  return match === null ? undefined : days(match[1], match[2], match[3]);
}

/** Microseconds since midnight. */
export function parseTime(text: string): bigint | undefined {
  const match = TIME_ONLY.exec(text);
  return match === null ? undefined : clock(match[1], match[2], match[3], match[4]);
}

/** Microseconds since 1970-01-01T00:00:00 of a text without a zone. */
export function parseDateTime(text: string): bigint | undefined {
  const match = DATE_TIME.exec(text);
  return match === null ? undefined : civilMicros(match);
}

/** Microseconds since the epoch. A text without a zone is in UTC. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = DATE_TIME_ZONE.exec(text);
  if (match === null) return undefined;
  const civil = civilMicros(match);
  if (civil === undefined) return undefined;
  const offset = zoneOffset(match[8], civil);
  return offset === undefined ? undefined : civil - offset;
}

export function formatDate(epochDays: number): string {
  const date = new Date(epochDays * DAY_MS);
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${year}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

export function formatTime(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const fraction = Number(micros % 1_000_000n);
  const text = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, '0')}`;
}

/** As `2020-01-02T03:04:05.000006`, without a fraction of zero. */
export function formatDateTime(micros: bigint): string {
  const day = 86_400_000_000n;
  const ofDay = ((micros % day) + day) % day;
  return `${formatDate(Number((micros - ofDay) / day))}T${formatTime(ofDay)}`;
}

type Group = string | undefined;

function days(year: Group, month: Group, day: Group): number | undefined {
  const date = new Date(0);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const exists = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return exists && Number(year) >= 1 ? date.getTime() / DAY_MS : undefined;
}

function clock(hour: Group, minute: Group, second: Group, fraction: Group): bigint | undefined {
  const [h, m, s] = [Number(hour), Number(minute), Number(second ?? 0)];
  if (h > 23 || m > 59 || s > 59) return undefined;
  return BigInt(h * 3600 + m * 60 + s) * 1_000_000n + BigInt((fraction ?? '').padEnd(6, '0'));
}

function civilMicros(match: RegExpExecArray): bigint | undefined {
  const date = days(match[1], match[2], match[3]);
  const time = match[4] === undefined ? 0n : clock(match[4], match[5], match[6], match[7]);
  if (date === undefined || time === undefined) return undefined;
  return BigInt(date) * 86_400_000_000n + time;
}

/** Microseconds east of UTC of a zone at a civil time. */
function zoneOffset(zone: Group, civil: bigint): bigint | undefined {
  if (zone === undefined || /^(?:z|utc)$/i.test(zone)) return 0n;
  const match = /^([+-])(\d{1,2}):?(\d{2})?$/.exec(zone);
  if (match === null) return namedOffset(zone, civil);
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  if (minutes > 14 * 60) return undefined;
  return BigInt(match[1] === '-' ? -minutes : minutes) * 60_000_000n;
}

function namedOffset(zone: string, civil: bigint): bigint | undefined {
  const offsetAt = (ms: number): number => {
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
      .formatToParts(ms)
      .find((part) => part.type === 'timeZoneName')?.value;
    const match = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(parts ?? '');
    const minutes = Number(match?.[2] ?? 0) * 60 + Number(match?.[3] ?? 0);
    return (match?.[1] === '-' ? -minutes : minutes) * 60_000;
  };
  try {
    const local = Number(civil / 1000n);
    const guess = offsetAt(local);
    // The offset at the guessed instant is correct on both sides of a clock change.
    return BigInt(offsetAt(local - guess)) * 1000n;
  } catch {
    return undefined;
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
