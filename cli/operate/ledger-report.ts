import type { LedgerLine } from '../../subscriber/ledger/read-ledger.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';
import { styled } from '../terminal/style.ts';

/** The sums of one stream. */
export type LedgerSums = Omit<LedgerLine, 'minute' | 'recountedAt'> & { recountedMinutes: number };

const numbers = [
  'received',
  'filtered',
  'handshakes',
  'notStored',
  'accepted',
  'overflow',
  'written',
  'rows',
  'writtenInPart',
  'duplicates',
  'noRow',
  'deadLetters',
  'inFlight',
  'remainder',
  'uncounted',
] as const satisfies (keyof LedgerLine)[];

/** In the order in which the streams come first. */
export function sumByStream(lines: readonly LedgerLine[]): LedgerSums[] {
  return [...groupByStream(lines)].map(([stream, ofStream]) => {
    const total = (of: (line: LedgerLine) => number) =>
      ofStream.reduce((sum, line) => sum + of(line), 0);
    const rejected: Record<string, number> = {};
    for (const line of ofStream) {
      for (const [cause, count] of Object.entries(line.rejected)) {
        rejected[cause] = (rejected[cause] ?? 0) + count;
      }
    }
    const sums = Object.fromEntries(numbers.map((name) => [name, total((line) => line[name])]));
    const recountedMinutes = total(({ recountedAt }) => (recountedAt === undefined ? 0 : 1));
    return {
      stream,
      ...(sums as Record<(typeof numbers)[number], number>),
      rejected,
      recountedMinutes,
    };
  });
}

export function drawLedger(lines: readonly LedgerLine[], by: 'minute' | 'stream'): string {
  if (lines.length === 0) return 'No deliveries in this time, or there is no ledger yet.\n';
  const groups = groupByStream(lines);
  return sumByStream(lines)
    .map((sums) => {
      const ofStream = groups.get(sums.stream) ?? [];
      const title = styled('strong', sums.stream || 'no stream (unknown paths)');
      const table = by === 'minute' ? drawMinutes(ofStream) : '';
      const notes = notesOf(ofStream).map((note) => `  ${note}\n`);
      return `${title}\n${equations(sums)}${table}${notes.join('')}`;
    })
    .join('\n');
}

function groupByStream(lines: readonly LedgerLine[]): Map<string, LedgerLine[]> {
  return Map.groupBy(lines, ({ stream }) => stream);
}

/** Both sides of the edge's and the subscriber's accounts. */
function equations(sums: LedgerSums): string {
  const causes = Object.entries(sums.rejected).sort(([, a], [, b]) => b - a);
  const rejected = causes.reduce((sum, [, count]) => sum + count, 0);
  const named = causes.map(([cause, count]) => `${cause} ${countText(count)}`).join(', ');
  const received = [
    part(
      sums.accepted,
      `accepted${sums.overflow > 0 ? ` (overflow ${countText(sums.overflow)})` : ''}`,
    ),
    part(sums.filtered, 'filtered'),
    part(rejected, `rejected (${named})`),
    part(sums.handshakes, 'handshakes'),
    part(sums.notStored, 'not stored (503)'),
  ];
  const accepted = [
    part(sums.written, `written (${countText(sums.rows)} rows)`),
    part(sums.writtenInPart, 'written in part'),
    part(sums.deadLetters, 'dead letters'),
    part(sums.duplicates, 'duplicates'),
    part(sums.noRow, 'without a row'),
    part(sums.inFlight, 'in flight'),
    part(sums.remainder, 'not arrived'),
  ];
  const lines = [equation(sums.received, 'received', received)];
  if (sums.accepted > 0) lines.push(equation(sums.accepted, 'accepted', accepted));
  return lines.join('');
}

function part(count: number, name: string): string[] {
  return count === 0 ? [] : [`${countText(count)} ${name}`];
}

const maxWidth = 80;

function equation(total: number, name: string, parts: readonly (readonly string[])[]): string {
  const all = parts.flat();
  const start = `  ${countText(total)} ${name} = `;
  const lines = [start];
  for (const [index, text] of (all.length === 0 ? ['0'] : all).entries()) {
    const joined = `${index === 0 ? '' : '+ '}${text} `;
    const last = lines.at(-1) ?? '';
    if (last.length + joined.length <= maxWidth || index === 0) {
      lines[lines.length - 1] = last + joined;
    } else lines.push(`${' '.repeat(start.length)}${joined}`);
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function drawMinutes(lines: readonly LedgerLine[]): string {
  const head = 'UTC in filtered refused accepted written part dead none open'.split(' ');
  let day = '';
  const rows = lines.map((line) => {
    const [, date = '', time = ''] = /^\d{4}-(.{5})T(.{5})/.exec(line.minute) ?? [];
    const isNewDay = date !== day && (day !== '' || lines.at(-1)?.minute.slice(5, 10) !== date);
    day = date;
    const rejected = Object.values(line.rejected).reduce((sum, count) => sum + count, 0);
    const refused = rejected + line.handshakes + line.notStored;
    const { received, filtered, accepted, written, writtenInPart, deadLetters } = line;
    const none = line.duplicates + line.noRow;
    const open = line.inFlight + line.remainder;
    const counts = [
      received,
      filtered,
      refused,
      accepted,
      written,
      writtenInPart,
      deadLetters,
      none,
      open,
    ];
    return [isNewDay ? [date, time] : time, ...counts.map(countText)];
  });
  return drawTable([head, ...rows], ['left', ...head.slice(1).map(() => 'right' as const)]);
}

const maxNamed = 5;

function notesOf(lines: readonly LedgerLine[]): string[] {
  const late = lines.filter(({ remainder }) => remainder > 0);
  const uncounted = lines.filter((line) => line.uncounted > 0);
  const recounted = lines.filter(({ recountedAt }) => recountedAt !== undefined);
  const notes = late.slice(-maxNamed).map((line) => {
    const { remainder } = line;
    const has = remainder === 1 ? 'has' : 'have';
    return `${countText(remainder)} accepted at ${timeOf(line)} ${has} not arrived: Pub/Sub or overflow holds them.`;
  });
  if (late.length > maxNamed) notes.push(`So it is in ${late.length - maxNamed} earlier minutes.`);
  if (uncounted.length > 0) {
    const count = uncounted.reduce((sum, line) => sum + line.uncounted, 0);
    notes.push(
      `${countText(count)} at ${timesOf(uncounted)} arrived that the edge has not reported:`,
      'an isolate ended before its report, or reports still come.',
    );
  }
  if (recounted.length > 0) {
    notes.push(`Counted again in the tables: ${timesOf(recounted)}.`);
  }
  return notes;
}

function timesOf(lines: readonly LedgerLine[]): string {
  const named = lines.slice(-maxNamed).map(timeOf).join(', ');
  return lines.length > maxNamed ? `${named} and ${lines.length - maxNamed} more` : named;
}

function timeOf({ minute }: LedgerLine): string {
  return minute.slice(11, 16);
}
