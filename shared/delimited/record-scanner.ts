/**
 * Splits delimited text (CSV, TSV, …) in UTF-8 into records and cells, as a stream of bytes: nothing is copied or decoded
 * here, and at most one record is kept. The format is RFC 4180 as people write it:
 *
 * - A record ends with LF, CR or CRLF, also mixed, outside quotes. Empty lines are not records.
 * - A cell is quoted if its first byte is a quote. Elsewhere in a cell a quote is an ordinary character.
 * - A bad quote makes its record bad: the handler gets the bytes of its first line, and reading continues at the next
 *   line.
 *
 * Not a parser from a package: csv-parse reads 31 MB a second here, and an export must not take much longer than its
 * inflation. The tests compare with csv-parse.
 */
export class RecordScanner {
  readonly #delimiter: number;
  readonly #kinds: Uint8Array;
  /** The indexes of bytes that may end something; the last entry is the number of bytes. */
  #marks = new Int32Array(0);
  /** The first mark that may belong to the next record. */
  #mark = 0;
  readonly #maxRecordBytes: number;
  readonly #handler: RecordHandler;
  readonly #record = new ScannedRecord();
  /** The bytes of a record whose end has not been read. */
  #bytes: Uint8Array = nothing;
  /** A reused buffer for the rest of one chunk and the next chunk. */
  #joined: Uint8Array = nothing;
  /** The line of the next record, from 1. */
  #line: number;
  /** The last byte was a CR that ended a record: an LF after it belongs to it. */
  #isAfterReturn = false;
  /** In a record that is too long: the rest of it is skipped. */
  #isSkipping = false;
  #isCanonical = true;
  /** That of the first line. */
  #lineEnd: LineEnd | undefined;

  constructor(options: ScannerOptions, handler: RecordHandler) {
    this.#delimiter = options.delimiter.charCodeAt(0);
    this.#kinds = kindsOfPairs([this.#delimiter, quote, lineFeed, carriageReturn]);
    this.#maxRecordBytes = options.maxRecordBytes;
    this.#line = options.firstLine ?? 1;
    this.#handler = handler;
  }

  /** The line that the next bytes are of. */
  get nextLine(): number {
    return this.#line + countLines(this.#bytes);
  }

  /** Whether any CSV reader reads all records so far the same way, and all lines have the same end. */
  get isCanonical(): boolean {
    return this.#isCanonical && this.#delimiter === comma;
  }

  /** The end of the first line; undefined if it is a CR alone, or not read yet. */
  get lineEnd(): LineEnd | undefined {
    return this.#lineEnd;
  }

  /** @param chunk is not kept */
  push(chunk: Uint8Array): void {
    // Marks are found in pairs of bytes, which must begin at an even offset.
    const isAsItIs = this.#bytes.length === 0 && chunk.byteOffset % 2 === 0;
    this.#bytes = isAsItIs ? chunk : this.#join(this.#bytes, chunk);
    this.#scan(false);
    // Otherwise it is not moved before the next push: the records before it may be read until then.
    if (this.#bytes.buffer === chunk.buffer) this.#bytes = this.#join(this.#bytes, nothing);
  }

  #join(rest: Uint8Array, chunk: Uint8Array): Uint8Array {
    const length = rest.length + chunk.length;
    const room = this.#joined;
    if (length > room.length) {
      this.#joined = new Uint8Array(Math.max(length, room.length * 2));
      this.#joined.set(rest);
    } else if (rest.buffer === room.buffer) {
      room.copyWithin(0, rest.byteOffset, rest.byteOffset + rest.length);
    } else room.set(rest);
    this.#joined.set(chunk, rest.length);
    return this.#joined.subarray(0, length);
  }

  end(): void {
    this.#bytes = this.#join(this.#bytes, nothing);
    this.#scan(true);
    this.#bytes = nothing;
  }

