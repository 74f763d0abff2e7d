import { describe, expect, it } from 'vitest';
import { drawLedger, sumByStream } from '../../../cli/operate/ledger-report.ts';
import { drawStatus } from '../../../cli/operate/status-report.ts';
import type { LedgerLine } from '../../../subscriber/ledger/read-ledger.ts';
import type { StreamStatus } from '../../../subscriber/ledger/read-status.ts';

function line(minute: string, counts: Partial<LedgerLine> = {}): LedgerLine {
  return {
    stream: 'orders',
    minute: `2026-11-28T${minute}:00.000Z`,
    received: 0,
    filtered: 0,
    rejected: {},
    handshakes: 0,
    notStored: 0,
    accepted: 0,
    overflow: 0,
    written: 0,
    rows: 0,
    writtenInPart: 0,
    duplicates: 0,
    noRow: 0,
    deadLetters: 0,
    inFlight: 0,
    remainder: 0,
    uncounted: 0,
    ...counts,
  };
}

const lines = [
  line('10:40', {
    received: 1010,
    accepted: 1000,
    written: 1000,
    rows: 2000,
    rejected: { signature: 8, stale: 2 },
  }),
  line('10:41', {
    received: 15_000,
    accepted: 14_000,
    filtered: 1000,
    written: 13_980,
    rows: 13_980,
    writtenInPart: 4,
    deadLetters: 9,
    noRow: 2,
    inFlight: 2,
    remainder: 3,
    overflow: 5,
  }),
  line('10:42', {
    received: 4,
    accepted: 4,
    written: 4,
    rows: 4,
    uncounted: 4,
    recountedAt: '2026-11-28T10:50:00.000Z',
  }),
  line('10:41', { stream: '', received: 7, rejected: { 'unknown-stream': 7 } }),
];

const widest = (text: string) => Math.max(...text.split('\n').map((row) => row.length));

describe('the ledger', () => {
  it('shows that both accounts add up, within 80 columns', () => {
    const text = drawLedger(lines, 'minute');
    expect(widest(text)).toBeLessThanOrEqual(80);
    const words = text.replace(/\s+/g, ' ');
    expect(words).toContain(
      '16,014 received = 15,004 accepted (overflow 5) + 1,000 filtered + 10 rejected (signature 8, stale 2)',
    );
    expect(words).toContain(
      '15,004 accepted = 14,984 written (15,984 rows) + 4 written in part + 9 dead letters + 2 without a row + 2 in flight + 3 not arrived',
    );
    expect(text).toMatch(
      /│ 10:41 +│ *15,000 *│ *1,000 *│ *0 *│ *14,000 *│ *13,980 *│ *4 *│ *9 *│ *2 *│ *5 *│/,
    );
  });

  it('names what has not arrived, what was not reported, and what was counted again', () => {
    const text = drawLedger(lines, 'stream');
    expect(text).toContain('3 accepted at 10:41 have not arrived: Pub/Sub or overflow holds them.');
    expect(text).toContain('4 at 10:42 arrived that the edge has not reported');
    expect(text).toContain('Counted again in the tables: 10:42.');
    expect(text).toContain(
      'no stream (unknown paths)\n  7 received = 7 rejected (unknown-stream 7)\n',
    );
    expect(text).not.toContain('│');
  });

  it('of a day with many remainders names the last ones', () => {
    const many = Array.from({ length: 40 }, (_, n) =>
      line(`10:${n + 10}`, { received: 1, accepted: 1, remainder: 1 }),
    );
    const text = drawLedger(many, 'stream');
    expect(text.match(/has not arrived/g)).toHaveLength(5);
    expect(text).toContain('35 earlier minutes');
  });

  it('has sums by stream', () => {
    expect(sumByStream(lines)).toMatchObject([
      {
        stream: 'orders',
        received: 16_014,
        rejected: { signature: 8, stale: 2 },
        recountedMinutes: 1,
      },
      { stream: '', received: 7 },
    ]);
    expect(drawLedger([], 'minute')).toContain('No deliveries');
  });
});

describe('the status', () => {
  const outcomes = {
    received: 12_345,
    filtered: 300,
    rejected: 12,
    handshakes: 0,
    notStored: 3,
    accepted: 12_030,
    written: 12_000,
    writtenInPart: 9,
    duplicates: 0,
    noRow: 4,
    deadLetters: 17,
  };
  const busy: StreamStatus = {
    stream: 'orders',
    deliveriesPerMinute: 823,
    outcomes,
    rows: 123_456,
    freshness: { p50: 120, p95: 1240, p99: 312_000 },
    backlog: 1234,
    oldestAgeS: 7200,
    deadLetters: 26,
    lastDeliveryAt: '2026-11-28T10:41:00.000Z',
  };
  const idle: StreamStatus = {
    stream: 'crm',
    deliveriesPerMinute: 0,
    outcomes: {
      ...outcomes,
      received: 0,
      accepted: 0,
      filtered: 0,
      rejected: 0,
      notStored: 0,
      writtenInPart: 0,
      noRow: 0,
      deadLetters: 0,
    },
    rows: 0,
    backlog: 0,
    oldestAgeS: 0,
    deadLetters: 0,
  };

  it('of every stream fits on one screen of 80 columns', () => {
    const now = new Date('2026-11-28T10:42:00Z');
    const text = drawStatus([busy, idle], 900_000, now);
    expect(widest(text)).toBeLessThanOrEqual(80);
    for (const shown of [
      '823/min',
      '12,030 accepted',
      '123,456 rows',
      'p95 1.2 s',
      'p99 5 min',
      'last 10:41',
      '26 dead letters',
      'never',
    ]) {
      expect(text).toContain(shown);
    }
    const long = drawStatus(
      [{ ...busy, stream: 'orders-of-all-the-northern-shops' }],
      900_000,
      now,
    );
    expect(widest(long)).toBeLessThanOrEqual(80);
  });
});
