import { BigQueryError } from '../errors.ts';
import type { Field } from '../tables/schema.ts';
import { headerName } from './column-name.ts';
import type { CsvRecord } from './csv-parser.ts';
import type { LoadOptions } from './load-options.ts';

/**
 * For each cell of a header its column's place in the schema; -1 for one that is ignored. Throws invalid for a name
 * that stands there twice, and for one that the schema lacks.
 */
export function matchHeader(
  header: CsvRecord | undefined,
  schema: readonly Field[],
  options: LoadOptions,
): number[] {
  const places = new Map(schema.map((field, index) => [field.name.toLowerCase(), index]));
  const seen = new Set<string>();
  return (header?.cells ?? []).map((cell) => {
    const asIs = cell.text.trim().toLowerCase();
    const characters = options.csv.columnNameCharacters;
    const name = places.has(asIs) ? asIs : headerName(cell.text, characters).toLowerCase();
    if (name !== '' && seen.has(name)) throw badHeader(`has a column twice: ${shown(cell.text)}`);
    seen.add(name);
    const index = places.get(name) ?? -1;
    if (index === -1 && !options.ignoreUnknownValues) {
      throw badHeader(`has an unknown column: ${shown(cell.text)}`);
    }
    return index;
  });
}

function badHeader(reason: string): BigQueryError {
  const message = `Error while reading data, error message: CSV header ${reason}`;
  return new BigQueryError('invalid', message);
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