  #scan(isEnd: boolean): void {
    const bytes = this.#bytes;
    this.#setMarks(bytes);
    let at = 0;
    while (at < bytes.length) {
      if (this.#isAfterReturn) {
        this.#isAfterReturn = false;
        if (bytes[at] === lineFeed) {
          this.#meet('\r\n');
          at++;
          continue;
        }
        this.#isCanonical = false;
      }
      if (this.#isSkipping) {
        const end = lineEnd(bytes, at);
        if (end === undefined) {
          at = bytes.length;
          break;
        }
        this.#isSkipping = false;
        at = this.#endLine(bytes, end);
        continue;
      }
      const next = this.#scanRecord(bytes, at, isEnd);
      if (next === undefined) break;
      at = next;
    }
    this.#bytes = at < bytes.length ? bytes.subarray(at) : nothing;
  }

  #setMarks(bytes: Uint8Array): void {
    if (this.#marks.length <= bytes.length) this.#marks = new Int32Array(bytes.length + 1);
    findMarks(bytes, this.#kinds, this.#marks);
    this.#mark = 0;
  }

  /** Where the next record begins; undefined if this one continues after the bytes. */
  #scanRecord(bytes: Uint8Array, start: number, isEnd: boolean): number | undefined {
    const record = this.#record;
    record.begin(bytes, start, this.#line);
    const delimiter = this.#delimiter;
    const marks = this.#marks;
    const { length } = bytes;
    let at = start;
    let mark = this.#mark;
    while ((marks[mark] as number) < start) mark++;
    let lines = 0;
    for (;;) {
      let from = at;
      let to: number;
      let flags = 0;
      if (at < length && bytes[at] === quote) {
        from = at + 1;
        flags = quoted;
        mark++;
        for (;;) {
          at = marks[mark] as number;
          if (at >= length) return this.#endUnclosed(bytes, start, isEnd);
          const byte = bytes[at];
          if (byte === quote) {
            if (at + 1 >= length || bytes[at + 1] !== quote) break;
            flags = quoted | escaped;
            mark += 2;
          } else {
            const isEnd =
              byte === lineFeed ||
              (byte === carriageReturn && (at + 1 >= length || bytes[at + 1] !== lineFeed));
            if (isEnd) lines++;
            mark++;
          }
        }
        to = at++;
        mark++;
        // The next byte decides whether the quote closes the cell.
        if (at === length && !isEnd) return this.#await(bytes, start);
      } else {
        at = marks[mark] as number;
        while (at < length && bytes[at] === quote) {
          this.#isCanonical = false;
          at = marks[++mark] as number;
        }
        to = at;
      }
      const byte = at < length ? bytes[at] : undefined;
      if (byte === undefined && !isEnd) return this.#await(bytes, start);
      if (byte === delimiter) {
        record.add(from, to, flags);
        at++;
        mark++;
        continue;
      }
      if (byte !== undefined && byte !== lineFeed && byte !== carriageReturn) {
        return this.#refuse(bytes, start, 'text-behind-quote');
      }
      record.add(from, to, flags);
      // Only the first line of a bad record is refused: other records may begin before its last mark.
      this.#mark = mark;
      return this.#complete(bytes, at, lines);
    }
  }

  #complete(bytes: Uint8Array, end: number, lines: number): number {
    const record = this.#record;
    record.end = end;
    if (end - record.start > this.#maxRecordBytes) {
      this.#handler.bad(this.#bad(bytes, record.start, end, 'too-long'));
    } else if (end > record.start) this.#handler.record(record);
    else this.#isCanonical = false;
    this.#line += lines;
    return this.#endLine(bytes, end);
  }

  /** Steps over a line end, if there is one. */
  #endLine(bytes: Uint8Array, end: number): number {
    this.#line++;
    if (bytes[end] === lineFeed) this.#meet('\n');
    if (bytes[end] !== carriageReturn) return end + 1;
    if (bytes[end + 1] === lineFeed) {
      this.#meet('\r\n');
      return end + 2;
    }
    if (end + 1 === bytes.length) this.#isAfterReturn = true;
    else this.#isCanonical = false;
    return end + 1;
  }

  #meet(lineEnd: LineEnd): void {
    if (this.#lineEnd === lineEnd) return;
    if (this.#lineEnd !== undefined) this.#isCanonical = false;
    this.#lineEnd ??= lineEnd;
  }

  /** The record is not complete: it waits for more, unless it is too long already. */
  #await(bytes: Uint8Array, start: number): number | undefined {
    if (bytes.length - start <= this.#maxRecordBytes) return undefined;
    const end = lineEnd(bytes, start);
    if (end !== undefined) return this.#refuse(bytes, start, 'too-long');
    this.#handler.bad(this.#bad(bytes, start, bytes.length, 'too-long'));
    this.#isSkipping = true;
    return bytes.length;
  }

  #endUnclosed(bytes: Uint8Array, start: number, isEnd: boolean): number | undefined {
    if (!isEnd && bytes.length - start <= this.#maxRecordBytes) return undefined;
    const end = lineEnd(bytes, start);
    if (end === undefined && !isEnd) return this.#await(bytes, start);
    return this.#refuse(bytes, start, 'unclosed-quote');
  }

  /** A bad record is its first line. */
  #refuse(bytes: Uint8Array, start: number, problem: RecordProblem): number {
    const end = lineEnd(bytes, start) ?? bytes.length;
    this.#handler.bad(this.#bad(bytes, start, end, problem));
    return this.#endLine(bytes, end);
  }

  #bad(bytes: Uint8Array, start: number, end: number, problem: RecordProblem): BadRecord {
    this.#isCanonical = false;
    return { line: this.#line, bytes: bytes.subarray(start, end), problem };
  }
}

/** CR alone is a line end too, but not every reader accepts it. */
export type LineEnd = '\n' | '\r\n';

