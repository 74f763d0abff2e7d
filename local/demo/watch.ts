import { setTimeout as sleep } from 'node:timers/promises';
import type { Tables } from './tables.ts';

/** A table whose rows are deliveries, and the column with the delivery's id. */
export interface WatchedTable {
  table: string;
  idColumn: string;
}

/** When each delivery was first seen in a table, in Unix milliseconds, by delivery id. */
export type FirstSeen = ReadonlyMap<string, number>;

const everyMs = 25;

/** Polls the tables until `stop`, and records when each row appears. */
export class Watch {
  readonly #tables: Tables;
  readonly #watched: readonly WatchedTable[];
  readonly #firstSeen = new Map<string, number>();
  readonly #watching: Promise<void>;
  #isStopped = false;

  constructor(tables: Tables, watched: readonly WatchedTable[]) {
    this.#tables = tables;
    this.#watched = watched;
    this.#watching = this.#run();
    // `stop` reports a failure; before that, it must not end the process.
    this.#watching.catch(() => {});
  }

  get firstSeen(): FirstSeen {
    return this.#firstSeen;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#watching;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      for (const { table, idColumn } of this.#watched) {
        for (const id of await this.#tables.values(table, idColumn)) {
          if (!this.#firstSeen.has(id)) this.#firstSeen.set(id, Date.now());
        }
      }
      await sleep(everyMs);
    }
  }
}

/**
 * The time from the edge's receipt until the rows could be queried. The id is a UUIDv7, whose first 48 bits
 * are the edge's clock in Unix milliseconds (RFC 9562, section 5.7).
 */
export function freshness(firstSeen: FirstSeen): { p50: number; p95: number } {
  const ages = [...firstSeen]
    .map(([id, seenAt]) => seenAt - Number.parseInt(id.replace('-', '').slice(0, 12), 16))
    .sort((a, b) => a - b);
  const at = (share: number) => ages[Math.floor((ages.length - 1) * share)] ?? 0;
  return { p50: at(0.5), p95: at(0.95) };
}
