import { terminalText } from '../../shared/terminal-text.ts';
import { drawTable } from '../terminal/draw-table.ts';
import { countText } from '../terminal/progress-bar.ts';

/** Count → its heading, from left to right. A dry run has another heading for `written`. */
export type CountColumns<Name extends string> = Readonly<Record<Name, string>>;

export interface CountsReport<Name extends string> {
  /** What a line of the report counts: `file`. */
  of: string;
  columns: CountColumns<Name>;
  lines: readonly (readonly [title: string, counts: Readonly<Record<Name, number>>])[];
  total?: Readonly<Record<Name, number>>;
  dryRun: boolean;
  /** The file with the rejected lines, if there are any. */
  rejected?: string | undefined;
}

/** The same report for programs. */
export function countsDocument<Name extends string>(report: CountsReport<Name>): object {
  const { of, lines, total, dryRun, rejected } = report;
  const what = of.replace(/ \(.*/, '');
  return {
    dryRun,
    [`${what}s`]: lines.map(([title, counts]) => ({ [what]: title, ...counts })),
    ...(total && { total }),
    ...(rejected !== undefined && { rejectedFile: rejected }),
  };
}

/** How many lines were written, and how many were not and why, as a table for a terminal. */
export function describeCounts<Name extends string>(report: CountsReport<Name>): string {
  const { of, columns, total, dryRun, rejected } = report;
  const lines = total ? [...report.lines, ['all', total] as const] : report.lines;
  const names = Object.keys(columns) as Name[];
  const head = names.map((name) =>
    dryRun && name === 'written' ? 'to be written' : columns[name],
  );
  const rows = lines.map(([title, counts]) => [
    title,
    ...names.map((name) => countText(counts[name])),
  ]);
  const table = drawTable([[of, ...head], ...rows], ['left', ...names.map(() => 'right' as const)]);
  const saved =
    rejected === undefined ? '' : `The rejected lines are in ${terminalText(rejected)}.\n`;
  return `${table}${dryRun ? 'Nothing was written.\n' : ''}${saved}`;
}
