import { describe, expect, it, test } from 'vitest';
import {
  readDate,
  readDatetime,
  readTime,
  readTimestamp,
} from '../../../../subscriber/bigquery/encode/time-text.ts';

const micros = (iso: string) => Date.parse(iso) * 1000;

describe('a TIMESTAMP is read in every spelling that senders have for it', () => {
  const atTen = '2026-03-02T10:00:00Z';

  it.each([
    '2026-03-02T10:00:00Z',
    '2026-03-02t10:00:00z',
    ' 2026-03-02T10:00:00Z\n',
    '2026-03-02 10:00:00 +0000',
    '2026-03-02 10:00:00 UTC',
    '2026-03-02 10:00:00 GMT',
    '2026-03-02T10:00:00-00:00',
    '2026-03-02T10:00:00\u221200:00',
    '2026-03-02T11:00:00,000+01:00',
    '2026-03-02T11:00:00+01:00[Europe/Prague]',
    '2026-03-02T10:00:00Z[UTC]',
    '2026-03-02T10Z',
    '2026-3-2 10:00:00',
    '2026/03/02 10:00:00',
    '2026-03-02 10:00:00 AM',
    '20260302T100000Z',
    '20260302T1000Z',
    '20260302T100000.000+0000',
    '20260302T160000+0600',
    'Mon, 02 Mar 2026 10:00:00 GMT',
    'Mon, 2 Mar 2026 10:00:00 +0000',
    '02 Mar 2026 10:00:00 GMT',
    '2 Mar 2026 10:00 UT',
    'Mon, 02 Mar 2026 05:00:00 EST',
    'Mon, 02 Mar 2026 02:00:00 -0800 (PST)',
    'Monday, 02-Mar-26 10:00:00 GMT',
    'Mon Mar  2 10:00:00 2026',
    'Mon Mar 02 10:00:00 +0000 2026',
    'Mon Mar 02 2026 11:00:00 GMT+0100 (Central European Standard Time)',
    '02:00:00 Mar 02, 2026 PST',
    'March 2, 2026 10:00:00 AM',
    '/Date(1772445600000)/',
    '/Date(1772445600000+0100)/',
    '1772445600',
    '1772445600.0',
    '1.7724456e9',
    '1772445600000',
    '1.7724456E+12',
  ])('%j', (text) => {
    expect(readTimestamp(text)).toBe(micros(atTen));
  });
});

test.each<[string, number]>([
  ['-1', -1_000_000],
  ['-1500.25', -1_500_250_000],
  ['-1.5e3', -1_500_000_000],
  ['+5', 5_000_000],
  ['/Date(-1)/', -1000],
  ['/Date(0)/', 0],
  ['2026-03-02T10:00:00.123456789Z', micros('2026-03-02T10:00:00.123Z') + 456],
  ['20260302T100000,5Z', micros('2026-03-02T10:00:00.500Z')],
  ['Mon, 02 Mar 2026 22:00:00.25 PST', micros('2026-03-03T06:00:00.250Z')],
  ['Sun, 06 Nov 94 08:49:37 GMT', micros('1994-11-06T08:49:37Z')],
  ['Mar 2, 2026 12:30 PM', micros('2026-03-02T12:30:00Z')],
  ['Mar 2, 2026 12:30 AM', micros('2026-03-02T00:30:00Z')],
  ['2026-03-02', micros('2026-03-02T00:00:00Z')],
  ['2 March 2026', micros('2026-03-02T00:00:00Z')],
  // ISO 8601's end of a day, and the leap second: the next one's beginning.
  ['2026-12-31T24:00:00Z', micros('2027-01-01T00:00:00Z')],
  ['2026-12-31T24:00', micros('2027-01-01T00:00:00Z')],
  ['2016-12-31T23:59:60Z', micros('2017-01-01T00:00:00Z')],
  ['2016-12-31T23:59:60.5Z', micros('2017-01-01T00:00:00.500Z')],
  ['2017-01-01T05:29:60+05:30', micros('2017-01-01T00:00:00Z')],
])('%j is told exactly', (text, expected) => {
  expect(readTimestamp(text)).toBe(expected);
});

const range = "is out of TIMESTAMP's range: the years 0001 to 9999";

