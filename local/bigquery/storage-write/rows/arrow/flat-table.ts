// A reader of FlatBuffers that checks every length, which Arrow's library does not:
// https://flatbuffers.dev/internals/

/** The first entry of a vtable, after its own size and the table's. */
const VTABLE_HEAD_BYTES = 4;
const OFFSET_BYTES = 4;

/** A table of a FlatBuffer. Reading outside of the bytes throws a RangeError. */
export class FlatTable {
  readonly #view: DataView;
  readonly #position: number;

  private constructor(view: DataView, position: number) {
    this.#view = view;
    this.#position = position;
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return new FlatTable(view, view.getUint32(0, true));
  }

  byte(field: number): number {
    const at = this.#find(field);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  long(field: number): bigint {
    const at = this.#find(field);
    return at === undefined ? 0n : this.#view.getBigInt64(at, true);
  }

  has(field: number): boolean {
    return this.#find(field) !== undefined;
  }

  table(field: number): FlatTable {
    const at = this.#find(field);
    if (at === undefined) throw new RangeError('a part of the message is missing');
    return this.#tableAt(at);
  }

  tables(field: number): FlatTable[] {
    const { start, length } = this.#vector(field, OFFSET_BYTES);
    return Array.from({ length }, (_, n) => this.#tableAt(start + n * OFFSET_BYTES));
  }

  /** The number of a vector's elements. Throws a RangeError if they cannot all be there. */
  length(field: number, elementBytes: number): number {
    return this.#vector(field, elementBytes).length;
  }

  /** The pairs of 64-bit numbers of a vector of structs. */
  pairs(field: number): [bigint, bigint][] {
    const { start, length } = this.#vector(field, 16);
    return Array.from({ length }, (_, n) => [
      this.#view.getBigInt64(start + n * 16, true),
      this.#view.getBigInt64(start + n * 16 + 8, true),
    ]);
  }

  #tableAt(at: number): FlatTable {
    return new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  #vector(field: number, elementBytes: number): { start: number; length: number } {
    const at = this.#find(field);
    if (at === undefined) return { start: 0, length: 0 };
    const vector = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(vector, true);
    const start = vector + OFFSET_BYTES;
    if (start + length * elementBytes <= this.#view.byteLength) return { start, length };
    throw new RangeError(`a vector of ${length} elements does not fit`);
  }

  /** Where the field's value is, or undefined if the table does not have it. */
  #find(field: number): number | undefined {
    const vtable = this.#position - this.#view.getInt32(this.#position, true);
    const entry = VTABLE_HEAD_BYTES + field * 2;
    // As FlatBuffers' own reader decides it, also for a size that is not even.
    if (entry >= this.#view.getInt16(vtable, true)) return undefined;
    const offset = this.#view.getInt16(vtable + entry, true);
    return offset === 0 ? undefined : this.#position + offset;
  }
}
