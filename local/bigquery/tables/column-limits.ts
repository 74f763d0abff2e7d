import { BigQueryError } from '../errors.ts';
import type { Field, Table } from './schema.ts';

/**
 * BigQuery's rules for the columns of a table.
 * https://cloud.google.com/bigquery/docs/schemas#column_names
 * https://cloud.google.com/bigquery/quotas#standard_tables
 */

/** The characters of a "flexible column name", which begins with a letter, a digit or an underscore. */
export const FLEXIBLE = String.raw`\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}&%=+:'<>#|`;
export const MAX_NAME = 300;

const NAME = new RegExp(`^[\\p{L}\\p{N}_][${FLEXIBLE}]{0,${MAX_NAME - 1}}$`, 'u');
const MAX_COLUMNS = 10_000;
const MAX_DEPTH = 15;
const MAX_DESCRIPTION = 1024;
const RESERVED = [
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

/** Throws invalid with Google's messages. */
export function checkColumns({ schema }: Pick<Table, 'schema'>): void {
  const count = checkFields(schema, 1);
  if (count > MAX_COLUMNS) throw invalid(`Too many total leaf fields: ${count}`);
}

/** Counts the columns, including those of records. */
function checkFields(fields: readonly Field[], depth: number): number {
  if (depth > MAX_DEPTH) throw invalid(`Schema is nested deeper than ${MAX_DEPTH} levels`);
  // Stop here: the names of a million columns need no check.
  if (fields.length > MAX_COLUMNS) return fields.length;
  const seen = new Set<string>();
  let count = 0;
  for (const { name, description = '', fields: inner } of fields) {
    checkName(name);
    const key = name.toLowerCase();
    if (seen.has(key)) throw invalid(`Field ${name} already exists in schema`);
    seen.add(key);
    if (description.length > MAX_DESCRIPTION) {
      throw invalid(
        `The description for field ${name} is too long. The maximum length is ${MAX_DESCRIPTION} characters.`,
      );
    }
    count += inner ? checkFields(inner, depth + 1) : 1;
  }
  return count;
}

/** Throws invalid. */
export function checkName(name: string): void {
  const upper = name.toUpperCase();
  if (RESERVED.some((prefix) => upper.startsWith(prefix))) {
    throw invalid(
      `Invalid field name "${shown(name)}". Field names are not allowed to start with the (case-insensitive) prefixes ${RESERVED.join(', ')}`,
    );
  }
  if (!NAME.test(name)) {
    throw invalid(
      `Invalid field name "${shown(name)}". Fields must contain the allowed characters, and be at most ${MAX_NAME} characters long.`,
    );
  }
}

function shown(name: string): string {
  return name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name;
}

function invalid(message: string): BigQueryError {
  return new BigQueryError('invalid', message);
}
