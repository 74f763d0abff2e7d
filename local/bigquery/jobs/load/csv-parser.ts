import { BigQueryError } from '../../errors.ts';

export interface CsvOptions {
  delimiter: string;
  /** One character; empty if the file has no quoting. */
  quote: string;
  allowQuotedNewlines: boolean;
}

export interface CsvRecord {
  /** A quoted cell is never NULL. */
  cells: { text: string; quoted: boolean }[];
  /** The number of the record's first line, from 1. */
  line: number;
  /** The position of the record's first byte in the file. */
  offset: number;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** BigQuery's limit for one row. */
const MAX_RECORD_CHARS = 100 * 1024 * 1024;

/**
 * Parses RFC 4180 as BigQuery does: \n, \r\n and \r end a record, blank lines are skipped, and a quote
 * inside an unquoted cell is a plain character. `push` takes text in chunks and returns the records that
 * are complete.
 */
export class CsvParser {
  readonly #options: CsvOptions;
  #text = '';
  #at = 0;
  #line = 1;
  #offset = 0;
  #started = false;
  /** The length of text at which an incomplete record is parsed again. */
  #wanted = 0;

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  push(chunk: string): CsvRecord[] {
    this.#append(chunk);
    return this.#records(false);
  }

  end(): CsvRecord[] {
    return this.#records(true);
  }

  #append(chunk: string): void {
    let text = this.#text.slice(this.#at) + chunk;
    if (!this.#started && text.length > 0) {
      this.#started = true;
      // A byte order mark is not part of the first cell.
      if (text.startsWith('\uFEFF')) {
        text = text.slice(1);
        this.#offset += 3;
      }
    }
    this.#text = text;
    this.#at = 0;
  }

  #records(last: boolean): CsvRecord[] {
    const records: CsvRecord[] = [];
    if (!last && this.#text.length - this.#at < this.#wanted) return records;
    while (this.#at < this.#text.length) {
      const found = this.#record(last);
      this.#wanted = found === undefined ? 2 * (this.#text.length - this.#at) : 0;
      if (found === undefined) break;
      const { cells, lines, next } = found;
      const [only] = cells;
      const isBlank = cells.length === 1 && only?.text === '' && !only.quoted;
      if (!isBlank) records.push({ cells, line: this.#line, offset: this.#offset });
      this.#line += lines;
      this.#offset += Buffer.byteLength(this.#text.slice(this.#at, next));
      this.#at = next;
    }
    return records;
  }

  /** The record at `#at`, or undefined if its end is not in the text yet. */
  #record(last: boolean): { cells: CsvRecord['cells']; next: number; lines: number } | undefined {
    const cells: CsvRecord['cells'] = [];
    let at = this.#at;
    let lines = 1;
    for (;;) {
      const quoted = this.#options.quote !== '' && this.#text.startsWith(this.#options.quote, at);
      const cell = quoted ? this.#quotedCell(at, last) : this.#plainCell(at, last);
      if (cell === undefined) return this.#incomplete();
      cells.push({ text: cell.text, quoted });
      lines += cell.lines;
      at = cell.end;
      if (this.#text[at] !== this.#options.delimiter) break;
      at += 1;
      if (at >= this.#text.length && !last) return this.#incomplete();
    }
    const next = this.#lineEnd(at, last);
    return next === undefined ? this.#incomplete() : { cells, next, lines };
  }

  #incomplete(): undefined {
    if (this.#text.length - this.#at > MAX_RECORD_CHARS) {
      throw this.#error('Row larger than the maximum of 100 MB. A close quote may be missing.');
    }
    return undefined;
  }

  #plainCell(at: number, last: boolean): Cell | undefined {
    const delimiter = this.#options.delimiter.charCodeAt(0);
    let end = at;
    for (; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      if (code === delimiter || code === LINE_FEED || code === CARRIAGE_RETURN) break;
    }
    if (end >= this.#text.length && !last) return undefined;
    return { text: this.#text.slice(at, end), end, lines: 0 };
  }

  #quotedCell(at: number, last: boolean): Cell | undefined {
    const { quote, delimiter, allowQuotedNewlines } = this.#options;
    let close = this.#text.indexOf(quote, at + 1);
    while (close !== -1 && this.#text[close + 1] === quote) {
      close = this.#text.indexOf(quote, close + 2);
    }
    if (close === -1) {
      if (!allowQuotedNewlines && /[\r\n]/.test(this.#text.slice(at))) throw this.#missingQuote();
      if (last) throw this.#missingQuote();
      return undefined;
    }
    // A quote at the end of the text may be the first half of a doubled quote.
    if (close + 1 >= this.#text.length && !last) return undefined;
    const raw = this.#text.slice(at + 1, close);
    const lines = raw.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (lines > 0 && !allowQuotedNewlines) throw this.#missingQuote();
    const after = this.#text[close + 1];
    if (after !== undefined && after !== delimiter && after !== '\n' && after !== '\r') {
      throw this.#error(`Data between close quote character (${quote}) and field separator.`);
    }
    return { text: raw.replaceAll(quote + quote, quote), end: close + 1, lines };
  }

  /** The index after the line end at `at`; undefined if a \n may still follow a \r. */
  #lineEnd(at: number, last: boolean): number | undefined {
    if (this.#text[at] !== '\r') return Math.min(at + 1, this.#text.length);
    if (at + 1 >= this.#text.length && !last) return undefined;
    return this.#text[at + 1] === '\n' ? at + 2 : at + 1;
  }

  #missingQuote(): BigQueryError {
    return this.#error(`Missing close quote character (${this.#options.quote}).`);
  }

  #error(reason: string): BigQueryError {
    return new BigQueryError(
      'invalid',
      `Error while reading data, error message: Error detected while parsing row starting at position: ${this.#offset}. Error: ${reason} line_number: ${this.#line}`,
    );
  }
}

interface Cell {
  text: string;
  end: number;
  lines: number;
}
