/**
 * Names of columns as BigQuery has them: letters, marks and digits of every script and `_`, 300 characters at
 * most, no digit first, none that it keeps for itself, and no two that differ in case alone.
 * https://cloud.google.com/bigquery/docs/schemas#column_names ("flexible column names", of which we leave out
 * the signs: they want backticks in every query)
 */

/** Characters that a name can't hold. */
const unfit = /[^\p{L}\p{M}\p{N}\p{Pc}]/gu;
const digitFirst = /^\p{N}/u;
const maxLength = 300;

/** BigQuery keeps these beginnings for itself, in any case. */
const reservedBeginnings = [
  '_table_',
  '_file_',
  '_partition',
  '_row_timestamp',
  '__root__',
  '_colidentifier',
  '_change_sequence_number',
  '_change_type',
  '_change_timestamp',
];

/** Does BigQuery keep a name that begins so for itself? */
export function isReservedName(name: string): boolean {
  const lower = name.toLowerCase();
  return reservedBeginnings.some((beginning) => lower.startsWith(beginning));
}

/** A header's text as the name of a column; empty where nothing of it is left. */
export function columnName(header: string): string {
  const name = header.normalize('NFC').trim().replace(unfit, '_').replace(digitFirst, '_$&');
  const own = isReservedName(name) ? `column${name}` : name;
  return own.slice(0, maxLength).toWellFormed();
}

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
  const own = new Set(asked.map((name) => name.toLowerCase()));
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  const unnamed: number[] = [];
  const doubled: string[] = [];
  const names = asked.map((name, place) => {
    if (name === '') {
      unnamed.push(place);
      return name;
    }
    const isFirst = !taken.has(name.toLowerCase());
    taken.add(name.toLowerCase());
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
  const key = name.toLowerCase();
  for (let number = (numbers.get(key) ?? 0) + 1; ; number++) {
    const suffix = `_${number}`;
    const numbered = name.slice(0, maxLength - suffix.length) + suffix;
    if (taken.has(numbered.toLowerCase())) continue;
    taken.add(numbered.toLowerCase());
    numbers.set(key, number);
    return numbered;
  }
}
