import { RelayError } from '../errors.ts';
import { joinBytes } from '../join-bytes.ts';
import { countLines } from './record-scanner.ts';

/** Converts the bytes of a file to UTF-8, and refuses bytes that are not in its encoding. */
export interface ByteDecoder {
  /**
   * @param chunk is not kept; the result may be a view of it
   * @param lineOf gives the line at which bytes that are not scanned yet begin
   * @throws RelayError `delimited.encoding`, which names line and byte
   */
  push(chunk: Uint8Array, lineOf: () => number): Uint8Array;
  end(lineOf: () => number): Uint8Array;
}

/**
 * A byte order mark means UTF-8 or UTF-16, whatever is set. Without one the encoding is the one that is set, or UTF-8.
 * Nothing is guessed, because a wrong guess changes letters without an error.
 *
 * @param encoding a label of the Encoding Standard, `windows-1252`
 * @param isUtf8 the runtime's function, which is faster than a TextDecoder because it makes no text
 * @throws RelayError `delimited.unknown-encoding`
 */
export function openDecoder(encoding?: string, isUtf8?: Utf8Check): ByteDecoder {
  if (encoding !== undefined && !isEncoding(encoding)) {
    throw new RelayError('delimited.unknown-encoding', `there is no encoding "${encoding}"`);
  }
  return new MarkedDecoder(encoding, isUtf8);
}

/** Whether bytes are UTF-8 as a whole. */
export type Utf8Check = (bytes: Uint8Array) => boolean;

/** Whether TextDecoder knows it. */
export function isEncoding(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}

const marks: readonly { bytes: readonly number[]; encoding: string }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
];
const longestMark = 3;
const nothing = new Uint8Array(0);
const encoder = new TextEncoder();

type Utf16 = 'utf-16le' | 'utf-16be';
const looked = 1024;

/**
 * UTF-16 without a byte order mark, recognised by the NULs of its ASCII letters. Such bytes are valid UTF-8 too.
 *
 * @param bytes that begin at an even offset of the file
 */
export function unmarkedUtf16(bytes: Uint8Array): Utf16 | undefined {
  const pairs = Math.floor(Math.min(bytes.length, looked) / 2);
  let low = 0;
  let high = 0;
  for (let pair = 0; pair < pairs; pair++) {
    if (bytes[pair * 2] === 0) high++;
    if (bytes[pair * 2 + 1] === 0) low++;
  }
  // Other files may have a NUL here and there, but not at every second byte.
  const least = Math.max(4, pairs / 3);
  if (low >= least && high * 4 < low) return 'utf-16le';
  return high >= least && low * 4 < high ? 'utf-16be' : undefined;
}

export function unmarkedError(encoding: Utf16, where: string): RelayError {
  const message = `${where}: the file is UTF-16 without a byte order mark: set encoding: '${encoding}'`;
  return new RelayError('delimited.encoding', message);
}

class MarkedDecoder implements ByteDecoder {
  readonly #set: string | undefined;
  readonly #isUtf8: Utf8Check | undefined;
  #first: Uint8Array | undefined = nothing;
  #hasMark = false;
  #encoding = 'utf-8';
  #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Thrown after the good bytes before it were returned. */
  #fault: RelayError | undefined;
  /** Bytes before the current chunk, and lines in bytes that are not scanned yet. */
  #before = 0;
  /** UTF-8: the bytes of an incomplete character, to be checked with the rest of it. */
  #tail: Uint8Array = nothing;

  constructor(set: string | undefined, isUtf8: Utf8Check | undefined) {
    this.#set = set;
    this.#isUtf8 = isUtf8;
  }

