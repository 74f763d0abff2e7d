import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describePartLine } from '../../../cli/terminal/part-log.ts';
import {
  describeEntry,
  nameWidthOf,
  type ShownEntry,
} from '../../../subscriber/logs/terminal-lines.ts';

const now = new Date('2026-11-21T10:41:07.123Z');
const nameWidth = nameWidthOf(['billing', 'shop']);
/** The output of a test is no terminal, so nothing is coloured. */
const output = process.stdout;

function shown(entry: ShownEntry, width = 80, part?: string): string {
  return describeEntry(entry, now, { output, width, nameWidth, part });
}

afterEach(() => vi.unstubAllEnvs());

describe('a line on a terminal', () => {
  it('has time, stream, what and counts', () => {
    const counts = { severity: 'INFO', message: 'written', stream: 'billing' };
    expect(shown({ ...counts, per_second: 512, rows: 512, p95_ms: 140 })).toBe(
      '10:41:07  billing   written 512/s  rows 512  p95 140 ms',
    );
  });

  it('has the outcome of a line of the edge, without what only programs read', () => {
    const line = { stream: 'shop', delivery_id: 'd-1', outcome: 'unauthorized', colo: 'PRG' };
    expect(shown({ ...line, cause: 'mismatch', bytes: 12 })).toBe(
      '10:41:07  shop      unauthorized  cause mismatch  delivery id d-1  bytes 12',
    );
  });

  it('has the part where there is no stream', () => {
    expect(shown({ severity: 'INFO', message: 'the subscriber is ready' }, 80, 'subscriber')).toBe(
      '10:41:07  subscriber  the subscriber is ready',
    );
  });

  it.each([80, 120, 40])('is broken at %d characters, below its first word', (width) => {
    const cause = `${'word '.repeat(40)}${'x'.repeat(200)}`;
    const entry = {
      severity: 'ERROR',
      message: 'not written',
      stream: 'shop',
      table: 'a.b',
      cause,
    };
    const lines = shown(entry, width).split('\n');
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {20}\S/);
    const text = lines.map((line) => line.slice(20)).join(' ');
    expect(text.replaceAll(' ', '')).toContain(cause.replaceAll(' ', ''));
  });

  it('is coloured on a terminal, by its severity, unless NO_COLOR is set', () => {
    const { getColorDepth } = WriteStream.prototype;
    const terminal = Object.assign(new PassThrough(), { isTTY: true, getColorDepth });
    const line = (severity: string) =>
      describeEntry({ severity, message: 'x', stream: 's', reason: 'y' }, now, {
        output: terminal as unknown as WriteStream,
        nameWidth,
      });
    vi.stubEnv('TERM', 'xterm-256color');
    // Each of these decides for Node, whatever the terminal can show.
    for (const name of ['FORCE_COLOR', 'NO_COLOR', 'NODE_DISABLE_COLORS', 'CI', 'TMUX']) {
      vi.stubEnv(name, undefined);
    }
    expect(line('ERROR')).toContain('\u001b[31mx');
    expect(line('WARNING')).toContain('\u001b[33mx');
    expect(line('INFO')).toContain('  x  \u001b[2mreason\u001b[22m y');
    vi.stubEnv('NO_COLOR', '1');
    expect(line('ERROR')).toBe('10:41:07  s         x  reason y');
  });

  it('lets no control character of a sender through', () => {
    const evil = '\u001b]0;owned\u0007\n\u009b2J\u202e';
    const line = shown({ message: evil, stream: evil, [evil]: evil, reason: { evil } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(line.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(line).toContain('\\u001b]0;owned\\u0007');
    const part = describePartLine('edge', `${evil} {`, output);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(part.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  it('of a part that logs no JSON, or no object, is shown as it is', () => {
    for (const line of ['started', '[1,2]', '"text"', 'null', '']) {
      expect(describePartLine('bigquery', line, output)).toMatch(/^\d\d:\d\d:\d\d {2}bigquery {4}/);
      expect(describePartLine('bigquery', line, output).slice(22)).toBe(line);
    }
  });
});
