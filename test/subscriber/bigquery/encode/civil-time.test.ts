import { describe, expect, it } from 'vitest';
import {
  parseDate,
  parseDatetime,
  parseTime,
  parseTimestamp,
} from '../../../../subscriber/bigquery/encode/civil-time.ts';

const CLOCK = String.raw`(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?`;
const ZONE = String.raw` ?(Z|z|UTC|[+-]\d{2}(?::?\d{2})?)`;
const DATE = String.raw`(\d{4})-(\d{2})-(\d{2})`;
const timestamp = new RegExp(`^${DATE}(?:[Tt ]${CLOCK}(?:${ZONE})?)?$`);

/** The slow way, by a pattern and Date: microseconds since 1970. */
function slowly(text: string): bigint | undefined {
  const match = timestamp.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits) => Number(digits ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (year < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const zone = /^([+-])(\d{2}):?(\d{2})?$/.exec(match[8] ?? '');
  const [, sign, hours = '0', minutes = '0'] = zone ?? [];
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  const ms = date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000;
  if (ms < Date.parse('0001-01-01T00:00:00Z') || ms > Date.parse('9999-12-31T23:59:59Z'))
    return undefined;
  return BigInt(ms) * 1000n + BigInt((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
}

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}

describe('a time, read digit by digit', () => {
  it('is every day from 0001 to 9999, as Date counts them', () => {
    for (let day = -719_162; day <= 2_932_896; day += 13) {
      const text = new Date(day * 86_400_000).toISOString().slice(0, 10);
      if (parseDate(text) !== day) expect.fail(`${text}: ${parseDate(text)}`);
    }
  });

  it('is what a pattern and Date make of it, whatever a few changes make of the text', () => {
    const next = random(5);
    const originals = [
      '2026-11-21T11:00:49.892Z',
      '2026-11-21 11:00:49.892123456+05:30',
      '9999-12-31T23:59:59.999999Z',
      '2000-02-29T00:00',
      '1900-02-28 23:59:59 UTC',
      '2024-02-29',
      '0001-01-01T08:00:00+08',
      '1684-07-28T00:12:25.259008-0030',
      '2255-06-05t23:47:34.740992z',
    ];
    const spare = '0123456789-:.TtZz +UC';
    let read = 0;
    for (let round = 0; round < 50_000; round++) {
      let text = originals[next(originals.length)] ?? '';
      for (let change = next(4); change > 0; change--) {
        const at = next(text.length + 1);
        const piece = next(3) === 0 ? '' : (spare[next(spare.length)] ?? '');
        text = text.slice(0, at) + piece + text.slice(at + next(2));
      }
      // A number alone is read as seconds or milliseconds.
      if (/^-?\d+(\.\d+)?$/.test(text)) continue;
      const expected = slowly(text);
      if (expected !== undefined) read++;
      const instant = parseTimestamp(text);
      if (String(instant) !== String(expected)) expect.fail(`${text}: ${instant}, not ${expected}`);
    }
    // Both kinds were among them.
    expect(read).toBeGreaterThan(5000);
    expect(read).toBeLessThan(45_000);
  });

  it('is exact where a number would not be', () => {
    expect(parseTimestamp('9999-12-31T23:59:59.999999Z')).toBe(253_402_300_799_999_999n);
    expect(parseTimestamp('2026-01-02T03:04:05.000001Z')).toBe(1_767_323_045_000_001);
  });
});

describe('a part of a time', () => {
  it.each([
    '',
    '12',
    '12:3',
    '12:34:',
    '12:34:5',
    '12:34:56.',
    '24:00',
    '12:60',
    '12:34:56.7x',
    '1234',
  ])('is not %j', (text) => {
    expect(parseTime(text)).toBeUndefined();
    expect(parseDatetime(`2026-01-02T${text}`)).toBeUndefined();
  });

  it.each(['2026-01-02Z', '2026-01-02T', '2026-01-02T03:04:05Z', '2026-01-02x03:04', '2026-13-02'])(
    'of a civil date and time is not %j',
    (text) => {
      expect(parseDatetime(text)).toBeUndefined();
    },
  );
});
