/** Avro's binary encoding: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding */
export class AvroBytes {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #end = 0;

  int(value: number): void {
    // Zigzag: small numbers of either sign are short.
    let rest = ((value << 1) ^ (value >> 31)) >>> 0;
    this.#reserve(5);
    while (rest > 0x7f) {
      this.#buffer[this.#end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#end++] = rest;
  }

  long(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    this.#reserve(10);
    while (rest > 0x7fn) {
      this.#buffer[this.#end++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#end++] = Number(rest);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#end = this.#buffer.writeDoubleLE(value, this.#end);
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#end++] = value ? 1 : 0;
  }

  bytes(value: Uint8Array): void {
    this.int(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#end);
    this.#end += value.length;
  }

  string(value: string): void {
    const size = Buffer.byteLength(value);
    this.int(size);
    this.#reserve(size);
    this.#end += this.#buffer.write(value, this.#end);
  }

  /** A decimal's unscaled value: two's complement, big-endian, as short as it can be. */
  decimal(unscaled: bigint): void {
    const size = twosComplementBytes(unscaled);
    const hex = BigInt.asUintN(size * 8, unscaled).toString(16);
    this.bytes(Buffer.from(hex.padStart(size * 2, '0'), 'hex'));
  }

  /** What was written since the last call. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#end));
    this.#end = 0;
    return taken;
  }

  #reserve(size: number): void {
    if (this.#end + size <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end + size));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}

function twosComplementBytes(value: bigint): number {
  const magnitude = value < 0n ? ~value : value;
  const bits = magnitude === 0n ? 0 : magnitude.toString(2).length;
  return Math.floor(bits / 8) + 1;
}
