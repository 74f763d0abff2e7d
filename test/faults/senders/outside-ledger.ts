import { open } from 'node:fs/promises';
import type { Fate, StreamName } from './deliveries.ts';
import type { Answer } from './post.ts';

/**
 * The ledger outside the system: a file for each life of a sender, of lines that are on disk before a try begins, and
 * before its answer counts. So whatever is killed, it has every try that may have reached the edge.
 */
export class OutsideLedger {
  readonly #file: Awaited<ReturnType<typeof open>>;
  #lines = '';
  #waiting: (() => void)[] = [];
  #isWriting = false;

  private constructor(file: Awaited<ReturnType<typeof open>>) {
    this.#file = file;
  }

  static async open(path: string): Promise<OutsideLedger> {
    return new OutsideLedger(await open(path, 'ax', 0o600));
  }

  /** Resolves when it is on disk. */
  tries({ n, round, stream, fate }: TryOf): Promise<void> {
    return this.#write(`> ${n} ${round} ${stream} ${fate} ${Date.now()}\n`);
  }

  answered({ n, round }: TryOf, { status, deliveryId, isFiltered }: Answer): Promise<void> {
    const what = isFiltered ? 'filtered' : (deliveryId ?? '-');
    return this.#write(`< ${n} ${round} ${status} ${what} ${Date.now()}\n`);
  }

  #write(line: string): Promise<void> {
    this.#lines += line;
    const written = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#isWriting) void this.#flush();
    return written;
  }

  /** Lines that come while the disk is busy share the next flush. */
  async #flush(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const lines = this.#lines;
      const waiting = this.#waiting;
      this.#lines = '';
      this.#waiting = [];
      await this.#file.appendFile(lines);
      await this.#file.datasync();
      for (const resolve of waiting) resolve();
    }
    this.#isWriting = false;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

export interface TryOf {
  n: number;
  round: number;
  stream: StreamName;
  fate: Fate;
}