export interface ScannerOptions {
  /** One ASCII character. */
  delimiter: string;
  /** A longer record is bad, and so is one whose quote is not closed within as many bytes. */
  maxRecordBytes: number;
  /** The number of the first line, if there are lines before it: 1 by default. */
  firstLine?: number;
}

export interface RecordHandler {
  /** @param record is used again for the next one, and its bytes for the next chunk: copy what you keep */
  record(record: ScannedRecord): void;
  bad(record: BadRecord): void;
}

/** - `text-behind-quote`: neither a delimiter nor a line end follows a closing quote */
export type RecordProblem = 'text-behind-quote' | 'unclosed-quote' | 'too-long';

export interface BadRecord {
  /** The line at which it begins, from 1. */
  line: number;
  /** Its first line, without its end: a view, as long as the handler runs. */
  bytes: Uint8Array;
  problem: RecordProblem;
}

const quoted = 1;
const escaped = 2;

/** One record: the positions of its cells in the bytes that it was read from. */
export class ScannedRecord {
  bytes: Uint8Array = nothing;
  start = 0;
  /** The index after its last byte, without the line end. */
  end = 0;
  /** The line at which it begins, from 1. */
  line = 0;
  /** How many cells it has. */
  width = 0;
  #from = new Int32Array(64);
  #to = new Int32Array(64);
  #flags = new Uint8Array(64);

  begin(bytes: Uint8Array, start: number, line: number): void {
    this.bytes = bytes;
    this.start = start;
    this.line = line;
    this.width = 0;
  }

  add(from: number, to: number, flags: number): void {
    const at = this.width++;
    if (at === this.#from.length) this.#grow();
    this.#from[at] = from;
    this.#to[at] = to;
    this.#flags[at] = flags;
  }

  /** Where the content of a cell begins, after its quote. */
  from(cell: number): number {
    return this.#from[cell] ?? 0;
  }

  to(cell: number): number {
    return this.#to[cell] ?? 0;
  }

  isQuoted(cell: number): boolean {
    return this.#flags[cell] !== 0;
  }

  /** Whether it has doubled quotes. */
  isEscaped(cell: number): boolean {
    return this.#flags[cell] === (quoted | escaped);
  }

  /** The value of a cell: null if it is empty, an empty text if it is `""`. */
  value(cell: number): string | null {
    const text = this.text(cell);
    return text === '' && !this.isQuoted(cell) ? null : text;
  }

  text(cell: number): string {
    const text = decoder.decode(this.bytes.subarray(this.from(cell), this.to(cell)));
    return this.isEscaped(cell) ? text.replaceAll('""', '"') : text;
  }

  #grow(): void {
    const { length } = this.#from;
    const [from, to, flags] = [this.#from, this.#to, this.#flags];
    this.#from = new Int32Array(length * 2);
    this.#to = new Int32Array(length * 2);
    this.#flags = new Uint8Array(length * 2);
    this.#from.set(from);
    this.#to.set(to);
    this.#flags.set(flags);
  }
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
const comma = 0x2c;
const nothing = new Uint8Array(0);
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/**
 * For each pair of bytes, as in a Uint16Array: 1 if the first may end something, 2 if the second may, 0 if both are
 * ordinary characters.
 */
function kindsOfPairs(ends: readonly number[]): Uint8Array {
  const kinds = new Uint8Array(65_536);
  const pair = new Uint8Array(2);
  const word = new Uint16Array(pair.buffer);
  const add = (first: number, second: number, kind: number) => {
    pair.set([first, second]);
    const at = word[0] as number;
    kinds[at] = (kinds[at] as number) | kind;
  };
  for (const end of ends) {
    for (let other = 0; other < 256; other++) {
      add(end, other, 1);
      add(other, end, 2);
    }
  }
  return kinds;
}

/** In pairs and without a branch in a pair: a processor can't predict where cells end, which is the largest cost. */
function findMarks(bytes: Uint8Array, kinds: Uint8Array, marks: Int32Array): void {
  const pairs = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  let count = 0;
  for (let at = 0; at < pairs.length; at++) {
    const kind = kinds[pairs[at] as number] as number;
    if (kind === 0) continue;
    marks[count] = at << 1;
    count += kind & 1;
    marks[count] = (at << 1) | 1;
    count += kind >> 1;
  }
  if (bytes.length % 2 === 1) {
    const last = bytes.length - 1;
    marks[count] = last;
    const twice = (bytes[last] as number) * 0x0101;
    count += (kinds[twice] as number) & 1;
  }
  marks[count] = bytes.length;
}

/** How many lines end in these bytes. */
export function countLines(bytes: Uint8Array, end = bytes.length): number {
  let lines = 0;
  for (let at = 0; at < end; at++) {
    const byte = bytes[at];
    if (byte === lineFeed || (byte === carriageReturn && bytes[at + 1] !== lineFeed)) lines++;
  }
  return lines;
}

/** The index of the first line end from `start` on. */
function lineEnd(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === lineFeed || bytes[at] === carriageReturn) return at;
  }
  return undefined;
}
