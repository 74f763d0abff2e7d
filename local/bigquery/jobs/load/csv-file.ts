import { createReadStream } from 'node:fs';
import { BigQueryError } from '../../errors.ts';
import type { Cell } from '../../tables/cell.ts';
import { type Field, findField } from '../../tables/schema.ts';
import { parseText } from '../../values/parse-text.ts';
import { detectCsv, detectDelimiter, SAMPLE_ROWS } from './autodetect.ts';
import { headerName } from './column-name.ts';
import { CsvParser, type CsvRecord } from './csv-parser.ts';
import { type FileRow, type LoadFile, problem } from './load-file.ts';
import type { LoadOptions } from './load-options.ts';

/** Opens a CSV file. `tableSchema` is the schema of the destination table, if the table exists. */
export async function openCsv(
  file: string,
  options: LoadOptions,
  tableSchema: Field[] | undefined,
): Promise<LoadFile> {
  const records = readRecords(file, options, await delimiterOf(file, options));
  const sample = await takeSample(records, SAMPLE_ROWS + (options.csv.skipLeadingRows ?? 1));
  const layout = readLayout(sample, options, tableSchema);
  return {
    schema: layout.schema,
    async *rows() {
      yield toRows(sample.slice(layout.firstRow), layout, options);
      for await (const batch of records) yield toRows(batch, layout, options);
    },
  };
}

/** Small, so that the rows of one chunk block the event loop only briefly. */
const CHUNK_BYTES = 256 * 1024;

interface Layout {
  schema: Field[];
  /** The index in `schema` of each column of the file; -1 for an ignored column. */
  columns: number[] | undefined;
  /** The index of the first data record. */
  firstRow: number;
}

/** The job's delimiter, else the detected one, else a comma. */
async function delimiterOf(
  file: string,
  { csv, autodetect, schema }: LoadOptions,
): Promise<string> {
  if (csv.delimiter !== undefined) return csv.delimiter;
  return autodetect && schema === undefined ? await detectDelimiter(file, csv) : ',';
}

