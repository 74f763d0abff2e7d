import { cellTexts, type QueryResult } from '../../subscriber/query/result-cells.ts';
import type { Rows } from '../contract.ts';

/** A cell of a table on the page. The rest of a longer one is fetched when it is asked for. */
const maxCellLength = 2000;
/** Of all cells of an answer. */
const maxLength = 4_000_000;

/** Rows for the page: long cells are cut, and an answer of huge rows is cut harder. */
export function cutRows(result: QueryResult): Rows {
  const texts = cellTexts(result);
  const whole = texts.reduce(
    (sum, row) =>
      sum + row.reduce((length, cell) => length + Math.min(cell?.length ?? 0, maxCellLength), 0),
    0,
  );
  const max = whole > maxLength ? 200 : maxCellLength;
  const cut: Rows['cut'] = [];
  const rows = texts.map((row, y) =>
    row.map((cell, x) => {
      if (cell === null || cell.length <= max) return cell;
      cut.push([y, x]);
      return cell.slice(0, max).toWellFormed();
    }),
  );
  return {
    fields: result.fields.map(({ name, type, mode }) => ({
      name,
      type: mode === 'REPEATED' ? `${type}[]` : type,
    })),
    rows,
    cut,
  };
}
