import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay } from '../shared/config.ts';
import type { Announcement } from '../shared/source.ts';
import { backoffMs } from './bigquery/backoff.ts';
import type { ExportApi } from './exports/download.ts';
import { loadExport } from './exports/load-export.ts';
import type { Fate } from './fate.ts';
import type { Log } from './log.ts';

export interface ExportQueueOptions {
  relay: Relay;
  bigquery: BigQuery;
  /** By the stream's name. */
  apis: ReadonlyMap<string, ExportApi>;
  /** Where ZIP files are spooled. */
  directory: string;
  log: Log;
}

/**
 * The announced exports: one at a time for each stream, since two loads at once into one table
 * would mix their files. They take minutes, and no row waits for them.
 */
export class ExportQueue {
  readonly #options: ExportQueueOptions;
  readonly #closing = new AbortController();
  /** The last export of each stream; the next one begins when it has ended. */
  readonly #last = new Map<string, Promise<Fate>>();

  constructor(options: ExportQueueOptions) {
    this.#options = options;
  }

  /** Resolves when the export is loaded, proven bad, or given back because the queue closes. Never rejects. */
  load(stream: string, announcement: Announcement): Promise<Fate> {
    const before = this.#last.get(stream) ?? Promise.resolve();
    const fate = before.then(() => this.#loadUntilSettled(stream, announcement));
    this.#last.set(stream, fate);
    return fate;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#last.values());
  }

  async #loadUntilSettled(stream: string, announcement: Announcement): Promise<Fate> {
    const { relay, bigquery, apis, directory, log } = this.#options;
    const api = apis.get(stream);
    if (!api) return { kind: 'held', reason: `no API is configured for stream "${stream}"` };
    const { signal } = this.#closing;
    for (let tries = 0; !signal.aborted; tries++) {
      const dependencies = { api, bigquery, directory, location: relay.location, signal, log };
      const outcome = await loadExport(announcement, dependencies);
      if (outcome.kind === 'loaded') return { kind: 'written' };
      if (outcome.kind === 'refused') return { kind: 'dead', reason: outcome.reason };
      const { reason } = outcome;
      const waitMs = backoffMs('throttled', tries, Math.random);
      log({ severity: 'WARNING', message: 'export not loaded, trying again', stream, reason });
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
    return { kind: 'held', reason: 'the subscriber is stopping' };
  }
}
