// The demo runs the whole relay and checks it: plan.ts makes the deliveries, send.ts sends them, watch.ts sees
// the rows appear, audit.ts compares tables with responses. In: the config of relay.ts. Out: a report with counts,
// freshness and all differences.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Relay } from '../../shared/config/config.ts';
import { connectBigQuery } from '../google-clients.ts';
import { modulePath } from '../parts/module-path.ts';
import type { PartName } from '../parts/part.ts';
import { freePorts } from '../parts/ports.ts';
import { makeSecrets } from '../secrets.ts';
import { startStack } from '../stack.ts';
import { Audit, rowTables, type StreamCounts, tableOf } from './audit.ts';
import { type PlannedDelivery, planDeliveries } from './plan.ts';
import { relay } from './relay.ts';
import { sendAll } from './send.ts';
import { Tables } from './tables.ts';
import { freshness, Watch } from './watch.ts';

export interface DemoReport {
  streams: Record<string, StreamCounts>;
  /** The time from the edge's receipt until the row can be queried, for streams of rows. */
  freshnessMs: { p50: number; p95: number };
  /** All differences between responses and tables; empty if there are none. */
  problems: string[];
  /** A few rows of each table. */
  samples: Record<string, Record<string, unknown>[]>;
}

export interface DemoProgress {
  answered: number;
  deliveries: number;
  rows: number;
  expectedRows: number;
}

export interface DemoOptions {
  onProgress: (progress: DemoProgress) => void;
  onLine: (part: PartName, line: string) => void;
  signal: AbortSignal;
}

/** How long to wait for the last row after the last response. */
const rowTimeoutMs = 60_000;
/** How long to watch the tables for extra rows after the last expected row. */
const extraRowsMs = 300;

/**
 * Runs the demo: starts the relay on free ports with temporary state, sends deliveries of three senders,
 * waits for the rows, and compares the tables with the responses.
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-demo-'));
  const secrets = makeSecrets(relay);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  options.signal.addEventListener('abort', () => ended.reject(options.signal.reason));
  try {
    const stack = await startStack({
      relay,
      config: modulePath('./relay', import.meta.url),
      directory,
      secrets,
      ports: freePorts,
      onLine: options.onLine,
      onExit: (part, how) => ended.reject(new Error(`${part} ended by itself (${how})`)),
    });
    try {
      const edge = `http://127.0.0.1:${stack.ports.edge}`;
      const deliveries = await planDeliveries({ relay, secrets, edge, now: Date.now() });
      const bigquery = connectBigQuery(relay.project, stack.ports.bigquery);
      const tables = new Tables(bigquery, relay.project);
      return await Promise.race([ended.promise, relayAll(options, deliveries, tables)]);
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function relayAll(
  { onProgress }: DemoOptions,
  deliveries: readonly PlannedDelivery[],
  tables: Tables,
): Promise<DemoReport> {
  const watch = new Watch(tables, rowTables(relay));
  const exportsTable = tableOf(relay, 'absmartly');
  const progress = { answered: 0, deliveries: deliveries.length, rows: 0, expectedRows: 0 };

  const answers = await sendAll(deliveries, (answer) => {
    progress.answered++;
    if (answer.deliveryId && !answer.delivery.announces) progress.expectedRows++;
    onProgress({ ...progress, rows: watch.firstSeen.size });
  });
  const audit = new Audit(relay, tables, answers);
  progress.expectedRows += audit.expectedExportRows;
  for (const deadline = Date.now() + rowTimeoutMs; Date.now() < deadline; await sleep(50)) {
    progress.rows = watch.firstSeen.size + (await tables.count(exportsTable));
    onProgress(progress);
    if (progress.rows >= progress.expectedRows) break;
  }
  await sleep(extraRowsMs);
  await watch.stop();
  return {
    streams: await audit.countStreams(),
    freshnessMs: freshness(watch.firstSeen),
    problems: await audit.findProblems(),
    samples: await sampleRows(relay, tables),
  };
}

async function sampleRows(relay: Relay, tables: Tables): Promise<DemoReport['samples']> {
  const samples: DemoReport['samples'] = {};
  for (const { name, table } of relay.streams.values()) {
    samples[name] = await tables.select('*', table, 'LIMIT 3');
  }
  return samples;
}
