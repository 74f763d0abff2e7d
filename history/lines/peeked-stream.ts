/** A bracket and the blanks behind it. */
const peekedBytes = 64;

/** A stream whose first bytes can be read before it is consumed. */
export class PeekedStream implements AsyncIterable<Uint8Array> {
  /** Enough bytes to detect the format, unless the stream is shorter. */
  readonly first: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array>;

  static async open(chunks: AsyncIterable<Uint8Array>): Promise<PeekedStream> {
    const rest = chunks[Symbol.asyncIterator]();
    let first: Uint8Array = new Uint8Array();
    while (first.length < peekedBytes) {
      const { done, value } = await rest.next();
      if (done) break;
      first = Buffer.concat([first, value]);
    }
    return new PeekedStream(first, rest);
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
