import Table from 'cli-table3';
import { terminalText } from '../../shared/terminal-text.ts';
import { styled } from './style.ts';

const noLinesBetweenRows = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
/** Of a terminal that does not say how wide it is, and of a file. */
const defaultWidth = 80;
/** Of text that is broken within words. */
const minTextWidth = 10;

/** One line of text, or several. Control characters are escaped. */
export type TableCell = string | readonly string[];

type Align = 'left' | 'right';

/**
 * A table for a terminal. The first row is its head; columns are left-aligned by default. Text is wrapped where the
 * table would be wider than the terminal; numbers, which are aligned right, stay whole, and lose the space before them.
 * A table that is still too wide is a list instead, with a line for each cell.
 */
export function drawTable(
  rows: readonly (readonly TableCell[])[],
  aligns: readonly Align[] = [],
  width = process.stdout.columns ?? defaultWidth,
): string {
  const lines = rows.map((row) => row.map(toSafeLines));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const numbers = aligns.filter((align) => align === 'right').length;
  const frame = columns * 3 + 1;
  const roomy = fitWidths(lines, aligns, width - frame);
  const widths = roomy ?? fitWidths(lines, aligns, width - frame + numbers);
  if (!widths) return listCells(lines);
  const [head = [], ...body] = lines.map((row) =>
    row.map((cell, at) => cell.flatMap((line) => wrap(line, widths[at] ?? 0))),
  );
  const table = new Table({ chars: noLinesBetweenRows, style: { head: [], border: [] } });
  const toCells = (row: readonly string[][], isHead: boolean) =>
    row.map((cell, at) => ({
      content: cell.map((line) => (isHead ? styled('strong', line) : line)).join('\n'),
      hAlign: aligns[at] ?? ('left' as const),
      style: { 'padding-left': roomy || aligns[at] !== 'right' ? 1 : 0 },
    }));
  table.push(toCells(head, true), ...body.map((row) => toCells(row, false)));
  // cli-table3 drops the line below the head together with those between rows.
  const drawn = table.toString().split('\n');
  const [top = ''] = drawn;
  const headHeight = Math.max(1, ...head.map((cell) => cell.length));
  drawn.splice(1 + headHeight, 0, top.replace('┌', '├').replaceAll('┬', '┼').replace('┐', '┤'));
  return `${drawn.join('\n')}\n`;
}

function listCells([head = [], ...rows]: readonly (readonly (readonly string[])[])[]): string {
  const names = head.map((cell) => cell.join(' '));
  const longest = Math.max(...names.map((name) => name.length));
  return rows
    .map((row) =>
      row.map((cell, at) => `${(names[at] ?? '').padStart(longest)}  ${cell.join(' ')}\n`).join(''),
    )
    .join('\n');
}

function toSafeLines(cell: TableCell): string[] {
  return (typeof cell === 'string' ? [cell] : [...cell]).map(terminalText);
}

/** The width of each column's text: as it is, or less for the widest columns until all fit. Absent if they can't. */
function fitWidths(
  rows: readonly (readonly (readonly string[])[])[],
  aligns: readonly Align[],
  width: number,
): number[] | undefined {
  const [head = [], ...body] = rows;
  const columns = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, at) => {
    const title = (head[at] ?? []).join(' ');
    const cells = body.flatMap((row) => row[at] ?? []).map((line) => line.length);
    const longestWord = Math.max(0, ...title.split(' ').map((word) => word.length));
    const text = Math.max(0, ...cells);
    const least = aligns[at] === 'right' ? text : Math.min(text, minTextWidth);
    return { width: Math.max(title.length, text), least: Math.max(longestWord, least), text };
  });
  const total = () => columns.reduce((sum, column) => sum + column.width, 0);
  while (total() > width) {
    // Titles are wrapped before text is.
    const shrinkable = columns.filter((column) => column.width > column.least);
    const titles = shrinkable.filter((column) => column.width > column.text);
    const [widest] = (titles.length > 0 ? titles : shrinkable).sort((a, b) => b.width - a.width);
    if (!widest) return undefined;
    widest.width -= 1;
  }
  return columns.map((column) => column.width);
}

/** Broken at spaces, and within words that are longer. */
function wrap(text: string, width: number): string[] {
  if (text.length <= width || width < 1) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (joined.length <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    for (; line.length > width; line = line.slice(width)) lines.push(line.slice(0, width));
  }
  return [...lines, line];
}