  push(chunk: Uint8Array, lineOf: () => number): Uint8Array {
    if (this.#fault) throw this.#fault;
    if (!this.#first) return this.#decode(chunk, true, lineOf);
    this.#first = joined(this.#first, chunk);
    if (this.#first.length >= longestMark) return this.#begin(lineOf);
    this.#first = new Uint8Array(this.#first);
    return nothing;
  }

  end(lineOf: () => number): Uint8Array {
    const first = this.#first ? this.#begin(lineOf) : nothing;
    if (this.#fault) throw this.#fault;
    const rest = this.#decode(nothing, false, lineOf);
    return rest.length === 0 ? first : joined(first, rest);
  }

  #begin(lineOf: () => number): Uint8Array {
    const first = this.#first ?? nothing;
    this.#first = undefined;
    const mark = marks.find(({ bytes }) => bytes.every((byte, at) => first[at] === byte));
    this.#hasMark = mark !== undefined;
    const label = mark?.encoding ?? this.#set ?? 'utf-8';
    this.#decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    this.#encoding = this.#decoder.encoding;
    this.#before = mark?.bytes.length ?? 0;
    return this.#decode(first.subarray(this.#before), true, lineOf);
  }

  #decode(chunk: Uint8Array, stream: boolean, lineOf: () => number): Uint8Array {
    if (this.#encoding === 'utf-8' && this.#isUtf8) {
      if (!this.#isValid(chunk, stream, this.#isUtf8)) return this.#fail(chunk, lineOf);
      this.#before += chunk.length;
      this.#tail = unfinished(this.#tail, chunk);
      return chunk;
    }
    let text: string;
    try {
      text = this.#decoder.decode(chunk, { stream });
    } catch {
      return this.#fail(chunk, lineOf);
    }
    this.#before += chunk.length;
    if (this.#encoding !== 'utf-8') return encoder.encode(text);
    this.#tail = unfinished(this.#tail, chunk);
    return chunk;
  }

  /** The bytes before the bad one are good: they are returned first. */
  #fail(chunk: Uint8Array, lineOf: () => number): Uint8Array {
    this.#fault = this.#refusal(chunk, lineOf());
    const good = this.#encoding === 'utf-8' ? firstInvalid(joined(this.#tail, chunk)) : 0;
    if (good > this.#tail.length) return chunk.subarray(0, good - this.#tail.length);
    throw this.#fault;
  }

  #isValid(chunk: Uint8Array, stream: boolean, isUtf8: Utf8Check): boolean {
    const bytes = joined(this.#tail, chunk);
    const open = stream ? unfinished(nothing, bytes).length : 0;
    return isUtf8(bytes.subarray(0, bytes.length - open));
  }

  #refusal(chunk: Uint8Array, line: number): RelayError {
    const where =
      this.#encoding === 'utf-8'
        ? placeOf(joined(this.#tail, chunk), this.#before - this.#tail.length, line)
        : `line ${line} or below, behind byte ${this.#before}`;
    const isFree = this.#set === undefined && !this.#hasMark;
    const utf16 = isFree ? unmarkedUtf16(chunk.subarray(this.#before % 2)) : undefined;
    if (utf16) return unmarkedError(utf16, where);
    const remedy = isFree ? "; if it is in another encoding, set it: encoding: 'windows-1252'" : '';
    const message = `${where}: the file is not ${this.#encoding.toUpperCase()}${remedy}`;
    return new RelayError('delimited.encoding', message);
  }
}

/** @param before bytes of the file before these; the byte is counted from 1 */
function placeOf(bytes: Uint8Array, before: number, line: number): string {
  const at = firstInvalid(bytes);
  const lines = line + countLines(bytes, at);
  return `line ${lines}, byte ${before + at + 1}`;
}

/** The index of the first byte that no UTF-8 has there. https://www.unicode.org/versions/latest/, table 3-7 */
function firstInvalid(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return bytes.length;
}

function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = lengthOf(first);
  if (length === 0) return 0;
  const second = bytes[at + 1] ?? 0;
  const [low = 0x80, high = 0xbf] = secondRange.get(first) ?? [];
  if (second < low || second > high) return 0;
  for (let index = at + 2; index < at + length; index++) {
    if (((bytes[index] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** The length of a character by its first byte; 0 if no character begins with it. */
function lengthOf(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/** First bytes after which the second byte has a narrower range than 80 to BF. */
const secondRange: ReadonlyMap<number, readonly [number, number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);

/** The last bytes, if they begin a character that continues in the next chunk. */
function unfinished(tail: Uint8Array, chunk: Uint8Array): Uint8Array {
  // A copy: the chunk is not kept.
  const last = new Uint8Array((chunk.length >= 3 ? chunk : joined(tail, chunk)).subarray(-3));
  for (let at = Math.max(0, last.length - 3); at < last.length; at++) {
    const rest = last.subarray(at);
    const isOpen = lengthOf(rest[0] ?? 0) > rest.length;
    if (isOpen && rest.subarray(1).every((byte) => (byte & 0xc0) === 0x80)) return rest;
  }
  return nothing;
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.length === 0 ? right : joinBytes([left, right], left.length + right.length);
}
