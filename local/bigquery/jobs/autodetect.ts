import type { Field, FieldType } from '../tables/schema.ts';
import { parseDate, parseTime, parseTimestamp } from '../values/calendar.ts';
import { parseFloat64, parseInteger } from '../values/parse-text.ts';
import { type CharacterMap, headerName } from './column-name.ts';
import type { CsvRecord } from './csv-parser.ts';

/** How many rows BigQuery looks at. */
export const SAMPLE_ROWS = 500;

export interface Detected {
  schema: Field[];
  /** Whether the first of the records names the columns. */
  hasHeader: boolean;
}

/**
 * The columns of a CSV file from its first records. `mayHaveHeader` is false where the job says
 * that there is none (`skipLeadingRows` 0).
 * https://cloud.google.com/bigquery/docs/schema-detect
 */
export function detectCsv(
  records: readonly CsvRecord[],
  mayHaveHeader: boolean,
  characters: CharacterMap | undefined,
): Detected {
  const [first, ...rest] = records;
  const width = Math.max(0, ...records.map((record) => record.cells.length));
  const types = columnTypes(rest, width);
  const texts = first?.cells.map((cell) => cell.text.trim()) ?? [];
  // A cell without a name says nothing, and leaves the others theirs.
  const named = texts.filter((text) => text !== '');
  const allText = named.length > 0 && named.every((text) => detectType(text) === 'STRING');
  // A row of words above other rows of words may as well be data, unless nothing follows it.
  const stands = rest.length === 0 || types.some((type) => type !== 'STRING');
  const hasHeader = mayHaveHeader && allText && stands;
  const found = hasHeader ? types : columnTypes(records, width);
  const names = hasHeader ? texts.map((text) => headerName(text, characters)) : [];
  return { schema: nameFields(found, names), hasHeader };
}

function columnTypes(records: readonly CsvRecord[], width: number): FieldType[] {
  return Array.from({ length: width }, (_, column) => {
    let type: FieldType | undefined;
    for (const record of records) {
      const text = record.cells[column]?.text.trim() ?? '';
      if (text !== '') type = widen(type, detectType(text));
      if (type === 'STRING') break;
    }
    return type ?? 'STRING';
  });
}

function widen(known: FieldType | undefined, next: FieldType): FieldType {
  if (known === undefined || known === next) return next;
  const pair = new Set([known, next]);
  if (pair.has('INTEGER') && pair.has('FLOAT')) return 'FLOAT';
  if (pair.has('DATE') && pair.has('TIMESTAMP')) return 'TIMESTAMP';
  return 'STRING';
}

function detectType(text: string): FieldType {
  if (parseInteger(text) !== undefined) return 'INTEGER';
  if (parseFloat64(text) !== undefined) return 'FLOAT';
  if (/^(?:true|false)$/i.test(text)) return 'BOOLEAN';
  if (parseDate(text) !== undefined) return 'DATE';
  if (/^\d{1,2}:\d/.test(text) && parseTime(text) !== undefined) return 'TIME';
  if (parseTimestamp(text) !== undefined) return 'TIMESTAMP';
  return 'STRING';
}

function nameFields(types: readonly FieldType[], names: readonly string[]): Field[] {
  const unique = uniqueNames();
  return types.map((type, index) => {
    const fallback = `${TYPE_NAMES[type] ?? 'string'}_field_${index}`;
    return { name: unique(names[index] || fallback), type, mode: 'NULLABLE' };
  });
}

const TYPE_NAMES: Readonly<Partial<Record<FieldType, string>>> = {
  STRING: 'string',
  INTEGER: 'int64',
  FLOAT: 'double',
  BOOLEAN: 'bool',
  DATE: 'date',
  TIME: 'time',
  TIMESTAMP: 'timestamp',
};

/** Each name that is there already gets a number; a million of one name too. */
function uniqueNames(): (name: string) => string {
  const taken = new Set<string>();
  const numbers = new Map<string, number>();
  return (name) => {
    const key = name.toLowerCase();
    let candidate = name;
    let number = numbers.get(key) ?? 0;
    while (taken.has(candidate.toLowerCase())) candidate = `${name}_${++number}`;
    numbers.set(key, number);
    taken.add(candidate.toLowerCase());
    return candidate;
  };
}
