import { type Line, maxLineBytes } from './lines.ts';

const lineFeed = 0x0a;
const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const recordSeparator = 0x1e;
/** Of an element that is too long, for its report. */
const keptBytes = 1000;

/** Does this byte end an element? It is called for each byte in order, and the byte is not part of the element. */
type IsEnd = (byte: number) => boolean;

/**
 * The elements of a JSON array, each as a line with the number of the line where it begins. It only finds the end of
 * each element and does not check the content. If the array is not closed, the last line has a problem and
 * `isUnended`.
 */
export async function* arrayElements(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const array = new ArrayScan();
  const elements = new Elements((byte) => array.isEnd(byte));
  for await (const chunk of chunks) yield* some(elements.take(chunk));
  if (array.isOpen) yield [elements.rest('the array is not closed', true)];
  else yield* some(elements.end('there is text behind the array'));
}

/** The texts of a JSON text sequence, RFC 7464: each behind a record separator (0x1E). */
export async function* sequenceTexts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const elements = new Elements((byte) => byte === recordSeparator);
  for await (const chunk of chunks) yield* some(elements.take(chunk));
  yield* some(elements.end());
}

function* some(lines: Line[]): Generator<Line[]> {
  if (lines.length > 0) yield lines;
}

class ArrayScan {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #isClosed = false;

  get isOpen(): boolean {
    return this.#depth > 0;
  }

  isEnd(byte: number): boolean {
    if (this.#isInText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === backslash) this.#isEscaped = true;
      else if (byte === quote) this.#isInText = false;
      return false;
    }
    if (byte === quote) this.#isInText = true;
    else if (byte === openBracket || byte === openBrace) {
      this.#depth++;
      return this.#depth === 1 && !this.#isClosed;
    } else if (byte === closeBracket || byte === closeBrace) {
      this.#depth--;
      const isOwn = this.#depth === 0 && !this.#isClosed;
      if (isOwn) this.#isClosed = true;
      return isOwn;
    }
    return byte === comma && this.#depth === 1 && !this.#isClosed;
  }
}

/** Collects the bytes between the ends, in copies, because an element may come in many chunks. */
class Elements {
  readonly #isEnd: IsEnd;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Of the next byte, and of the first byte in `#parts`. */
  #line = 1;
  #firstLine = 1;
  #isFirst = true;

  constructor(isEnd: IsEnd) {
    this.#isEnd = isEnd;
  }

  /** The elements that end in the chunk. */
  take(chunk: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === lineFeed) this.#line++;
      if (!this.#isEnd(byte)) continue;
      this.#keep(chunk.subarray(start, at));
      const line = this.#complete();
      if (line) lines.push(line);
      start = at + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** @param problem of the rest, unless it is blank; without a problem the rest is an element */
  end(problem?: string): Line[] {
    const line = this.#complete();
    return line ? [problem === undefined ? line : { ...line, problem }] : [];
  }

  rest(problem: string, isUnended: true): Line {
    const line = this.#complete() ?? { number: this.#line, bytes: new Uint8Array(0) };
    return { ...line, problem, isUnended };
  }

  #withoutMark(bytes: Buffer): Buffer {
    const hasMark = this.#isFirst && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    this.#isFirst = false;
    return hasMark ? bytes.subarray(3) : bytes;
  }

  #keep(part: Uint8Array): void {
    // Beyond the limit only the length matters.
    if (part.length > 0 && this.#bytes <= maxLineBytes) this.#parts.push(part.slice());
    this.#bytes += part.length;
  }

  #complete(): Line | undefined {
    const whole = this.#withoutMark(Buffer.concat(this.#parts));
    const isTooLong = this.#bytes > maxLineBytes;
    const firstLine = this.#firstLine;
    this.#parts = [];
    this.#bytes = 0;
    this.#firstLine = this.#line;
    const from = whole.findIndex((byte) => !isBlank(byte));
    if (from < 0) return undefined;
    const to = whole.findLastIndex((byte) => !isBlank(byte)) + 1;
    const number = firstLine + linesIn(whole.subarray(0, from));
    if (!isTooLong) return { number, bytes: whole.subarray(from, to) };
    return {
      number,
      bytes: whole.subarray(from, from + keptBytes),
      problem: 'the record is too long',
    };
  }
}

/** https://www.rfc-editor.org/rfc/rfc8259#section-2 */
function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function linesIn(bytes: Uint8Array): number {
  return bytes.filter((byte) => byte === lineFeed).length;
}
