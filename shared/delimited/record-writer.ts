import type { LineEnd, ScannedRecord } from './record-scanner.ts';

const comma = 0x2c;
const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const firstRoom = 64 * 1024;

/**
 * Writes records so that any CSV reader can read them: UTF-8, commas, LF (or CRLF), and quotes only where they are needed
 * or were used. An empty cell stays empty (NULL), and `""` stays `""` (an empty text).
 */
export class RecordWriter {
  readonly #lineEnd: LineEnd;
  #bytes = new Uint8Array(firstRoom);
  #length = 0;

  constructor(lineEnd: LineEnd = '\n') {
    this.#lineEnd = lineEnd;
  }

  /** How many bytes wait to be taken. */
  get length(): number {
    return this.#length;
  }

  header(names: readonly string[]): void {
    const cells = names.map((name) =>
      /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
    );
    const line = new TextEncoder().encode(`${cells.join(',')}${this.#lineEnd}`);
    this.#reserve(line.length);
    this.#bytes.set(line, this.#length);
    this.#length += line.length;
  }

  /** @param cells which of them, in this order */
  write(record: ScannedRecord, cells: readonly number[]): void {
    // Each byte may become two, and each cell gets two quotes and a comma.
    this.#reserve((record.end - record.start) * 2 + cells.length * 3 + 2);
    for (const [place, cell] of cells.entries()) {
      if (place > 0) this.#bytes[this.#length++] = comma;
      this.#writeCell(record, cell);
    }
    if (this.#lineEnd === '\r\n') this.#bytes[this.#length++] = carriageReturn;
    this.#bytes[this.#length++] = lineFeed;
  }

  /** What was written since, in bytes of its own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  #writeCell(record: ScannedRecord, cell: number): void {
    const { bytes } = record;
    const from = record.from(cell);
    const to = record.to(cell);
    const wasQuoted = record.isQuoted(cell);
    const isQuoted = wasQuoted || needsQuotes(bytes, from, to);
    if (isQuoted) this.#bytes[this.#length++] = quote;
    for (let at = from; at < to; at++) {
      const byte = bytes[at] ?? 0;
      // In a quoted cell they stand twice already.
      if (byte === quote && !wasQuoted) this.#bytes[this.#length++] = quote;
      this.#bytes[this.#length++] = byte;
    }
    if (isQuoted) this.#bytes[this.#length++] = quote;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

function needsQuotes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === comma || byte === quote || byte === lineFeed || byte === carriageReturn)
      return true;
  }
  return false;
}
