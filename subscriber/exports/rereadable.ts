import { postpone } from './failure.ts';

interface Reading {
  source: AsyncIterator<Buffer>;
  /** How many bytes were given. */
  at: number;
  /** Read from the source, and not given yet. */
  rest: Buffer | undefined;
  /** Somebody reads, or has left early and may still wait for the source. */
  taken: boolean;
}

/**
 * A stream that can be begun anew. What is read on end is read once; what is wanted again is come to from
 * the beginning, which costs time where keeping it would cost memory all the time.
 */
export class Rereadable {
  readonly #open: () => AsyncIterable<Buffer>;
  readonly #skip: number;
  #reading: Reading | undefined;

  /** @param skip bytes at the beginning that are left out, and counted by nobody */
  constructor(open: () => AsyncIterable<Buffer>, skip = 0) {
    this.#open = open;
    this.#skip = skip;
  }

  /**
   * The bytes from an offset to another. Ends the read before it, wherever that is.
   *
   * @throws RelayError `export.upload` where the stream ends early, and whatever ends the stream
   */
  async *read(from: number, to: number): AsyncGenerator<Buffer> {
    const reading = await this.#comeTo(this.#skip + from);
    while (reading.at < this.#skip + to) {
      const chunk = await take(reading, this.#skip + to);
      // The last chunk may be all that the reader asks for.
      reading.taken = reading.at < this.#skip + to;
      yield chunk;
    }
  }

  async #comeTo(at: number): Promise<Reading> {
    const before = this.#reading;
    if (before?.at === at && !before.taken) return Object.assign(before, { taken: true });
    await this.close();
    const source = this.#open()[Symbol.asyncIterator]();
    const reading: Reading = { source, at: 0, rest: undefined, taken: true };
    this.#reading = reading;
    while (reading.at < at) await take(reading, at);
    return reading;
  }

  async close(): Promise<void> {
    await this.#reading?.source.return?.();
    this.#reading = undefined;
  }
}

/** The next bytes, and none beyond `to`. */
async function take(reading: Reading, to: number): Promise<Buffer> {
  const chunk = reading.rest ?? (await next(reading));
  const own = chunk.subarray(0, to - reading.at);
  reading.rest = own.length < chunk.length ? chunk.subarray(own.length) : undefined;
  reading.at += own.length;
  return own;
}

async function next({ source, at }: Reading): Promise<Buffer> {
  const { done, value } = await source.next();
  if (done) throw postpone('upload', `what is uploaded ended after ${at} bytes`);
  return value;
}
