import type { Writable } from 'node:stream';

/**
 * Writes lines one after the other, and waits where the reader is slow. A line is written once `write` has resolved, so
 * the caller bounds how many wait.
 */
export class LineWriter {
  readonly #stream: Writable;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Never rejects. Never resolves for a line that nobody can read any more. */
  write(line: string): Promise<void> {
    this.#last = this.#last.then(() => this.#writeOne(line));
    return this.#last;
  }

  /** What was not written is dropped. */
  close(): void {
    this.#isClosed = true;
  }

  #writeOne(line: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) return;
      if (this.#stream.write(`${line}\n`)) resolve();
      else this.#stream.once('drain', resolve);
    });
  }
}
