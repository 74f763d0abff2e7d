import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogEntry } from '../../../subscriber/log.ts';
import { WrittenCounts } from '../../../subscriber/logs/written-counts.ts';
import { noMetrics } from '../../../subscriber/service/metrics.ts';

const receivedAt = Date.parse('2026-11-21T10:00:00Z');
const rows = new Map<string, number>();
let lines: LogEntry[] = [];
let counts: WrittenCounts;

beforeEach(() => {
  vi.useFakeTimers({ now: receivedAt });
  rows.clear();
  lines = [];
  counts = new WrittenCounts({
    log: (entry) => lines.push(entry),
    rowsOf: (stream) => rows.get(stream),
  });
});
afterEach(() => {
  counts.stop();
  vi.useRealTimers();
});

function write(stream: string, count: number, afterMs = 0, rowsEach = 1): void {
  const { written } = counts.count(noMetrics);
  for (let n = 0; n < count; n++) written({ stream }, receivedAt - afterMs);
  rows.set(stream, (rows.get(stream) ?? 0) + count * rowsEach);
}

describe('what was written', () => {
  it('is told once a second for each stream, and not while nothing comes', () => {
    write('billing', 512, 0, 2);
    write('shop', 1);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(lines).toEqual([
      expect.objectContaining({
        message: 'written',
        stream: 'billing',
        per_second: 512,
        rows: 1024,
      }),
      expect.objectContaining({ message: 'written', stream: 'shop', per_second: 1, rows: 1 }),
    ]);
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(2);
    write('shop', 3);
    vi.advanceTimersByTime(1000);
    expect(lines[2]).toMatchObject({ stream: 'shop', per_second: 3, rows: 3 });
  });

  it('has the 95th percentile of the time from the edge to the row', () => {
    write('shop', 95, 140);
    write('shop', 5, 9000);
    vi.advanceTimersByTime(1000);
    expect(lines[0]).toMatchObject({ per_second: 100, p95_ms: 140 });
  });

  it('takes a clock of the edge that is ahead for no time', () => {
    write('shop', 1, -5000);
    vi.advanceTimersByTime(1000);
    expect(lines[0]).toMatchObject({ p95_ms: 0 });
  });

  it('is told a last time at the stop, and passed on', () => {
    const passed: string[] = [];
    const metrics = { ...noMetrics, written: () => passed.push('written') };
    counts.count(metrics).written({ stream: 'shop' }, undefined);
    counts.stop();
    expect(passed).toEqual(['written']);
    expect(lines).toEqual([
      expect.objectContaining({ stream: 'shop', per_second: 1, p95_ms: undefined }),
    ]);
  });
});
