import { checkName, FLEXIBLE, MAX_NAME } from '../tables/column-limits.ts';

/**
 * `columnNameCharacterMap` of a load job: STRICT refuses what a column cannot be named, V1 makes letters, digits and
 * underscores of ASCII of it, and V2 keeps what a "flexible column name" may hold.
 * https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#columnnamecharactermap
 */
export type CharacterMap = 'STRICT' | 'V1' | 'V2';

const NO_FLEXIBLE = new RegExp(`[^${FLEXIBLE}]`, 'gu');

/**
 * The column that a cell of the header names; empty where it names none. Where the job leaves the map to the
 * project, underscores take the place of what is no letter, mark, digit or connector of any script. Throws invalid.
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
