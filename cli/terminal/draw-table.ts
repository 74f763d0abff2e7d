import Table from 'cli-table3';
import { terminalText } from '../../shared/terminal-text.ts';

const linesBetweenRows = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** One line of text, or several. Control characters are escaped. */
export type TableCell = string | readonly string[];

/** A table for a terminal. The first row is its head; columns are left-aligned by default. */
export function drawTable(
  [head = [], ...rows]: readonly (readonly TableCell[])[],
  aligns: ('left' | 'right')[] = [],
): string {
  const table = new Table({
    head: head.map(toSafe),
    colAligns: aligns,
    chars: linesBetweenRows,
    style: { head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map(toSafe)));
  // cli-table3 drops the line below the head together with those between rows.
  const [top = '', names = '', ...rest] = table.toString().split('\n');
  const line = top.replace('┌', '├').replaceAll('┬', '┼').replace('┐', '┤');
  return `${[top, names, line, ...rest].join('\n')}\n`;
}

function toSafe(cell: TableCell): string {
  return typeof cell === 'string' ? terminalText(cell) : cell.map(terminalText).join('\n');
}
