/** The offset of a zone from UTC, in microseconds, at an instant. Throws for a zone that is unknown. */
export function offsetAt(zone: string, instant: bigint): bigint {
  const fixed = fixedOffset(zone);
  return fixed ?? namedOffset(zone, Number(instant / 1000n));
}

function fixedOffset(zone: string): bigint | undefined {
  if (/^(?:utc|z|gmt|etc\/utc)$/i.test(zone)) return 0n;
  const match = /^(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(zone);
  if (match === null) return undefined;
  const [hours, minutes] = [Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 14 || minutes > 59) throw new Error(`Invalid time zone: ${zone}`);
  const size = BigInt(hours * 60 + minutes) * 60_000_000n;
  return match[1] === '-' ? -size : size;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** Offsets by quarter of an hour: no zone changes within one. */
const known = new Map<string, bigint>();

function namedOffset(zone: string, ms: number): bigint {
  const quarter = Math.floor(ms / 900_000);
  const key = `${zone} ${quarter}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const offset = readOffset(zone, quarter * 900_000);
  if (known.size > 50_000) known.clear();
  known.set(key, offset);
  return offset;
}

function readOffset(zone: string, ms: number): bigint {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const date = new Date(0);
  date.setUTCFullYear(parts['year'] ?? 1970, (parts['month'] ?? 1) - 1, parts['day'] ?? 1);
  date.setUTCHours((parts['hour'] ?? 0) % 24, parts['minute'] ?? 0, parts['second'] ?? 0);
  // The era is not shown, so years before 1 are not told apart; BigQuery has none.
  return BigInt(date.getTime() - ms) * 1000n;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const found = formats.get(zone);
  if (found !== undefined) return found;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, made);
    return made;
  } catch (cause) {
    throw new Error(`Invalid time zone: ${zone}`, { cause });
  }
}

export function toCivil(instant: bigint, zone: string): bigint {
  return instant + offsetAt(zone, instant);
}

/** A civil time that a change of the clock skips moves forward; one that it repeats is the first. */
export function toInstant(civil: bigint, zone: string): bigint {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return civil - fixed;
  const before = offsetAt(zone, civil - 86_400_000_000n);
  const first = civil - before;
  if (offsetAt(zone, first) === before) return first;
  const after = offsetAt(zone, civil + 86_400_000_000n);
  const second = civil - after;
  return offsetAt(zone, second) === after ? second : first;
}

/** `+05:30` or `-08`, as a TIMESTAMP's text ends. */
export function offsetText(offset: bigint): string {
  const minutes = Number(offset / 60_000_000n);
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60];
  const sign = minutes < 0 ? '-' : '+';
  const two = (value: number) => String(value).padStart(2, '0');
  return `${sign}${two(hours)}${rest === 0 ? '' : `:${two(rest)}`}`;
}
