import { describe, expect, it } from 'vitest';
import { describeCounts } from '../../../cli/history/counts-report.ts';
import { drawTable } from '../../../cli/terminal/draw-table.ts';

function widthOf(table: string): number {
  return Math.max(...table.split('\n').map((line) => line.length));
}

describe('drawTable', () => {
  const rows = [
    ['file', 'already there', 'written'],
    ['a-long-name-without-any-space-in-it-of-an-export-of-last-year.csv', '1', '1,234,567'],
  ];

  it('is as wide as its text where that fits', () => {
    expect(
      drawTable(
        [
          ['a', 'b'],
          ['1', '2'],
        ],
        [],
        80,
      ),
    ).toBe('┌───┬───┐\n│ a │ b │\n├───┼───┤\n│ 1 │ 2 │\n└───┴───┘\n');
  });

  it('wraps text, not numbers, where it is wider than the terminal', () => {
    const table = drawTable(rows, ['left', 'right', 'right'], 50);
    expect(widthOf(table)).toBe(50);
    expect(table).toContain('1,234,567 │');
    // Nothing is cut off.
    const first = table.split('\n').map((line) => line.split('│')[1]?.trim() ?? '');
    expect(first.join('')).toContain(rows[1]?.[0]);
  });

  it('draws the line below a head of two lines', () => {
    const lines = drawTable([['outside the window'], ['1']], ['right'], 14).split('\n');
    expect(lines.findIndex((line) => line.startsWith('├'))).toBe(3);
    expect(lines.at(-3)).toMatch(/^│ +1 │$/);
  });

  it('fits the counts of a backfill into 80 columns', () => {
    const columns = {
      lines: 'lines',
      written: 'written',
      present: 'already there',
      repeated: 'repeated',
      filtered: 'filtered',
      outside: 'outside the window',
      rejected: 'rejected',
    };
    const counts = Object.fromEntries(Object.keys(columns).map((name) => [name, 1_234_567]));
    const report = describeCounts({
      of: 'window (UTC)',
      columns,
      lines: [['2026-01-01T00:00Z … 2026-01-02T00:00Z', counts as never]],
      total: counts as never,
      dryRun: false,
    });
    expect(widthOf(report)).toBeLessThanOrEqual(80);
    expect(report.match(/1,234,567/g)).toHaveLength(14);
    const few = Object.fromEntries(Object.keys(columns).map((name) => [name, 99_999]));
    const usual = describeCounts({
      of: 'window (UTC)',
      columns,
      lines: [['2026-01-01', few as never]],
      dryRun: false,
    });
    expect(widthOf(usual)).toBeLessThanOrEqual(80);
    expect(usual).toContain('│ 2026-01-01 │');
  });
});
