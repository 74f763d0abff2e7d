/** One structured line. It holds no payload and no secret. */
export interface LogEntry {
  severity: 'INFO' | 'WARNING' | 'ERROR';
  message: string;
  /** The trace context of the delivery: Cloud Logging shows the line in its trace. */
  traceparent?: string | undefined;
  [field: string]: string | number | boolean | undefined;
}

export type Log = (entry: LogEntry) => void;

/** Logs the problems of one table, each once: again only if it changes, or if rows were written in between. */
export class TableLog {
  readonly #log: Log;
  readonly #rowsWritten: () => number;
  /** The last entry of each topic, as JSON. */
  readonly #last = new Map<string, string>();
  #rowsAtLast = 0;

  constructor(log: Log, rowsWritten: () => number) {
    this.#log = log;
    this.#rowsWritten = rowsWritten;
  }

  /** @param topic a new entry replaces the last one of its topic */
  report(topic: string, entry: LogEntry): void {
    const rows = this.#rowsWritten();
    if (rows !== this.#rowsAtLast) this.#last.clear();
    this.#rowsAtLast = rows;
    const text = JSON.stringify(entry);
    if (this.#last.get(topic) === text) return;
    this.#last.set(topic, text);
    this.#log(entry);
  }

  /** Logs that a problem is over, if one was reported. */
  resolve(topic: string, entry: LogEntry): void {
    if (this.#last.delete(topic)) this.#log(entry);
  }
}
