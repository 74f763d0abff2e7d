import { expect, it } from 'vitest';
import {
  cutWindows,
  halveWindow,
  parseInstant,
  parseSpan,
  shortInstant,
} from '../../history/time-window.ts';

it.each([
  ['30m', 1_800_000],
  ['6h', 21_600_000],
  ['1d', 86_400_000],
  ['0d', undefined],
  ['1w', undefined],
  ['d', undefined],
  ['1.5h', undefined],
])('a span of %s is %j ms', (text, span) => {
  expect(parseSpan(text)).toBe(span);
});

it.each([
  ['2026-01-31', '2026-01-31T00:00:00.000Z'],
  ['2026-01-31T08:30', '2026-01-31T08:30:00.000Z'],
  ['2026-01-31T08:30:01.5Z', '2026-01-31T08:30:01.500Z'],
  ['2026-01-31 00:30:00+01:00', '2026-01-30T23:30:00.000Z'],
  ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ['2026-02-29', undefined],
  ['2026-13-01', undefined],
  ['2026-01-31T25:00', undefined],
  ['yesterday', undefined],
  ['1767319445', undefined],
])('%s is %j', (text, instant) => {
  const time = parseInstant(text);
  expect(time === undefined ? undefined : new Date(time).toISOString()).toBe(instant);
});

it('divides a range into windows without gaps', () => {
  expect(cutWindows({ from: 0, to: 25 }, 10)).toEqual([
    { from: 0, to: 10 },
    { from: 10, to: 20 },
    { from: 20, to: 25 },
  ]);
});

it('splits at a whole second, and splits no shorter window', () => {
  expect(halveWindow({ from: 500, to: 5000 })).toEqual([
    { from: 500, to: 2000 },
    { from: 2000, to: 5000 },
  ]);
  expect(halveWindow({ from: 0, to: 1000 })).toBeUndefined();
  expect(halveWindow({ from: 1200, to: 1900 })).toBeUndefined();
});

it.each([
  [Date.UTC(2026, 0, 2, 3), '2026-01-02T03:00Z'],
  [Date.UTC(2026, 0, 2, 3, 4, 5), '2026-01-02T03:04:05Z'],
  [Date.UTC(2026, 0, 2, 3, 4, 5, 6), '2026-01-02T03:04:05.006Z'],
])('%i is printed as %s', (time, text) => {
  expect(shortInstant(time)).toBe(text);
});
