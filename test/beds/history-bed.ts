import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EventReader } from '../../history/events/event-reader.ts';
import { type HistorySource, readHistorySource } from '../../history/fetch/history-api.ts';
import { type RejectedRecord, RejectedRecords } from '../../history/lines/rejected-records.ts';
import { IdTable } from '../../history/table/id-table.ts';
import type { EventTable } from '../../history/table/known-ids.ts';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { startDatanostro } from '../../local/datanostro/main.ts';
import type { Faults } from '../../local/faults/faults.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import type { RelayStream } from '../../shared/config/config.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { type DatanostroOptions, datanostro } from '../../shared/sources/datanostro.ts';
import { openWriteClient, type WriteClient } from '../../subscriber/bigquery/client.ts';
import { ensureTable } from '../../subscriber/bigquery/tables/ensure-table.ts';

export const project = 'local-project';
const apiKey = 'the-key';
export const hour = 3_600_000;
/** The day of the tests' events: partitioned tables accept ten years back. */
export const day = Math.floor(Date.now() / (24 * hour)) * 24 * hour - 48 * hour;

export function streamOf(options: Partial<DatanostroOptions> = {}): RelayStream {
  const stream = datanostro({ table: 'shop.events', ...options });
  const found = defineRelay({ project, streams: { shop: stream } }).streams.get('shop');
  if (!found) throw new Error('no stream');
  return found;
}

/** One line of an export. */
export function eventLine(id: string | null, timeMs: number, more: object = {}): string {
  return JSON.stringify({
    id,
    event_name: 'purchase',
    created_at: new Date(timeMs).toISOString(),
    request_body: { id },
    ...more,
  });
}

export interface HistoryBed {
  table: EventTable;
  reader: EventReader;
  client: WriteClient;
  rejectedRecords: RejectedRecords;
  rejected: RejectedRecord[];
  ids: IdTable;
  maxIds: number;
  ports: { rest: number; grpc: number };
  directory: string;
  query<Row>(sql: string): Promise<Row[]>;
  /** Of all rows, sorted. */
  eventIds(): Promise<string[]>;
}

/** A BigQuery with the stream's table, until the end of the test. */
export async function startHistoryBed(stream = streamOf(), faults?: Faults): Promise<HistoryBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-backfill-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const server = await startBigQuery({
    restPort: 0,
    grpcPort: 0,
    directory: `${directory}/bq`,
    faults,
  });
  onTestFinished(() => server.stop());
  const bigquery = connectBigQuery(project, server.restPort);
  const reader = new EventReader(stream, Date.now());
  await ensureTable(bigquery, { dataset: 'shop', table: 'events' }, reader.layout);
  const client = await openWriteClient({
    projectId: project,
    endpoint: `127.0.0.1:${server.grpcPort}`,
  });
  onTestFinished(() => client.close());
  const rejected: RejectedRecord[] = [];
  const rejectedRecords = new RejectedRecords({
    strict: false,
    onRejected: (reject) => rejected.push(reject),
  });
  const query = async <Row>(sql: string) => (await bigquery.query(sql))[0] as Row[];
  return {
    table: { bigquery, project, table: stream.table, columns: reader.columns },
    reader,
    client,
    rejectedRecords,
    rejected,
    ids: new IdTable(),
    maxIds: 1_000_000,
    ports: { rest: server.restPort, grpc: server.grpcPort },
    directory,
    query,
    async eventIds() {
      const rows = await query<{ event_id: string }>('SELECT event_id FROM shop.events');
      return rows.map(({ event_id }) => event_id).sort();
    },
  };
}

/** A sender with these lines by time, and the stream's key for it. */
export async function startHistory(
  lines: (from: number, to: number) => Iterable<string>,
  stream = streamOf(),
): Promise<HistorySource> {
  const sender = await startDatanostro({ port: 0, apiKeys: [apiKey], history: lines });
  onTestFinished(() => sender.stop());
  return sourceOf(`http://127.0.0.1:${sender.port}`, stream);
}

export function sourceOf(url: string, stream = streamOf()): HistorySource {
  const environment = { SHOP_API_KEY: apiKey, SHOP_API_URL: url };
  const retryPolicy = { maxElapsedMs: 2000, random: () => 0.01 };
  return { ...readHistorySource(environment, stream), retryPolicy };
}

/** `count` events, spread evenly over a window. */
export function* manyEvents(from: number, to: number, count: number): Generator<string> {
  const step = (to - from) / count;
  for (let n = 0; n < count; n++) {
    const time = Math.floor(from + n * step);
    yield eventLine(`evt_${time}_${n}`, time);
  }
}
