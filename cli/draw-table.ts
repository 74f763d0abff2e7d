import Table from 'cli-table3';

const linesBetweenRows = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** A table for a terminal: the first row is its head. Columns stand left where `aligns` doesn't say. */
export function drawTable(
  [head = [], ...rows]: readonly string[][],
  aligns: ('left' | 'right')[] = [],
): string {
  const table = new Table({
    head: [...head],
    colAligns: aligns,
    chars: linesBetweenRows,
    style: { head: [], border: [] },
  });
  table.push(...rows);
  // Without lines between rows the one below the head goes too: it is put back.
  const [top = '', names = '', ...rest] = table.toString().split('\n');
  const line = top.replace('┌', '├').replaceAll('┬', '┼').replace('┐', '┤');
  return `${[top, names, line, ...rest].join('\n')}\n`;
}
