import { Readable } from 'node:stream';
import { type CsvError, type Info, type Options, parse } from 'csv-parse';
import { RelayError } from '../../shared/error.ts';
import { type Line, maxLineBytes } from './lines.ts';

export interface CsvOptions {
  delimiter?: string;
  /** Column → the member of the event that it fills; its own name where it isn't listed. */
  rename?: ReadonlyMap<string, string>;
  /** The stream's deliveries are forms, and not JSON. */
  asForm?: boolean;
}

type CsvRow = Record<string, string | null>;

/** As the parser gives it. */
interface ReadRow {
  record: CsvRow;
  info: Info;
}

const linesAtOnce = 500;
/** Behind these the parser has lost its place. */
const endless = new Set(['CSV_QUOTE_NOT_CLOSED', 'CSV_MAX_RECORD_SIZE']);

/**
 * The rows of a CSV (RFC 4180; the first row names the columns) as the bodies that the sender would deliver:
 * an object with a member for each column. An empty field is null, and `""` an empty text. The number of a
 * row is that of its last line.
 *
 * @throws RelayError `import.not-utf-8`, `import.csv`
 */
export async function* csvLines(
  chunks: AsyncIterable<Uint8Array>,
  { delimiter = ',', rename, asForm = false }: CsvOptions = {},
): AsyncGenerator<Line[]> {
  let lines: Line[] = [];
  let lastBad: number | undefined;
  const parser = parse({
    delimiter,
    columns: (header: string[]) => memberNames(header, rename),
    cast: (value, { quoting, header }) => (value === '' && !quoting && !header ? null : value),
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      const line = error && unreadable(error);
      if (error && endless.has(error.code)) parser.destroy(error);
      // Some rows have several problems. Into the stream, so that bad rows wait to be read as others do.
      else if (line && line.number !== lastBad) parser.push(line);
      lastBad = line?.number ?? lastBad;
    },
    max_record_size: maxLineBytes,
  } as Options);
  const text = Readable.from(decode(chunks));
  text.once('error', (error) => parser.destroy(error));
  text.pipe(parser);
  try {
    for await (const read of parser as AsyncIterable<Line | ReadRow>) {
      lines.push('record' in read ? toLine(read, asForm) : read);
      if (lines.length < linesAtOnce) continue;
      yield lines;
      lines = [];
    }
  } catch (cause) {
    if (lines.length > 0) yield lines;
    if (cause instanceof RelayError) throw cause;
    throw new RelayError('import.csv', 'invalid', (cause as Error).message, { cause });
  } finally {
    text.destroy();
  }
  if (lines.length > 0) yield lines;
}

function memberNames(header: string[], rename: CsvOptions['rename']): string[] {
  const names = header.map((name) => rename?.get(name.trim()) ?? name.trim());
  const doubled = names.find((name, index) => names.indexOf(name) !== index);
  if (doubled !== undefined) {
    throw new RelayError('import.csv', 'invalid', `the CSV has two columns named "${doubled}"`);
  }
  return names;
}

function unreadable(error: CsvError): Line {
  const { lines = 0, record } = error as CsvError & { lines?: number; record?: unknown };
  const bytes = Buffer.from(JSON.stringify(record ?? null));
  return { number: lines, bytes, problem: error.message };
}

function toLine({ record, info }: ReadRow, asForm: boolean): Line {
  return { number: info.lines, bytes: toBody(record, asForm) };
}

function toBody(row: CsvRow, asForm: boolean): Uint8Array {
  if (!asForm) return Buffer.from(JSON.stringify(row));
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(row)) {
    if (value !== null) form.append(name, value);
  }
  return Buffer.from(form.toString());
}

/** Decoded strictly: a wrong character must not arrive as U+FFFD. Drops a byte order mark. */
async function* decode(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      yield decoder.decode(chunk, { stream: true });
      bytes += chunk.length;
    }
    yield decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const problem = `the file is not UTF-8, somewhere behind byte ${bytes}`;
    throw new RelayError('import.not-utf-8', 'invalid', problem, { cause });
  }
}
