/**
 * The names that a table's columns may have, and how many columns there may be: the same rules for columns of the
 * config, of an export's schema and of a file's header.
 * https://cloud.google.com/bigquery/docs/schemas#column_names ("flexible column names", without punctuation: that needs
 * backticks in every query)
 */

/** https://cloud.google.com/bigquery/quotas#standard_tables */
export const maxColumns = 10_000;
/** In characters. */
export const maxDescriptionLength = 1024;
const maxNameLength = 300;

/** Characters that a name can't have. */
const unfit = /[^\p{L}\p{M}\p{N}\p{Pc}]/gu;
const digitFirst = /^\p{N}/u;

/** Reserved by BigQuery for its pseudo-columns, in upper or lower case. */
const reservedPrefixes = [
  '_TABLE_',
  '_FILE_',
  '_PARTITION',
  '_ROW_TIMESTAMP',
  '__ROOT__',
  '_COLIDENTIFIER',
  '_CHANGE_SEQUENCE_NUMBER',
  '_CHANGE_TYPE',
  '_CHANGE_TIMESTAMP',
];

function reservedPrefix(name: string): string | undefined {
  const upper = name.toUpperCase();
  return reservedPrefixes.find((prefix) => upper.startsWith(prefix));
}

/** Equal for all names that are the same column to BigQuery. */
export function columnKey(name: string): string {
  return name.toLowerCase();
}

/** Any text as the name of a column; empty if nothing is left of it. A valid name stays as it is. */
export function columnName(text: string): string {
  const plain = text.toWellFormed().normalize('NFC').trim();
  const name = plain.replace(unfit, '_').replace(digitFirst, '_$&');
  return cutName(reservedPrefix(name) ? `column${name}` : name);
}

/** The beginning of a name, with room for a suffix of `suffixLength`. Does not cut a surrogate pair. */
export function cutName(name: string, suffixLength = 0): string {
  const end = maxNameLength - suffixLength;
  const isPairCut = name.length > end && /[\uD800-\uDBFF]/.test(name.charAt(end - 1));
  return name.slice(0, isPairCut ? end - 1 : end);
}

/** Why a column can't have this name; undefined if it can. */
export function nameProblem(name: string): string | undefined {
  const prefix = reservedPrefix(name);
  if (prefix) return `begins with ${prefix}, which BigQuery reserves`;
  if (name.length > maxNameLength) return `must have ${maxNameLength} characters at most`;
  if (columnName(name) === name && name !== '') return undefined;
  if (name.normalize('NFC') !== name && columnName(name) === name.normalize('NFC')) {
    return "must be in Unicode's composed form (NFC), as the names of a file's columns are";
  }
  return 'must be a letter or _, then letters, digits or _ (of any script)';
}

/** Names that are the same column to BigQuery as an earlier one, which is `first`. */
export function doubledNames(names: Iterable<string>): { name: string; first: string }[] {
  const firsts = new Map<string, string>();
  const doubled: { name: string; first: string }[] = [];
  for (const name of names) {
    const first = firsts.get(columnKey(name));
    if (first === undefined) firsts.set(columnKey(name), name);
    else doubled.push({ name, first });
  }
  return doubled;
}
