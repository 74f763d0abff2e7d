import Table from 'cli-table3';
import { terminalText } from '../../shared/terminal-text.ts';

const linesBetweenRows = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** Text, which is made safe for a terminal and stays one line; or several lines. */
export type TableCell = string | readonly string[];

/** A table for a terminal: the first row is its head. Columns stand left where `aligns` doesn't say. */
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
  // Without lines between rows the one below the head goes too: it is put back.
  const [top = '', names = '', ...rest] = table.toString().split('\n');
  const line = top.replace('┌', '├').replaceAll('┬', '┼').replace('┐', '┤');
  return `${[top, names, line, ...rest].join('\n')}\n`;
}

function toSafe(cell: TableCell): string {
  return typeof cell === 'string' ? terminalText(cell) : cell.map(terminalText).join('\n');
}
