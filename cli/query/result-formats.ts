import { terminalJson, terminalText } from '../../shared/terminal-text.ts';
import {
  cellTexts,
  csvCell,
  type QueryResult,
  rowJson,
} from '../../subscriber/query/result-cells.ts';
import { drawTable } from '../terminal/draw-table.ts';

export type FormatName = 'table' | 'json' | 'csv';

/** Where a result is printed. */
export interface Printed {
  /** Of the terminal, in characters. If a row is wider, each column gets its own line. */
  width?: number | undefined;
  /** Standard output is a terminal. */
  onTerminal?: boolean;
}

/**
 * How a result is printed, by the name of the format. Control characters are escaped in a table and in JSON,
 * where that changes no value. CSV has no escapes, so there they are replaced only on a terminal.
 */
export const formats: Record<FormatName, (result: QueryResult, printed?: Printed) => string> = {
  table(result, { width = Number.POSITIVE_INFINITY } = {}) {
    if (result.fields.length === 0) return 'Done: no rows to show.\n';
    const names = result.fields.map((field) => field.name);
    const rows = cellTexts(result).map((row) => row.map((text) => text ?? 'NULL'));
    const table = drawTable([names, ...rows], [], Number.POSITIVE_INFINITY);
    return table.indexOf('\n') <= width
      ? table
      : rows.map((row) => listColumns(names, row)).join('\n');
  },
  json(result) {
    const rows = result.rows.map((row) => `\n${rowJson(row, result.fields)}`);
    return terminalJson(`[${rows.join(',')}\n]\n`);
  },
  csv(result, { onTerminal = false } = {}) {
    const names = result.fields.map((field) => field.name);
    const line = (cells: readonly (string | null)[], isHeader: boolean) => {
      const safe = onTerminal ? cells.map((text) => text && terminalText(text)) : cells;
      return `${safe.map((text) => csvCell(text, isHeader)).join(',')}\n`;
    };
    return (
      line(names, true) +
      cellTexts(result)
        .map((row) => line(row, false))
        .join('')
    );
  },
};

function listColumns(columns: string[], row: string[]): string {
  const names = columns.map(terminalText);
  const longest = Math.max(...names.map((name) => name.length));
  return names
    .map((name, index) => `${name.padStart(longest)}  ${terminalText(row[index] ?? '')}\n`)
    .join('');
}