test.each<[string | number | Date, string]>([
  ['', 'is not a time'],
  ['soon', 'is not a time'],
  ['may', 'is not a time'],
  ['03/02/2026', 'is not a time'],
  ['2026-03', 'is not a time'],
  ['2026-03-02T', 'is not a time'],
  ['2026-03-02T10:00:00 Europe/Prague', 'is not a time'],
  // Local time: the name of a zone alone does not say when.
  ['2026-03-02T10:00:00[Europe/Prague]', 'is not a time'],
  ['Mon, 02 Mar 2026 10:00:00 GMT GMT', 'is not a time'],
  ['Mon, 02 Mar 2026 10:00:00 11:00:00', 'is not a time'],
  ['Mon, 02 Mar 10:00:00 GMT', 'is not a time'],
  ['/Date(soon)/', 'is not a time'],
  [`2026-03-02T10:00:00.${'1'.repeat(1_000_000)}x`, 'is not a time'],
  ['2026-02-30T10:00:00Z', 'is a day that does not exist'],
  ['20260230T100000Z', 'is a day that does not exist'],
  ['2025-02-29', 'is a day that does not exist'],
  ['30 Feb 2026 10:00:00 GMT', 'is a day that does not exist'],
  ['2026-13-01T10:00:00Z', 'is a day that does not exist'],
  ['2026-03-02T25:00:00Z', 'is a time of day that does not exist'],
  ['2026-03-02T24:00:01Z', 'is a time of day that does not exist'],
  ['2026-03-02T10:60:00Z', 'is a time of day that does not exist'],
  ['2026-03-02T10:00:61Z', 'is a time of day that does not exist'],
  ['2016-12-31T12:59:60Z', 'is a time of day that does not exist'],
  ['2026-03-02 13:00 PM', 'is a time of day that does not exist'],
  ['2026-03-02T10:00:00+25:00', 'has an offset from UTC that does not exist'],
  ['2026-03-02T10:00:00+0160', 'has an offset from UTC that does not exist'],
  ['0000-01-01T00:00:00Z', range],
  ['0001-01-01T00:00:00+01:00', range],
  ['9999-12-31T24:00:00Z', range],
  ['+010000-01-01T00:00:00Z', range],
  ['-000001-12-31T23:59:59Z', range],
  ['99999999999999999', range],
  [`1${'0'.repeat(1_000_000)}`, range],
  ['1e999999999', range],
  ['/Date(99999999999999999)/', range],
  [1e18, range],
  [-1e18, range],
  [Number.NaN, 'is not a time'],
  [new Date(Number.NaN), 'is not a time'],
  [new Date('-000001-12-31T23:59:59Z'), range],
])('%o: its own fault is named', (value, fault) => {
  expect(readTimestamp(value)).toBe(fault);
});

test.each<[string, number | string]>([
  ['2026-03-02T00:00:00', 20_514],
  ['2026-03-02T00:00:00.000Z', 20_514],
  ['2026-03-02 00:00:00+00:00', 20_514],
  ['20260302', 20_514],
  ['2026/3/2', 20_514],
  ['2 Mar 2026', 20_514],
  ['2026-03-02T10:00:00Z', 'has a time of day, which DATE does not hold'],
  ['2026-03-02T00:00:00+01:00', 'has a time of day, which DATE does not hold'],
  ['2026-02-30', 'is a day that does not exist'],
  ['0000-01-01', 'is a day beyond the years 0001 to 9999'],
  ['1772445600', 'is not a day'],
  ['soon', 'is not a day'],
])('as DATE %j is %o', (text, expected) => {
  expect(readDate(text)).toBe(expected);
});

test.each<[string, object | string]>([
  ['20260302T100000,5', { days: 20_514, microseconds: 36_000_500_000 }],
  ['2026-03-02T24:00:00', { days: 20_515, microseconds: 0 }],
  ['2 Mar 2026 10:00:00', { days: 20_514, microseconds: 36_000_000_000 }],
  ['2026-03-02T10:00:00Z', 'has a time zone, which DATETIME does not hold'],
  ['2026-03-02T10:00:00+01:00', 'has a time zone, which DATETIME does not hold'],
  ['2026-02-30T10:00:00', 'is a day that does not exist'],
  ['2026-03-02T25:00:00', 'is a time of day that does not exist'],
  ['9999-12-31T24:00:00', 'is a day beyond the years 0001 to 9999'],
  ['1772445600', 'is not a time'],
])('as DATETIME %j is %o', (text, expected) => {
  expect(readDatetime(text)).toEqual(expected);
});

test.each<[string, number | string]>([
  ['9:30', 34_200_000_000],
  ['9:30:00,5', 34_200_500_000],
  ['9:30 PM', 77_400_000_000],
  ['24:00:00', 'is a time of day that does not exist'],
  ['23:59:60', 'is a time of day that does not exist'],
  ['10:60:00', 'is a time of day that does not exist'],
  ['2026-03-02T10:00:00', 'has a day, which TIME does not hold'],
  ['1000', 'is not a time'],
  ['soon', 'is not a time'],
])('as TIME %j is %o', (text, expected) => {
  expect(readTime(text)).toBe(expected);
});
