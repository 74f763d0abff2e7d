import type { Interval } from '../define.ts';

/** `1-2 3 4:5:6.789`: years-months days hours:minutes:seconds. */
export function intervalText({ months, days, micros }: Interval): string {
  const size = Math.abs(months);
  const years = `${months < 0 ? '-' : ''}${Math.floor(size / 12)}-${size % 12}`;
  const clock = micros < 0n ? -micros : micros;
  const fraction = String(clock % 1_000_000n).padStart(6, '0');
  const digits =
    fraction === '000000' ? '' : `.${fraction.endsWith('000') ? fraction.slice(0, 3) : fraction}`;
  const time = `${clock / 3_600_000_000n}:${(clock / 60_000_000n) % 60n}:${(clock / 1_000_000n) % 60n}`;
  return `${years} ${days} ${micros < 0n ? '-' : ''}${time}${digits}`;
}

const PARTS: readonly string[] = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'];
const SEPARATORS: readonly string[] = ['-', ' ', ' ', ':', ':'];

/** `INTERVAL '1-2 3' YEAR TO DAY`: the text of the parts from one to another. */
export function parseInterval(text: string, from: string, to: string): Interval | undefined {
  const [first, last] = [PARTS.indexOf(from), PARTS.indexOf(to)];
  if (first < 0 || last < first) return undefined;
  let pattern = '^\\s*';
  for (let part = first; part <= last; part++) {
    // Years and months share a sign, as do hours, minutes and seconds.
    const signed = part === first || part === 2 || part === 3 || part === 0;
    pattern += signed ? '([+-]?)' : '()';
    pattern += part === 5 ? '(\\d+(?:\\.\\d{0,9})?)' : '(\\d+)';
    if (part < last) pattern += SEPARATORS[part] ?? '';
  }
  const match = new RegExp(`${pattern}\\s*$`).exec(text);
  return match === null ? undefined : assemble(match, first, last);
}

function assemble(match: RegExpExecArray, first: number, last: number): Interval {
  const interval: Interval = { months: 0, days: 0, micros: 0n };
  let sign = 1;
  for (let part = first; part <= last; part++) {
    const [mark = '', digits = '0'] = match.slice((part - first) * 2 + 1, (part - first) * 2 + 3);
    if (part === first || part === 2 || part === 3) sign = mark === '-' ? -1 : 1;
    const [whole = '0', fraction = ''] = digits.split('.');
    const value = sign * Number(whole);
    if (part === 0) interval.months += value * 12;
    else if (part === 1) interval.months += value;
    else if (part === 2) interval.days += value;
    else {
      const unit = [3_600_000_000n, 60_000_000n, 1_000_000n][part - 3] ?? 1n;
      interval.micros += BigInt(value) * unit;
      if (part === 5) interval.micros += BigInt(sign) * BigInt(fraction.slice(0, 6).padEnd(6, '0'));
    }
  }
  return interval;
}

/** The text of CAST(… AS INTERVAL): the whole form, or ISO 8601. */
export function parseAnyInterval(text: string): Interval | undefined {
  for (const [from, to] of [
    ['YEAR', 'SECOND'],
    ['YEAR', 'MONTH'],
    ['YEAR', 'DAY'],
    ['DAY', 'SECOND'],
    ['HOUR', 'SECOND'],
  ] as const) {
    const found = parseInterval(text, from, to);
    if (found !== undefined) return found;
  }
  const iso =
    /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)W)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?\d+)(?:\.(\d+))?S)?)?$/.exec(
      text,
    );
  if (iso === null || text === 'P') return undefined;
  const [years, months, weeks, days, hours, minutes, seconds] = iso
    .slice(1, 8)
    .map((part) => Number(part ?? 0));
  const clock = (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
  return {
    months: (years ?? 0) * 12 + (months ?? 0),
    days: (weeks ?? 0) * 7 + (days ?? 0),
    micros: BigInt(clock) * 1_000_000n + BigInt((iso[8] ?? '').slice(0, 6).padEnd(6, '0')),
  };
}

/** ISO 8601, as JSON has it. */
export function isoInterval({ months, days, micros }: Interval): string {
  const [years, rest] = [Math.trunc(months / 12), months % 12];
  const date = `${years ? `${years}Y` : ''}${rest ? `${rest}M` : ''}${days ? `${days}D` : ''}`;
  const [hours, minutes] = [micros / 3_600_000_000n, (micros / 60_000_000n) % 60n];
  const seconds = micros % 60_000_000n;
  const size = seconds < 0n ? -seconds : seconds;
  const fraction = String(size % 1_000_000n)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const spelt = `${seconds < 0n ? '-' : ''}${size / 1_000_000n}${fraction ? `.${fraction}` : ''}S`;
  const time = `${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${seconds ? spelt : ''}`;
  return date === '' && time === '' ? 'P0Y' : `P${date}${time === '' ? '' : `T${time}`}`;
}
