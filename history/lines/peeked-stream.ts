/** A bracket, and blanks behind it. */
const peekedBytes = 64;

/** A stream whose first bytes are known. */
export class Peeked implements AsyncIterable<Uint8Array> {
  /** At least so many bytes as tell the format, where there are as many. */
  readonly first: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array>;

  static async open(chunks: AsyncIterable<Uint8Array>): Promise<Peeked> {
    const rest = chunks[Symbol.asyncIterator]();
    let first: Uint8Array = new Uint8Array();
    while (first.length < peekedBytes) {
      const { done, value } = await rest.next();
      if (done) break;
      first = Buffer.concat([first, value]);
    }
    return new Peeked(first, rest);
  }

  private constructor(first: Uint8Array, rest: AsyncIterator<Uint8Array>) {
    this.first = first;
    this.#rest = rest;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield this.first;
      for (;;) {
        const { done, value } = await this.#rest.next();
        if (done) return;
        yield value;
      }
    } finally {
      await this.#rest.return?.();
    }
  }
}
