/** Wire types of protocol buffers, by https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const LOW_32 = 0xffff_ffffn;

/** Shorter text is written faster in JavaScript than by a native call. */
const SHORT_TEXT = 24;

/** Writes protobuf fields into one buffer, which is reused for every row. `take` returns a copy and starts anew. */
export class ProtoWriter {
  #buffer = Buffer.allocUnsafe(16 * 1024);
  #end = 0;

  reset(): void {
    this.#end = 0;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#end;
  }

  /** Drops what was written after the first `length` bytes. */
  cut(length: number): void {
    this.#end = length;
  }

  take(): Uint8Array {
    const row = Buffer.allocUnsafe(this.#end);
    this.#buffer.copy(row, 0, 0, this.#end);
    this.#end = 0;
    return row;
  }

  int64(field: number, value: bigint): void {
    this.#reserve(20);
    this.#tag(field, VARINT);
    const bits = BigInt.asUintN(64, value);
    this.#varint64(Number(bits & LOW_32), Number(bits >> 32n));
  }

  /** For int32, int64 and bool, where a number is exact. */
  integer(field: number, value: number): void {
    this.#reserve(20);
    this.#tag(field, VARINT);
    const high = Math.floor(value / 0x1_0000_0000);
    this.#varint64((value - high * 0x1_0000_0000) >>> 0, high >>> 0);
  }

  double(field: number, value: number): void {
    this.#reserve(18);
    this.#tag(field, FIXED64);
    this.#end = this.#buffer.writeDoubleLE(value, this.#end);
  }

  /** The text must be well formed: a lone surrogate would become U+FFFD. */
  string(field: number, text: string): void {
    this.#reserve(20 + text.length * 3);
    const start = this.#open(field, text.length);
    if (text.length > SHORT_TEXT || !this.#ascii(text)) {
      this.#end += this.#buffer.write(text, this.#end, 'utf8');
    }
    this.#close(start, text.length);
  }

  /** False, and nothing is written, if the text is not all ASCII. */
  #ascii(text: string): boolean {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) return false;
      this.#buffer[this.#end + at] = unit;
    }
    this.#end += text.length;
    return true;
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#reserve(20 + bytes.length);
    const start = this.#open(field, bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#close(start, bytes.length);
  }

  /** An embedded message: what `write` writes becomes its fields. */
  message<T>(field: number, write: () => T): T {
    this.#reserve(20);
    const start = this.#open(field, 0);
    const result = write();
    this.#reserve(5);
    this.#close(start, 0);
    return result;
  }

  /** Leaves room for a length that needs as many bytes as `guess`, and returns where the content starts. */
  #open(field: number, guess: number): number {
    this.#tag(field, DELIMITED);
    this.#end += varintLength(guess);
    return this.#end;
  }

  /** Writes the true length before the content, and moves the content if the room does not fit. */
  #close(start: number, guess: number): void {
    const length = this.#end - start;
    const shift = varintLength(length) - varintLength(guess);
    if (shift !== 0) {
      this.#buffer.copyWithin(start + shift, start, this.#end);
      this.#end += shift;
    }
    const end = this.#end;
    this.#end = start - varintLength(guess);
    this.#varint32(length);
    this.#end = end;
  }

  #tag(field: number, wireType: number): void {
    this.#varint32(((field << 3) | wireType) >>> 0);
  }

  #varint32(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#end++] = rest;
  }

  #varint64(low: number, high: number): void {
    let lowBits = low;
    let highBits = high;
    while (highBits !== 0) {
      this.#buffer[this.#end++] = (lowBits & 0x7f) | 0x80;
      lowBits = ((lowBits >>> 7) | (highBits << 25)) >>> 0;
      highBits >>>= 7;
    }
    this.#varint32(lowBits);
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#end);
    this.#buffer = grown;
  }
}

function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
