/**
 * What a column of a table may be named, and how many of them there may be: the one set of rules, for columns of
 * the config, of an export's schema and of a file's header.
 * https://cloud.google.com/bigquery/docs/schemas#column_names ("flexible column names", of which we leave out the
 * signs: they want backticks in every query)
 */

/** https://cloud.google.com/bigquery/quotas#standard_tables */
export const maxColumns = 10_000;
/** In characters. */
export const maxDescriptionLength = 1024;
const maxNameLength = 300;

/** Characters that a name can't hold. */
const unfit = /[^\p{L}\p{M}\p{N}\p{Pc}]/gu;
const digitFirst = /^\p{N}/u;

/** BigQuery keeps these prefixes for itself, in any case: its pseudo-columns have them. */
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

/** The same for all names that are one column to BigQuery. */
export function columnKey(name: string): string {
  return name.toLowerCase();
}

/** Any text as the name of a column; empty where nothing of it is left. What is a name already stays as it is. */
export function columnName(text: string): string {
  const plain = text.toWellFormed().normalize('NFC').trim();
  const name = plain.replace(unfit, '_').replace(digitFirst, '_$&');
  return cutName(reservedPrefix(name) ? `column${name}` : name);
}

/** The beginning of a name, with room for `suffixLength` more. Cuts no character in two. */
export function cutName(name: string, suffixLength = 0): string {
  const end = maxNameLength - suffixLength;
  const isPairCut = name.length > end && /[\uD800-\uDBFF]/.test(name.charAt(end - 1));
  return name.slice(0, isPairCut ? end - 1 : end);
}

/** Why a table can have no column of this name. */
export function nameProblem(name: string): string | undefined {
  const prefix = reservedPrefix(name);
  if (prefix) return `begins with ${prefix}, which BigQuery keeps for itself`;
  if (name.length > maxNameLength) return `must have ${maxNameLength} characters at most`;
  if (columnName(name) === name && name !== '') return undefined;
  if (name.normalize('NFC') !== name && columnName(name) === name.normalize('NFC')) {
    return "must be in Unicode's composed form (NFC), as the names of a file's columns are";
  }
  return 'must be a letter or _, then letters, digits or _ (of any script)';
}

/** Names that are one column to BigQuery: each with the one before it that it doubles. */
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
