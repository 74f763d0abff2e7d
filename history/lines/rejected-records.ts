import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { RelayError } from '../../shared/errors.ts';
import type { Line } from './lines.ts';

/** A line, or an event in it, that can never become a row. */
export interface RejectedRecord {
  /** The file or window of the line. */
  of: string;
  line: number;
  reason: string;
  column?: string;
}

export interface RejectedRecordsOptions {
  /** Written as JSONL; an existing file is replaced. */
  file?: string;
  /** Stop at the first one. */
  strict: boolean;
  /** Called only for the first ones. */
  onRejected: (record: RejectedRecord) => void;
}

const maxReported = 20;

/** The rejected records of a run: counted, reported, and written to a file with their reasons. */
export class RejectedRecords {
  readonly #options: RejectedRecordsOptions;
  readonly #file: number | undefined;
  #count = 0;
  #bytes = 0;
  /** Without those of the current window, which may be read again. */
  #confirmed = { count: 0, bytes: 0 };
  #reported = 0;
  #toReport: RejectedRecord[] = [];

  /** @throws RelayError `rejected.file` if it can't be created */
  constructor(options: RejectedRecordsOptions) {
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

  /** @throws RelayError `line.rejected` if `strict` */
  add(record: RejectedRecord, line: Pick<Line, 'bytes' | 'original'>): void {
    this.throwIfStrict(record);
    this.#count++;
    if (this.#reported + this.#toReport.length < maxReported) this.#toReport.push(record);
    if (this.#file === undefined) return;
    const { of, line: number, reason, column } = record;
    const kept = {
      of,
      line: number,
      reason,
      ...(column && { column }),
      ...textOf(line.original ?? line.bytes),
    };
    this.#bytes += writeSync(this.#file, `${JSON.stringify(kept)}\n`, this.#bytes);
  }

  /**
   * For a record that is added later.
   *
   * @throws RelayError `line.rejected` if `strict`
   */
  throwIfStrict(record: RejectedRecord): void {
    if (!this.#options.strict) return;
    throw new RelayError('line.rejected', describeRejected(record));
  }

  /** Confirms what was added: those lines won't be read again. */
  confirm(): void {
    this.#confirmed = { count: this.#count, bytes: this.#bytes };
    this.#reported += this.#toReport.length;
    for (const record of this.#toReport.splice(0)) this.#options.onRejected(record);
  }

  /** Drops what was added since the last `confirm`: those lines will be read again. */
  rollBack(): void {
    this.#count = this.#confirmed.count;
    this.#bytes = this.#confirmed.bytes;
    this.#toReport = [];
    if (this.#file !== undefined) ftruncateSync(this.#file, this.#bytes);
  }

  close(): void {
    this.confirm();
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

export function describeRejected({ of, line, reason, column }: RejectedRecord): string {
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
