import { columnKey, columnName, cutName } from '../column-rules.ts';

export { columnName };

export interface ColumnNames {
  /** The column's name for each cell of the header. */
  names: readonly string[];
  /** Names of empty cells of the header: `column_3`, by position from 1. */
  unnamed: readonly number[];
  /** Names that occur twice, as the header has them. */
  doubled: readonly string[];
}

/**
 * The columns that a header names. Of names that are the same to BigQuery the second becomes `name_1`, the third
 * `name_2`: the same in every file with this header.
 *
 * @param toName gives a column's name for the text of a cell
 */
export function columnNames(
  header: readonly string[],
  toName: (cell: string) => string = columnName,
): ColumnNames {
  const asked = header.map(toName);
  // A suffixed name must not be a name of the header.
  const own = new Set(asked.map(columnKey));
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const unnamed: number[] = [];
  const doubled: string[] = [];
  const names = asked.map((name, place) => {
    if (name === '') {
      unnamed.push(place);
      return name;
    }
    const isFirst = !taken.has(columnKey(name));
    taken.add(columnKey(name));
    if (isFirst) return name;
    doubled.push(header[place]?.trim() ?? name);
    return free(name, own, numbers);
  });
  for (const place of unnamed) {
    const name = `column_${place + 1}`;
    names[place] = own.has(name) ? free(name, own, numbers) : name;
    own.add(name);
  }
  return { names, unnamed, doubled };
}

/** `name_1`, or the next free one; marks it as taken. */
function free(name: string, taken: Set<string>, numbers: Map<string, number>): string {
  const key = columnKey(name);
  for (let number = (numbers.get(key) ?? 0) + 1; ; number++) {
    const suffix = `_${number}`;
    const numbered = cutName(name, suffix.length) + suffix;
    if (taken.has(columnKey(numbered))) continue;
    taken.add(columnKey(numbered));
    numbers.set(key, number);
    return numbered;
  }
}
