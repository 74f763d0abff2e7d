import { columnKey, columnName, cutName } from '../column-rules.ts';

export { columnName };

export interface ColumnNames {
  /** Of each cell of the header. */
  names: readonly string[];
  /** Cells of the header with nothing in them: `column_3`, by its place from 1. */
  unnamed: readonly number[];
  /** Names that stand twice, as the header has them. */
  doubled: readonly string[];
}

/**
 * The columns that a header names. Of two that are one name to BigQuery the second becomes `name_1`, the third
 * `name_2`, and so in every file with such a header.
 *
 * @param toName the name that one cell asks for
 */
export function columnNames(
  header: readonly string[],
  toName: (cell: string) => string = columnName,
): ColumnNames {
  const asked = header.map(toName);
  // A name that the header has is nobody else's.
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

/** `name_1`, or the next that nobody has; takes it. */
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
