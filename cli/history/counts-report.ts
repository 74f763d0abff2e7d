import { terminalText } from '../../shared/terminal-text.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';

/** Column → its heading, from left to right; a command that writes nothing has another for `written`. */
export type CountColumns<Name extends string> = Readonly<Record<Name, string>>;

export interface CountsReport<Name extends string> {
  /** What the lines are of: `file`. */
  of: string;
  columns: CountColumns<Name>;
  lines: readonly (readonly [title: string, counts: Readonly<Record<Name, number>>])[];
  dryRun: boolean;
  /** Where rejected lines were kept, if any were. */
  rejects?: string | undefined;
}

/** What became of lines that were to be written, as a table for a terminal. */
export function describeCounts<Name extends string>(report: CountsReport<Name>): string {
  const { of, columns, lines, dryRun, rejects } = report;
  const names = Object.keys(columns) as Name[];
  const head = names.map((name) =>
    dryRun && name === 'written' ? 'to be written' : columns[name],
  );
  const rows = lines.map(([title, counts]) => [
    title,
    ...names.map((name) => countText(counts[name])),
  ]);
  const table = drawTable([[of, ...head], ...rows], ['left', ...names.map(() => 'right' as const)]);
  const kept = rejects === undefined ? '' : `The rejected lines are in ${terminalText(rejects)}.\n`;
  return `${table}${dryRun ? 'Nothing was written.\n' : ''}${kept}`;
}
