import { describe, expect, it } from 'vitest';
import type { AlertOptions } from '../../../shared/config/alert-options.ts';
import type { Facts } from '../../../subscriber/alerts/facts/facts.ts';
import { safeReason } from '../../../subscriber/alerts/facts/safe-reason.ts';
import { findAlerts } from '../../../subscriber/alerts/find-alerts.ts';
import { alertSettings, spanText } from '../../../subscriber/alerts/settings.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const now = Date.parse('2026-11-28T12:00:00Z');

function settings(options: Partial<AlertOptions> = {}) {
  return alertSettings({ receivers: [{ url: 'ALERTS_URL', format: 'generic' }], ...options });
}

/** A stream that has a history, and kept up for long. */
function silentFor(
  silentMs: number,
  history: { gapMs: number; days?: number; minutes?: number },
): Facts {
  const lastAt = now - silentMs - minuteMs;
  const { gapMs, days = 14, minutes = 1000 } = history;
  return {
    now,
    ledger: new Map(),
    history: new Map([['orders', { lastAt, firstAt: lastAt - days * dayMs, minutes, gapMs }]]),
    refusedMs: new Map(),
    keptUpMs: hourMs,
  };
}

const conditionsOf = (facts: Facts, options?: Partial<AlertOptions>) =>
  findAlerts(['orders'], facts, settings(options)).map(({ condition }) => condition);

describe('learned silence', () => {
  it.each([
    // Three usual gaps, but half an hour at least.
    ['a busy stream before half an hour', 29 * minuteMs, { gapMs: minuteMs }, []],
    ['a busy stream after half an hour', 30 * minuteMs, { gapMs: minuteMs }, ['silence']],
    ['a stream with nights', 20 * hourMs, { gapMs: 8 * hourMs }, []],
    ['a stream with nights, after a day', 24 * hourMs, { gapMs: 8 * hourMs }, ['silence']],
    ['a young stream', 10 * dayMs, { gapMs: minuteMs, days: 2 }, []],
    ['a rare stream', 10 * dayMs, { gapMs: minuteMs, minutes: 19 }, []],
  ])('%s', (_, silentMs, history, expected) => {
    expect(conditionsOf(silentFor(silentMs, history))).toEqual(expected);
  });

  it('is not judged while the replica is behind, nor without a ledger', () => {
    const facts = silentFor(dayMs, { gapMs: minuteMs });
    expect(conditionsOf({ ...facts, keptUpMs: minuteMs })).toEqual([]);
    const { ledger: _, ...without } = facts;
    expect(conditionsOf(without)).toEqual([]);
  });

  it('gives way to a time of the config, and to false', () => {
    const facts = silentFor(hourMs, { gapMs: 8 * hourMs, days: 0, minutes: 1 });
    expect(conditionsOf(facts, { silentAfter: '50m' })).toEqual(['silence']);
    expect(
      conditionsOf(facts, { silentAfter: '50m', streams: { orders: { silentAfter: '2h' } } }),
    ).toEqual([]);
    expect(
      conditionsOf(facts, { silentAfter: '50m', streams: { orders: { silentAfter: false } } }),
    ).toEqual([]);
  });

  it('says nothing of a stream that never had a delivery', () => {
    const facts = { ...silentFor(dayMs, { gapMs: 0 }), history: new Map() };
    expect(conditionsOf(facts, { silentAfter: '1m' })).toEqual([]);
  });
});

describe('freshness', () => {
  const withRows = (rows: number, late: number): Facts => ({
    now,
    ledger: new Map([
      ['orders', { counts: new Map(), freshness: new Map([['900000/60000', { rows, late }]]) }],
    ]),
    refusedMs: new Map(),
    keptUpMs: 0,
  });

  it.each([
    [19, 19, []],
    [20, 1, []],
    [20, 2, ['freshness']],
    [1000, 50, []],
    [1000, 51, ['freshness']],
  ])('of %i deliveries, %i late', (rows, late, expected) => {
    expect(conditionsOf(withRows(rows, late))).toEqual(expected);
  });
});

describe('the reason of a dead letter', () => {
  const known = new Set(['amount', 'payload']);

  it.each([
    ['amount is no number', 'amount', 'amount is no number'],
    ['payload.secret@example.com is too deep', 'payload.secret@example.com', 'payload is too deep'],
    ['sneaky is not a column of the table', 'sneaky', 'a column is not a column of the table'],
    [`could not parse 'planted' as INT64`, '', 'could not parse "…" as INT64'],
    [`could not parse 'planted`, '', 'could not parse "…"'],
    ['card 4929-0000-0000-0001 refused', '', 'card … refused'],
    ['two\nlines', '', 'two lines'],
  ])('%j', (reason, columns, expected) => {
    expect(safeReason(reason, columns, known)).toBe(expected);
  });

  it('is short', () => {
    expect(safeReason('x'.repeat(5000), '').length).toBeLessThan(200);
  });
});

it.each([
  [1000, '1s'],
  [90_000, '90s'],
  [120_000, '2m'],
  [3_600_000, '1h'],
  [86_400_000, '1d'],
])('a span of %i ms is %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});
