/** One line of a file, without its line break. */
export interface Line {
  /** From 1; blank lines count. */
  number: number;
  /** A view of the chunk it came in; only the beginning of a line that is too long. */
  bytes: Uint8Array;
  /** The original in the file if `bytes` are made from it: a record of a CSV. */
  original?: Uint8Array;
  /** Why it can't be read. */
  problem?: string;
  /** It is the last line and has no line break. */
  isUnended?: true;
}

/** A copy of what a report of the line needs. A view would keep its whole chunk in memory. */
export function keptLine({ number, bytes, original }: Line): Line {
  // A record of a CSV has its own bytes already.
  return { number, bytes: original ?? Buffer.from(bytes) };
}

/** A row can't be larger. It also limits the memory for a file without line breaks. */
export const maxLineBytes = 8 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** Of a line that is too long, for its report. */
const keptBytes = 1000;

/**
 * Splits a stream of bytes into lines (LF or CRLF, without a byte order mark) and yields those that each chunk
 * completes. Blank lines are left out. At most one incomplete line is in memory.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes = maxLineBytes,
): AsyncGenerator<Line[]> {
  const splitter = new Splitter(maxBytes);
  for await (const chunk of chunks) {
    const lines = splitter.take(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = splitter.end();
  if (last) yield [{ ...last, isUnended: true }];
}

class Splitter {
  readonly #maxBytes: number;
  /** The beginning of the line that is not complete. */
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #number = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      this.#keep(chunk.subarray(start, end));
      const line = this.#complete();
      if (line) lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  end(): Line | undefined {
    return this.#complete();
  }

  #keep(part: Uint8Array): void {
    // Beyond the limit only the length matters.
    if (part.length > 0 && this.#bytes <= this.#maxBytes) this.#parts.push(part);
    this.#bytes += part.length;
  }

  #complete(): Line | undefined {
    const number = this.#number++;
    const tooLong = this.#bytes > this.#maxBytes;
    const [only = new Uint8Array(), ...more] = this.#parts;
    const whole = more.length === 0 ? only : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (tooLong) {
      return { number, bytes: whole.slice(0, keptBytes), problem: 'the line is too long' };
    }
    const bytes = trim(whole, number === 1);
    return isBlank(bytes) ? undefined : { number, bytes };
  }
}

function trim(line: Uint8Array, isFirst: boolean): Uint8Array {
  const hasMark = isFirst && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
  const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
  return line.subarray(hasMark ? 3 : 0, end);
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09);
}
