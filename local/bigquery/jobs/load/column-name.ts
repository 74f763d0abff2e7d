import { checkName, FLEXIBLE, MAX_NAME } from '../../tables/column-limits.ts';

/**
 * `columnNameCharacterMap` of a load job: STRICT rejects invalid column names, V1 reduces names to ASCII
 * letters, digits and underscores, and V2 keeps the characters of "flexible column names".
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#columnnamecharactermap
 */
export type CharacterMap = 'STRICT' | 'V1' | 'V2';

const NO_FLEXIBLE = new RegExp(`[^${FLEXIBLE}]`, 'gu');

/**
 * The column name of a header cell; empty if the cell has no name. Without a map in the job, every
 * character that is not a letter, mark, digit or connector becomes an underscore. Throws invalid.
 */
export function headerName(text: string, characters: CharacterMap | undefined): string {
  const header = text.trim();
  switch (characters) {
    case 'STRICT':
      if (header !== '') checkName(header);
      return header;
    case 'V1':
      return cut(header.replace(/[^A-Za-z0-9_]/gu, '_').replace(/^[0-9]/, '_$&'));
    case 'V2':
      return cut(header.replace(NO_FLEXIBLE, '_').replace(/^[^\p{L}\p{N}_]/u, '_$&'));
    case undefined:
      return cut(header.replace(/[^\p{L}\p{M}\p{N}\p{Pc}]/gu, '_').replace(/^\p{N}/u, '_$&'));
  }
}

function cut(name: string): string {
  return [...name.slice(0, 2 * MAX_NAME)].slice(0, MAX_NAME).join('');
}
