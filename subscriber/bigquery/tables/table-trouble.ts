import type { Log } from '../../log.ts';

type Entry = Parameters<Log>[0];

/**
 * What is wrong with a table, said once: again only where it is something else by now, or where rows were
 * written in between.
 */
export class TableTrouble {
  readonly #log: Log;
  readonly #rowsWritten: () => number;
  /** By the message: the last entry. */
  readonly #said = new Map<string, string>();
  #rowsWhenSaid = 0;

  constructor(log: Log, rowsWritten: () => number) {
    this.#log = log;
    this.#rowsWritten = rowsWritten;
  }

  /** @param topic of several entries on one topic the last is remembered */
  say(topic: string, entry: Entry): void {
    const rows = this.#rowsWritten();
    if (rows !== this.#rowsWhenSaid) this.#said.clear();
    this.#rowsWhenSaid = rows;
    const text = JSON.stringify(entry);
    if (this.#said.get(topic) === text) return;
    this.#said.set(topic, text);
    this.#log(entry);
  }

  /** Says that it is over, where it was said that there is any. */
  end(topic: string, entry: Entry): void {
    if (this.#said.delete(topic)) this.#log(entry);
  }
}
