/**
 * Decompresses a block of Snappy: https://github.com/google/snappy/blob/main/format_description.txt. Throws RangeError
 * for data that is none.
 */
export function unsnappy(data: Uint8Array): Buffer {
  const input = new Input(data);
  const output = Buffer.alloc(input.varint());
  let end = 0;
  while (!input.done) {
    const tag = input.byte();
    const high = tag >> 2;
    if ((tag & 3) === 0) {
      const size = (high < 60 ? high : input.number(high - 59)) + 1;
      output.set(input.take(size), end);
      end += size;
      continue;
    }
    const isShort = (tag & 3) === 1;
    const size = isShort ? (high & 7) + 4 : high + 1;
    const offset = isShort
      ? ((high >> 3) << 8) | input.byte()
      : input.number((tag & 3) === 2 ? 2 : 4);
    if (offset === 0 || offset > end || end + size > output.length) throw broken();
    // The copied part may overlap what it makes, so it goes byte by byte.
    for (let index = 0; index < size; index++, end++) output[end] = output[end - offset] ?? 0;
  }
  if (end !== output.length) throw broken();
  return output;
}

class Input {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  get done(): boolean {
    return this.#at >= this.#data.length;
  }

  byte(): number {
    const byte = this.#data[this.#at++];
    if (byte === undefined) throw broken();
    return byte;
  }

  /** Little-endian. */
  number(bytes: number): number {
    let value = 0;
    for (let index = 0; index < bytes; index++) value += this.byte() * 256 ** index;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw broken();
  }

  take(size: number): Uint8Array {
    const taken = this.#data.subarray(this.#at, this.#at + size);
    if (taken.length < size) throw broken();
    this.#at += size;
    return taken;
  }
}

function broken(): RangeError {
  return new RangeError('the data is not a block of Snappy');
}
