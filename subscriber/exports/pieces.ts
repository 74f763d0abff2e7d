import { postpone } from './failure.ts';

const nothing = Buffer.alloc(0);

/**
 * A part of a stream that can be sent more than once: it is read when it is sent first, and kept until it
 * is dropped. Nothing is copied.
 */
export class Piece {
  readonly bytes: number;
  readonly #source: AsyncIterator<Buffer>;
  readonly #kept: Buffer[];
  #keptBytes: number;
  #rest: Buffer | undefined;
  #reading: Promise<void> | undefined;

  /** @param begun what was read of the stream before, and belongs to this piece or to the next */
  constructor(source: AsyncIterator<Buffer>, bytes: number, begun: Buffer | undefined) {
    this.#source = source;
    this.bytes = bytes;
    this.#kept = [];
    this.#keptBytes = 0;
    if (begun) this.#keep(begun);
  }

  /** What was read beyond the end of this piece. */
  get rest(): Buffer | undefined {
    return this.#rest;
  }

  /**
   * Its bytes from an offset on. What was left early may still wait for the stream: both then go on with
   * what comes.
   *
   * @throws RelayError `export.upload` where the stream ends early
   */
  async *from(offset: number): AsyncGenerator<Buffer> {
    let skip = offset;
    for (let index = 0; ; index++) {
      if (index === this.#kept.length) {
        if (this.#keptBytes === this.bytes) return;
        this.#reading ??= this.#readOn();
        await this.#reading;
      }
      const chunk = this.#kept[index] ?? nothing;
      if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk;
      skip = Math.max(0, skip - chunk.length);
    }
  }

  async #readOn(): Promise<void> {
    try {
      const { done, value } = await this.#source.next();
      if (done)
        throw postpone('upload', `an upload ended ${this.bytes - this.#keptBytes} bytes early`);
      this.#keep(value);
    } finally {
      this.#reading = undefined;
    }
  }

  #keep(chunk: Buffer): void {
    const room = this.bytes - this.#keptBytes;
    const own = chunk.subarray(0, room);
    this.#kept.push(own);
    this.#keptBytes += own.length;
    if (chunk.length > room) this.#rest = chunk.subarray(room);
  }
}

/**
 * Cuts a stream into pieces of `size` bytes; the last may be shorter. Each piece must be read to its end
 * before the next is asked for.
 *
 * @param bytes how many the stream holds, without what is skipped
 * @param skip bytes at the beginning that are left out
 */
export async function* inPieces(
  stream: AsyncIterable<Buffer>,
  size: number,
  bytes: number,
  skip = 0,
): AsyncGenerator<Piece> {
  const source = stream[Symbol.asyncIterator]();
  try {
    let begun = await skipBytes(source, skip);
    for (let left = bytes; left > 0; left -= size) {
      const piece: Piece = new Piece(source, Math.min(size, left), begun);
      yield piece;
      begun = piece.rest;
    }
  } finally {
    await source.return?.();
  }
}

async function skipBytes(source: AsyncIterator<Buffer>, skip: number): Promise<Buffer | undefined> {
  for (let left = skip; left > 0; ) {
    const { done, value } = await source.next();
    if (done) return undefined;
    if (value.length > left) return value.subarray(left);
    left -= value.length;
  }
  return undefined;
}
