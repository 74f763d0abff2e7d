import { open } from 'node:fs/promises';
import { BigQueryError } from '../../errors.ts';
import type { Field, FieldType } from '../../tables/schema.ts';
import { parseDate, parseTime, parseTimestamp } from '../../values/calendar.ts';
import { parseFloat64, parseInteger } from '../../values/parse-text.ts';
import { type CharacterMap, headerName } from './column-name.ts';
import { type CsvOptions, CsvParser, type CsvRecord } from './csv-parser.ts';

/** How many rows BigQuery reads for detection. */
export const SAMPLE_ROWS = 500;

export interface Detected {
  schema: Field[];
  /** Whether the first record names the columns. */
  hasHeader: boolean;
}

/**
 * The columns of a CSV file from its first records. `mayHaveHeader` is false if the job rules a
 * header out (`skipLeadingRows` 0).
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
  // An empty cell does not decide whether the record is a header.
  const named = texts.filter((text) => text !== '');
  const allText = named.length > 0 && named.every((text) => detectType(text) === 'STRING');
  // If all columns are text, the first record may be data, except when nothing follows it.
  const isDistinct = rest.length === 0 || types.some((type) => type !== 'STRING');
  const hasHeader = mayHaveHeader && allText && isDistinct;
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

/** Adds a number to each name that is taken, in constant time per name. */
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

/** "BigQuery detects the following delimiters": https://cloud.google.com/bigquery/docs/schema-detect */
const DELIMITERS = [',', '|', '\t'] as const;
const DELIMITER_SAMPLE_BYTES = 64 * 1024;

/** The delimiter with which most of the first records have as many cells as the first one. */
export async function detectDelimiter(
  file: string,
  options: Omit<CsvOptions, 'delimiter'>,
): Promise<string> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle
    .read(Buffer.alloc(DELIMITER_SAMPLE_BYTES))
    .finally(() => handle.close());
  const sample = buffer.toString('utf8', 0, bytesRead);
  const isWhole = bytesRead < DELIMITER_SAMPLE_BYTES;
  let best: { delimiter: string; share: number } = { delimiter: ',', share: 0 };
  for (const delimiter of DELIMITERS) {
    const share = matchingShare(sample, isWhole, { ...options, delimiter });
    if (share > best.share) best = { delimiter, share };
  }
  return best.delimiter;
}

/** 0 if the first record has one cell, or if the sample is not CSV with this delimiter. */
function matchingShare(sample: string, isWhole: boolean, options: CsvOptions): number {
  const parser = new CsvParser(options);
  try {
    const records = [...parser.push(sample), ...(isWhole ? parser.end() : [])];
    const [width = 0, ...rest] = records.map(({ cells }) => cells.length);
    if (width < 2) return 0;
    return rest.length === 0 ? 1 : rest.filter((other) => other === width).length / rest.length;
  } catch (cause) {
    if (cause instanceof BigQueryError) return 0;
    throw cause;
  }
}
