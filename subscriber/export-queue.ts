import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay, RelayStream } from '../shared/config.ts';
import type { Announcement } from '../shared/source.ts';
import { backoffMs } from './bigquery/backoff.ts';
import { apiOrigin } from './exports/api-origin.ts';
import type { ExportApi } from './exports/api-request.ts';
import { bucketOrigin } from './exports/bucket-origin.ts';
import { ExportLoad } from './exports/export-load.ts';
import type { ExportOrigin } from './exports/origin.ts';
import type { Fate } from './fate.ts';
import type { Log } from './log.ts';

export interface ExportQueueOptions {
  relay: Relay;
  bigquery: BigQuery;
  /** By the stream's name; a stream whose exports are read from a bucket needs one for its filter alone. */
  apis: ReadonlyMap<string, ExportApi>;
  /** Where ZIP files are spooled. */
  directory: string;
  log: Log;
}

/** A bucket may be silent for so long before it is given up. */
const silenceMs = 120_000;

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
    const { relay, bigquery, directory, log } = this.#options;
    const found = this.#originOf(stream);
    if (!found) return { kind: 'held', reason: `no API is configured for stream "${stream}"` };
    const { signal } = this.#closing;
    await using load = new ExportLoad(announcement, {
      ...found,
      bigquery,
      directory,
      location: relay.location,
      signal,
      log: (entry) => log({ ...entry, stream }),
    });
    for (let tries = 0; !signal.aborted; tries++) {
      const outcome = await load.try();
      if (outcome.kind === 'loaded') return { kind: 'written' };
      if (outcome.kind === 'refused') return { kind: 'dead', reason: outcome.reason };
      const { reason } = outcome;
      if (outcome.kind === 'skipped') {
        log({ severity: 'INFO', message: reason, stream });
        return { kind: 'written' };
      }
      const waitMs = backoffMs('throttled', tries, Math.random);
      log({ severity: 'WARNING', message: 'export not loaded, trying again', stream, reason });
      await sleep(waitMs, undefined, { signal }).catch(() => {});
    }
    return { kind: 'held', reason: 'the subscriber is stopping' };
  }

  /** Where the stream's exports are, and what else its settings say of them. */
  #originOf(name: string) {
    const stream = this.#options.relay.streams.get(name);
    const api = this.#options.apis.get(name);
    const origin = stream && originOf(stream, api);
    return origin && { origin, api, filter: stream.exportFilter, schema: stream.schema };
  }
}

function originOf({ storage }: RelayStream, api: ExportApi | undefined): ExportOrigin | undefined {
  if (storage) return bucketOrigin(storage, silenceMs);
  return api && apiOrigin(api);
}
