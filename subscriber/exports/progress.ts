import type { Log } from '../log.ts';

/** The progress of one step of an export. */
export interface Step {
  doing: 'downloading' | 'checking' | 'uploading' | 'loading';
  file?: string;
  bytes: number;
  /** All bytes, if their number is known. */
  of?: number | undefined;
}

const minIntervalMs = 5000;

/** Logs the progress of a long export, at most one line per interval. A short export ends before the first line. */
export class Progress {
  readonly #log: Log;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #now: () => number;
  #loggedAt: number;
  #rows = 0;

  /** @param fields of every line: stream, export, table */
  constructor(log: Log, fields: Readonly<Record<string, string>>, now: () => number = Date.now) {
    this.#log = log;
    this.#fields = fields;
    this.#now = now;
    this.#loggedAt = now();
  }

  addRows(rows: number): void {
    this.#rows += rows;
  }

  report({ doing, file, bytes, of }: Step): void {
    const now = this.#now();
    if (now - this.#loggedAt < minIntervalMs) return;
    this.#loggedAt = now;
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
