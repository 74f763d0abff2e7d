import { setTimeout as sleep } from 'node:timers/promises';
import type { BigQuery } from '@google-cloud/bigquery';
import type { Relay, RelayStream } from '../../shared/config/config.ts';
import { backoffMs } from '../bigquery/append/backoff.ts';
import type { Log } from '../log.ts';
import type { AnnouncedExport } from '../rows/delivery-writer.ts';
import type { Queue, WriteResult } from '../rows/write-result.ts';
import { type Metrics, noMetrics } from '../service/metrics.ts';
import type { DeliveryTrace } from '../traces/delivery-trace.ts';
import { ExportLoad } from './export-load.ts';
import { bucketOrigin } from './fetch/bucket-origin.ts';
import type { ExportApi } from './fetch/export-api.ts';
import { apiOrigin } from './fetch/export-api.ts';
import type { ExportOrigin } from './fetch/export-origin.ts';

export interface ExportQueueOptions {
  relay: Relay;
  bigquery: BigQuery;
  /** By the stream's name. A stream with a bucket needs one only for its filter. */
  apis: ReadonlyMap<string, ExportApi>;
  /** Where ZIP files are spooled. */
  directory: string;
  log: Log;
  metrics?: Metrics;
  /** An export that has waited this long for its retries lets the next one of its stream go first. */
  yieldAfterMs?: number;
}

/** A table takes 1,500 load jobs a day, failed ones included: https://cloud.google.com/bigquery/quotas */
const afterFailedJob = { firstMs: 60_000, capMs: 600_000 };

const bucketIdleTimeoutMs = 120_000;

/**
 * The announced exports. Each stream loads one at a time, because two loads into one table at once would mix their
 * files. An export takes minutes, and no row waits for it.
 */
export class ExportQueue implements Queue<AnnouncedExport> {
  readonly #options: ExportQueueOptions;
  readonly #closing = new AbortController();
  /** The last export of each stream. The next one begins when it has ended. */
  readonly #last = new Map<string, Promise<WriteResult>>();
  /** How many exports of each stream are not settled. */
  readonly #unsettled = new Map<string, number>();
  /** By the stream's name. They are kept, because a bucket's client holds connections and credentials. */
  readonly #origins = new Map<string, ExportOrigin>();

  constructor(options: ExportQueueOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the export is loaded, proven bad, or nacked: because the queue closes, or because it keeps
   * failing while another one waits. Never rejects.
   */
  write(announced: AnnouncedExport, trace?: DeliveryTrace): Promise<WriteResult> {
    const { stream } = announced;
    const before = this.#last.get(stream) ?? Promise.resolve();
    this.#count(stream, 1);
    const result = before
      .then(() => this.#loadTraced(announced, trace))
      .finally(() => this.#count(stream, -1));
    this.#last.set(stream, result);
    return result;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#last.values());
  }

  async #loadTraced(announced: AnnouncedExport, trace?: DeliveryTrace): Promise<WriteResult> {
    const { table } = announced.announcement;
    const endSpan = trace?.begin('load export', { 'tributary.table': table });
    const result = await this.#loadUntilSettled(announced);
    endSpan?.(result.kind === 'written' ? undefined : result.kind);
    return result;
  }

  async #loadUntilSettled({
    stream,
    announcement,
    traceparent,
  }: AnnouncedExport): Promise<WriteResult> {
    const { relay, bigquery, directory, metrics = noMetrics } = this.#options;
    const log: Log = (entry) => this.#options.log({ ...entry, stream, traceparent });
    const found = this.#originOf(stream);
    if (!found) return { kind: 'nacked', reason: `no API is configured for stream "${stream}"` };
    const { signal } = this.#closing;
    await using load = new ExportLoad(announcement, {
      ...found,
      bigquery,
      directory,
      location: relay.location,
      signal,
      log,
      onFetched: (bytes) => metrics.fetched(stream, bytes),
    });
    let waitedMs = 0;
    for (let tries = 0; !signal.aborted; tries++) {
      const outcome = await load.try();
      if (outcome.kind === 'loaded') return { kind: 'written' };
      if (outcome.kind === 'invalid') {
        return { kind: 'invalid', problem: { reason: outcome.reason } };
      }
      const { reason } = outcome;
      if (outcome.kind === 'skipped') {
        log({ severity: 'INFO', message: reason });
        return { kind: 'written' };
      }
      const waitMs = waitAfter(outcome, tries);
      if (this.#mustYield(stream, waitedMs + waitMs)) {
        log({
          severity: 'WARNING',
          message: 'export not loaded, the next one goes first',
          reason,
        });
        return { kind: 'nacked', reason };
      }
      log({ severity: 'WARNING', message: 'export not loaded, trying again', reason });
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      waitedMs += waitMs;
    }
    return { kind: 'nacked', reason: 'the subscriber is stopping' };
  }

  /** Pub/Sub redelivers the nacked export, so that others of the stream don't wait forever. */
  #mustYield(stream: string, waitedMs: number): boolean {
    const { yieldAfterMs = 180_000 } = this.#options;
    return waitedMs > yieldAfterMs && (this.#unsettled.get(stream) ?? 0) > 1;
  }

  #count(stream: string, change: number): void {
    this.#unsettled.set(stream, (this.#unsettled.get(stream) ?? 0) + change);
  }

  /** Where the stream's exports are, and its other settings for them. */
  #originOf(name: string) {
    const stream = this.#options.relay.streams.get(name);
    const api = this.#options.apis.get(name);
    if (!stream) return undefined;
    const origin = this.#origins.get(name) ?? originOf(stream, api);
    if (!origin) return undefined;
    this.#origins.set(name, origin);
    const { exportFilter: filter, schema, encoding, delimiter } = stream;
    return { origin, api, filter, schema, settings: { encoding, delimiter } };
  }
}

function originOf({ storage }: RelayStream, api: ExportApi | undefined): ExportOrigin | undefined {
  if (storage) return bucketOrigin(storage, bucketIdleTimeoutMs);
  return api && apiOrigin(api);
}

/** Minutes after a failed job, because each failed job uses up a part of the table's daily quota. */
function waitAfter({ isFailedJob }: { isFailedJob?: true }, tries: number): number {
  if (!isFailedJob) return backoffMs('throttled', tries, Math.random);
  const { firstMs, capMs } = afterFailedJob;
  return Math.min(capMs, firstMs * 2 ** Math.min(tries, 10)) * (0.5 + Math.random() / 2);
}
