/** DATETIME and TIME of the Storage Write API: as text, or packed into an int64. */

const DATETIME =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?)?$/;
const TIME = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;

const DAY_MS = 86_400_000;

/** Microseconds since 1970-01-01T00:00:00, or undefined if the text is not a DATETIME. */
export function datetimeFromText(text: string): bigint | undefined {
  const match = DATETIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  return datetime(year, month, day, hour, minute, second, micros(match[7]));
}

/** Microseconds of the day. */
export function timeFromText(text: string): bigint | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  return time(Number(match[1]), Number(match[2]), Number(match[3]), micros(match[4]));
}

/** Days since 1970-01-01. */
export function daysFromText(text: string): number | undefined {
  const match = DATE.exec(text);
  return match ? days(Number(match[1]), Number(match[2]), Number(match[3])) : undefined;
}

/**
 * Packed as year, month (4 bits), day (5), hour (5), minute (6), second (6), microsecond (20), as the
 * CivilTimeEncoder of Google's Java client packs them.
 */
export function datetimeFromPacked(packed: bigint): bigint | undefined {
  const year = Number(packed >> 46n);
  const month = bits(packed, 42n, 0xfn);
  const day = bits(packed, 37n, 0x1fn);
  return datetime(year, month, day, ...clockOf(packed));
}

export function timeFromPacked(packed: bigint): bigint | undefined {
  return packed >> 37n === 0n ? time(...clockOf(packed)) : undefined;
}

function clockOf(packed: bigint): [number, number, number, number] {
  return [
    bits(packed, 32n, 0x1fn),
    bits(packed, 26n, 0x3fn),
    bits(packed, 20n, 0x3fn),
    bits(packed, 0n, 0xfffffn),
  ];
}

function bits(packed: bigint, shift: bigint, mask: bigint): number {
  return Number((packed >> shift) & mask);
}

function datetime(
  year = 0,
  month = 0,
  day = 0,
  hour = 0,
  minute = 0,
  second = 0,
  microsecond = 0,
): bigint | undefined {
  const date = days(year, month, day);
  const clock = time(hour, minute, second, microsecond);
  if (date === undefined || clock === undefined) return undefined;
  return BigInt(date) * 86_400_000_000n + clock;
}

function time(
  hour: number,
  minute: number,
  second: number,
  microsecond: number,
): bigint | undefined {
  if (hour > 23 || minute > 59 || second > 59 || microsecond > 999_999) return undefined;
  return BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n + BigInt(microsecond);
}

function days(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists && year >= 1 && year <= 9999 ? date.getTime() / DAY_MS : undefined;
}

function micros(fraction: string | undefined): number {
  return Number((fraction ?? '').padEnd(6, '0'));
}
