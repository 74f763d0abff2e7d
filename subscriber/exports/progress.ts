import type { Log } from '../log.ts';

/** How far one step of an export is. */
export interface Step {
  doing: 'downloading' | 'checking' | 'uploading' | 'loading';
  file?: string;
  bytes: number;
  /** Bytes of the whole, where they are known. */
  of?: number | undefined;
}

/** At most one line in so many milliseconds, however fast the steps come. */
const lineEveryMs = 5000;

/** Logs how far a long export is. A short one is over before it says anything. */
export class Progress {
  readonly #log: Log;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #now: () => number;
  #told: number;
  #rows = 0;

  /** @param fields what every line names: stream, export, table */
  constructor(log: Log, fields: Readonly<Record<string, string>>, now: () => number = Date.now) {
    this.#log = log;
    this.#fields = fields;
    this.#now = now;
    this.#told = now();
  }

  /** Rows of files that are loaded. */
  addRows(rows: number): void {
    this.#rows += rows;
  }

  tell({ doing, file, bytes, of }: Step): void {
    const now = this.#now();
    if (now - this.#told < lineEveryMs) return;
    this.#told = now;
    this.#log({
      severity: 'INFO',
      message: 'export under way',
      ...this.#fields,
      doing,
      ...(file !== undefined && { file }),
      bytes,
      ...(of !== undefined && { of }),
      rows: this.#rows,
    });
  }
}
