import { maxColumns } from '../column-rules.ts';
import { RelayError } from '../errors.ts';
import { joinBytes } from '../join-bytes.ts';
import { type Delimiter, detectDialect, sampleBytes } from './dialect.ts';
import {
  type ByteDecoder,
  openDecoder,
  type Utf8Check,
  unmarkedError,
  unmarkedUtf16,
} from './encoding.ts';
import {
  type BadRecord,
  countLines,
  type LineEnd,
  RecordScanner,
  type ScannedRecord,
} from './record-scanner.ts';

/**
 * The reader of every delimited file, wherever it comes from. Push its bytes; the handler gets the header, then each row
 * and each bad record, in order. Lines count from 1.
 */
export interface DelimitedOptions {
  /** Detected if it is not set: see detectDialect. */
  delimiter?: Delimiter | undefined;
  /** As TextDecoder names it, `windows-1252`. Without it a file is UTF-8, or UTF-16 with a byte order mark. */
  encoding?: string | undefined;
  /** The runtime's function, if it has one: `isUtf8` of node:buffer. */
  isUtf8?: Utf8Check | undefined;
  /** A longer record is bad: 8 MiB by default. */
  maxRecordBytes?: number;
}

export interface DelimitedHandler {
  /** The cells of the header, unchanged. */
  header(cells: readonly string[]): void;
  /** As wide as the header. @param record is used again for the next one */
  row(record: ScannedRecord): void;
  bad(record: BadRow): void;
}

/** A record that is not a row. `bytes` are valid only while the handler runs. */
interface BadRow {
  line: number;
  bytes: Uint8Array;
  /** For a person: what is wrong with it. */
  problem: string;
}

const defaultRecordBytes = 8 * 1024 * 1024;

const problems = {
  'text-behind-quote': 'text stands behind a closing quote',
  'unclosed-quote': 'a quote is never closed',
  'too-long': 'the record is too long',
} as const;

export class DelimitedReader {
  readonly #handler: DelimitedHandler;
  readonly #options: DelimitedOptions;
  /** The beginning of the file, until it is long enough to detect the dialect. */
  #sample: Uint8Array[] = [];
  #sampled = 0;
  #decoder: ByteDecoder | undefined;
  #scanner: RecordScanner | undefined;
  #width = 0;
  #delimiter: Delimiter | undefined;
  /** There was no line of blanks between records. */
  #isDense = true;

  constructor(options: DelimitedOptions, handler: DelimitedHandler) {
    this.#options = options;
    this.#handler = handler;
  }

  /**
   * Whether BigQuery reads all records so far the same way: separated by commas, with standard quotes and line ends, and
   * nothing between them. Then their UTF-8 bytes can be loaded unchanged. A byte order mark or a `sep=,` line does not
   * matter: it stands above the header.
   */
  get isCanonical(): boolean {
    return this.#isDense && (this.#scanner?.isCanonical ?? true);
  }

  /** The delimiter; undefined until the header has been read. */
  get delimiter(): Delimiter | undefined {
    return this.#delimiter;
  }

  /** The end of the first line; LF if it is not known. */
  get lineEnd(): LineEnd {
    return this.#scanner?.lineEnd ?? '\n';
  }

  /**
   * @param chunk is not kept
   * @throws RelayError `delimited.encoding`, `delimited.header`; the handler has got everything before the error
   */
  push(chunk: Uint8Array): void {
    this.#decoder ??= openDecoder(this.#options.encoding, this.#options.isUtf8);
    this.#take(this.#decoded(this.#decoder, chunk));
  }

  /** @throws RelayError as push does */
  end(): void {
    if (this.#decoder) this.#take(this.#decoded(this.#decoder));
    if (!this.#scanner && this.#sampled > 0) this.#open();
    this.#scanner?.end();
  }

  /** @param chunk absent at the end */
  #decoded(decoder: ByteDecoder, chunk?: Uint8Array): Uint8Array {
    const lineOf = () => this.#nextLine();
    try {
      return chunk ? decoder.push(chunk, lineOf) : decoder.end(lineOf);
    } catch (error) {
      if (!this.#scanner && this.#sampled > 0) this.#open();
      throw error;
    }
  }

  #nextLine(): number {
    if (this.#scanner) return this.#scanner.nextLine;
    return 1 + countLines(joinBytes(this.#sample, this.#sampled));
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#scanner) {
      this.#scanner.push(bytes);
      return;
    }
    this.#sample.push(new Uint8Array(bytes));
    this.#sampled += bytes.length;
    if (this.#sampled >= sampleBytes) this.#open();
  }

  #open(): void {
    const [only = new Uint8Array(0), ...more] = this.#sample;
    const sample = more.length === 0 ? only : joinBytes(this.#sample, this.#sampled);
    this.#sample = [];
    const { delimiter: set, maxRecordBytes = defaultRecordBytes } = this.#options;
    const utf16 = this.#options.encoding === undefined ? unmarkedUtf16(sample) : undefined;
    if (utf16) throw unmarkedError(utf16, 'line 1');
    const { delimiter, linesBefore } = detectDialect(sample, set);
    this.#delimiter = delimiter;
    let isHeader = true;
    let skipped = linesBefore;
    this.#scanner = new RecordScanner(
      { delimiter, maxRecordBytes },
      {
        record: (record) => {
          if (skipped > 0) skipped--;
          else if (isHeader) {
            isHeader = false;
            this.#readHeader(record);
          } else this.#readRow(record);
        },
        bad: (record) => {
          if (isHeader) {
            throw headerError(record.line, `the header can't be read: ${problems[record.problem]}`);
          }
          this.#handler.bad(described(record));
        },
      },
    );
    this.#scanner.push(sample);
  }

  #readHeader(record: ScannedRecord): void {
    if (record.width > maxColumns) {
      throw headerError(
        record.line,
        `the header names ${record.width} columns, and BigQuery takes ${maxColumns}`,
      );
    }
    this.#width = record.width;
    this.#handler.header(Array.from({ length: record.width }, (_, cell) => record.text(cell)));
  }

  #readRow(record: ScannedRecord): void {
    const { width, line } = record;
    if (width === this.#width) {
      this.#handler.row(record);
      return;
    }
    if (width === 1 && isBlank(record)) {
      this.#isDense = false;
      return;
    }
    const cells = width === 1 ? '1 cell' : `${width} cells`;
    const problem = `has ${cells}, the header ${this.#width}`;
    this.#handler.bad({ line, bytes: record.bytes.subarray(record.start, record.end), problem });
  }
}

function described({ line, bytes, problem }: BadRecord): BadRow {
  return { line, bytes, problem: problems[problem] };
}

function isBlank(record: ScannedRecord): boolean {
  for (let at = record.start; at < record.end; at++) {
    if (record.bytes[at] !== 0x20 && record.bytes[at] !== 0x09) return false;
  }
  return true;
}

function headerError(line: number, message: string): RelayError {
  return new RelayError('delimited.header', `line ${line}: ${message}`);
}