async function* readRecords(
  file: string,
  options: LoadOptions,
  delimiter: string,
): AsyncGenerator<CsvRecord[]> {
  const parser = new CsvParser({ ...options.csv, delimiter });
  const stream = createReadStream(file, { encoding: 'utf8', highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream) yield parser.push(String(chunk));
  yield parser.end();
}

/** Reads at least `count` records, or all. A `for await` loop would close the generator. */
async function takeSample(
  records: AsyncGenerator<CsvRecord[]>,
  count: number,
): Promise<CsvRecord[]> {
  const sample: CsvRecord[] = [];
  while (sample.length < count) {
    const { done, value } = await records.next();
    if (done) break;
    for (const record of value) sample.push(record);
  }
  return sample;
}

function readLayout(
  sample: readonly CsvRecord[],
  options: LoadOptions,
  tableSchema: Field[] | undefined,
): Layout {
  const skip = options.csv.skipLeadingRows;
  if (options.autodetect && options.schema === undefined) {
    return detectLayout(sample, options, tableSchema);
  }
  const schema = options.schema ?? tableSchema;
  if (schema === undefined) {
    throw new BigQueryError('invalid', 'No schema specified on job or table.');
  }
  if (options.csv.matchByName !== true) return { schema, columns: undefined, firstRow: skip ?? 0 };
  // The last skipped row names the columns.
  const header = sample[Math.max(skip ?? 1, 1) - 1];
  return {
    schema,
    columns: matchHeader(header, schema, options),
    firstRow: Math.max(skip ?? 1, 1),
  };
}

/**
 * The index in the schema of each header cell's column; -1 for an ignored column. Throws invalid for a
 * name that occurs twice and for a name that is not in the schema.
 */
function matchHeader(
  header: CsvRecord | undefined,
  schema: readonly Field[],
  options: LoadOptions,
): number[] {
  const indexes = new Map(schema.map((field, index) => [field.name.toLowerCase(), index]));
  const seen = new Set<string>();
  return (header?.cells ?? []).map((cell) => {
    const exact = cell.text.trim().toLowerCase();
    const characters = options.csv.columnNameCharacters;
    const name = indexes.has(exact) ? exact : headerName(cell.text, characters).toLowerCase();
    if (name !== '' && seen.has(name)) throw badHeader(`has a column twice: ${shown(cell.text)}`);
    seen.add(name);
    const index = indexes.get(name) ?? -1;
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

function detectLayout(
  sample: readonly CsvRecord[],
  options: LoadOptions,
  tableSchema: Field[] | undefined,
): Layout {
  const skip = options.csv.skipLeadingRows;
  const start = Math.max((skip ?? 1) - 1, 0);
  const seen = sample.slice(start, start + SAMPLE_ROWS + 1);
  const { columnNameCharacters: characters } = options.csv;
  const { schema, hasHeader } = detectCsv(seen, skip !== 0, characters);
  const names = seen[0]?.cells.map((cell) => headerName(cell.text, undefined)) ?? [];
  const known = tableSchema ?? [];
  const namesColumns =
    names.length > 0 && skip !== 0 && names.every((name) => findField(known, name) !== undefined);
  const firstRow = hasHeader || namesColumns ? start + 1 : (skip ?? 0);
  if (tableSchema === undefined) return { schema, columns: undefined, firstRow };
  if (!(hasHeader || namesColumns)) return { schema: tableSchema, columns: undefined, firstRow };
  if (options.csv.matchByName === false)
    return { schema: tableSchema, columns: undefined, firstRow };
  // Existing columns keep the table's types; detection decides the types of new columns.
  const fields = namesColumns ? names : schema.map((field) => field.name);
  const merged = fields.flatMap((name, index) => {
    const field = findField(tableSchema, name) ?? schema[index];
    return field === undefined ? [] : [field];
  });
  return { schema: merged, columns: undefined, firstRow };
}

function toRows(records: readonly CsvRecord[], layout: Layout, options: LoadOptions): FileRow[] {
  return records.map((record) => toRow(record, layout, options));
}

function toRow(record: CsvRecord, layout: Layout, options: LoadOptions): FileRow {
  const { schema } = layout;
  const columns = layout.columns ?? schema.map((_, index) => index);
  if (record.cells.length > columns.length && !options.ignoreUnknownValues) {
    return problem(
      `Too many values in line. Found ${record.cells.length} column(s) while expected ${columns.length}.${place(record)}`,
    );
  }
  if (record.cells.length < columns.length && !options.csv.allowJaggedRows) {
    return problem(
      `CSV table references column position ${columns.length - 1}, but line contains only ${record.cells.length} columns.${place(record)}`,
    );
  }
  const cells: Cell[] = schema.map(() => null);
  for (const [position, target] of columns.entries()) {
    const field = schema[target];
    const source = record.cells[position];
    if (field === undefined || source === undefined) continue;
    // BigQuery rejects ASCII 0 unless the job keeps control characters.
    if (!options.csv.preserveAsciiControl && source.text.includes('\0')) {
      return problem(`Bad character (ASCII 0) encountered.${place(record)}`);
    }
    const cell = toCell(field, source, options);
    if (cell === undefined) {
      return problem(
        `Could not parse '${source.text.slice(0, 100)}' as ${field.type} for column ${field.name};${place(record)} column_index: ${position} column_name: "${field.name}" column_type: ${field.type} value: "${source.text.slice(0, 100)}"`,
      );
    }
    cells[target] = cell;
  }
  return complete(schema, cells, record);
}

function complete(schema: readonly Field[], cells: Cell[], record: CsvRecord): FileRow {
  const missing = schema.find((field, index) => field.mode === 'REQUIRED' && cells[index] === null);
  if (missing === undefined) return { cells };
  return problem(`Required column value for column: ${missing.name} is missing.${place(record)}`);
}

/** Returns undefined if the text is not a value of the column's type. */
function toCell(
  field: Field,
  source: CsvRecord['cells'][number],
  options: LoadOptions,
): Cell | undefined {
  if (field.type === 'RECORD' || field.mode === 'REPEATED') return undefined;
  const { nullMarkers } = options.csv;
  if (!source.quoted && nullMarkers.has(source.text)) return null;
  if (source.text === '')
    return field.type === 'STRING' || field.type === 'BYTES' ? parseText(field.type, '') : null;
  return parseText(field.type, source.text);
}

function place(record: CsvRecord): string {
  return ` line_number: ${record.line} byte_offset_to_start_of_line: ${record.offset}`;
}
