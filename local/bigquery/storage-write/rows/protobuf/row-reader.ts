import { isUtf8 } from 'node:buffer';
import { BadRow } from '../../refusals.ts';

const HIGH_WORD = 0x1_0000_0000;
/** With a high word below this, the number is exact in JavaScript. */
const EXACT_HIGH = 0x20_0000;

/**
 * Reads protobuf's wire format. Throws a BadRow for truncated or malformed data.
 * https://protobuf.dev/programming-guides/encoding/
 */
export class RowReader {
  readonly bytes: Buffer;
  position = 0;
  /** The end of the current message. */
  end: number;
  /** The last varint's upper 32 bits. */
  #high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
  }

  /** Returns a varint's lower 32 bits, unsigned. `#high` gets the upper 32 bits. */
  #varint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.position >= this.end) throw truncated();
      const byte = this.bytes[this.position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#high = high >>> 0;
        return low >>> 0;
      }
    }
    throw new BadRow('', 'Malformed protobuf: a varint is longer than ten bytes');
  }

  uint32(): number {
    return this.#varint();
  }

  int32(): number {
    return this.#varint() | 0;
  }

  int64(): bigint {
    const low = this.#varint();
    return signed(this.#high, low);
  }

  uint64(): bigint {
    const low = this.#varint();
    return BigInt.asUintN(64, signed(this.#high, low));
  }

  bool(): boolean {
    return this.#varint() !== 0 || this.#high !== 0;
  }

  float(): number {
    return this.bytes.readFloatLE(this.#skip(4));
  }

  double(): number {
    return this.bytes.readDoubleLE(this.#skip(8));
  }

  /** Returns the end of a length-delimited value; `position` is then at its start. */
  delimited(): number {
    const length = this.#varint();
    if (length > this.end - this.position) throw truncated();
    return this.position + length;
  }

  string(): string {
    const end = this.delimited();
    const start = this.position;
    this.position = end;
    const text = this.bytes.toString('utf8', start, end);
    // Decoding replaces invalid UTF-8 by U+FFFD. A U+FFFD that was sent is valid.
    if (text.includes('\ufffd') && !isUtf8(this.bytes.subarray(start, end))) {
      throw new BadRow('', 'The text is not valid UTF-8');
    }
    return text;
  }

  /** Returns a copy, so that the request's buffer can be freed. */
  blob(): Uint8Array {
    const end = this.delimited();
    const copy = new Uint8Array(this.bytes.subarray(this.position, end));
    this.position = end;
    return copy;
  }

  #skip(length: number): number {
    const start = this.position;
    if (length > this.end - start) throw truncated();
    this.position = start + length;
    return start;
  }
}

function signed(high: number, low: number): bigint {
  if (high < EXACT_HIGH) return BigInt(high * HIGH_WORD + low);
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

function truncated(): BadRow {
  return new BadRow('', 'Malformed protobuf: the row ends within a field');
}
