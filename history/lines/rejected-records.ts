import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { RelayError } from '../../shared/errors.ts';
import type { Line } from './lines.ts';

/** A line, or an event of one, that can never become a row. */
export interface Reject {
  /** The file, or the window, that the line is of. */
  of: string;
  line: number;
  reason: string;
  column?: string;
}

export interface RejectsOptions {
  /** Where the lines are kept as JSONL; nowhere when absent. What the file held is replaced. */
  file?: string;
  /** The first bad line ends the run. */
  strict: boolean;
  /** Hears of the first bad lines; the rest is only counted. */
  onReject: (reject: Reject) => void;
}

const maxTold = 20;

/** The bad lines of a run: counted, told, and kept with their reasons. */
export class Rejects {
  readonly #options: RejectsOptions;
  readonly #file: number | undefined;
  #count = 0;
  #bytes = 0;
  /** What is certain: the rest is of a window that may be read again. */
  #certain = { count: 0, bytes: 0 };
  #told = 0;
  #toTell: Reject[] = [];

  /** @throws RelayError `rejected.file` when it can't be made */
  constructor(options: RejectsOptions) {
    this.#options = options;
    if (options.file === undefined) return;
    try {
      this.#file = openSync(options.file, 'w', 0o600);
    } catch (cause) {
      const problem = `the rejected lines can't be kept: ${(cause as Error).message}`;
      throw new RelayError('rejected.file', problem, { cause });
    }
  }

  get count(): number {
    return this.#count;
  }

  /** @throws RelayError `line.rejected` where strictness is asked for */
  add(reject: Reject, line: Pick<Line, 'bytes' | 'own'>): void {
    this.requireLenience(reject);
    this.#count++;
    if (this.#told + this.#toTell.length < maxTold) this.#toTell.push(reject);
    if (this.#file === undefined) return;
    const { of, line: number, reason, column } = reject;
    const kept = {
      of,
      line: number,
      reason,
      ...(column && { column }),
      ...textOf(line.own ?? line.bytes),
    };
    this.#bytes += writeSync(this.#file, `${JSON.stringify(kept)}\n`, this.#bytes);
  }

  /**
   * For a line that is to be added later.
   *
   * @throws RelayError `line.rejected` where strictness is asked for
   */
  requireLenience(reject: Reject): void {
    if (!this.#options.strict) return;
    throw new RelayError('line.rejected', describeReject(reject));
  }

  /** What was added is certain. */
  keep(): void {
    this.#certain = { count: this.#count, bytes: this.#bytes };
    this.#told += this.#toTell.length;
    for (const reject of this.#toTell.splice(0)) this.#options.onReject(reject);
  }

  /** Forgets what was added since the last `keep`: those lines will be read again. */
  forget(): void {
    this.#count = this.#certain.count;
    this.#bytes = this.#certain.bytes;
    this.#toTell = [];
    if (this.#file !== undefined) ftruncateSync(this.#file, this.#bytes);
  }

  close(): void {
    this.keep();
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

export function describeReject({ of, line, reason, column }: Reject): string {
  return `${of}, line ${line}: ${column === undefined ? '' : `${column}: `}${reason}`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): { text: string } | { base64: string } {
  try {
    return { text: utf8.decode(bytes) };
  } catch {
    return { base64: Buffer.from(bytes).toString('base64') };
  }
}
