import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BigQuery } from '@google-cloud/bigquery';
import { v7 as uuidv7 } from 'uuid';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { connectBigQuery } from '../../local/google-clients.ts';
import { defineRelay } from '../../shared/config/define-relay.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { edgeReportStream, writeReport } from '../../shared/report/edge-report.ts';
import { type EdgeCount, ledgerTable } from '../../shared/report/ledger.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { generic } from '../../shared/sources/generic.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { type OpenTables, openTables } from '../../subscriber/bigquery/tables/open-tables.ts';
import { DeadLetterQueue } from '../../subscriber/dead-letters/dead-letter-queue.ts';
import { ReplayResults } from '../../subscriber/dead-letters/replay-results.ts';
import { readLedger } from '../../subscriber/ledger/read-ledger.ts';
import { LedgerWriter } from '../../subscriber/ledger/settled/ledger-writer.ts';
import { Settlements } from '../../subscriber/ledger/settled/settlements.ts';
import { Pipeline } from '../../subscriber/pipeline.ts';
import { InFlightLimit } from '../../subscriber/pull/in-flight-limit.ts';
import { noMetrics, observed } from '../../subscriber/service/metrics.ts';
import { select } from './relay-process.ts';

/** One stream of each kind: how a table shows its deliveries differs. */
export const relay = defineRelay({
  project: 'test-project',
  streams: {
    plain: segmentstream({ table: 'shop.plain' }),
    shop: datanostro({ table: 'shop.shop' }),
    keyed: datanostro({ table: 'shop.keyed', key: ['event_id'] }),
    mail: generic({
      table: 'shop.mail',
      each: '$',
      id: '$.id',
      filter: { where: { field: '$.ok', equals: true } },
    }),
    bare: generic({ table: 'shop.bare', columns: { name: { type: 'STRING', from: '$.name' } } }),
    exports: absmartly({ table: 'shop.exports', apiUrl: 'https://acme.absmartly.com' }),
  },
});

export interface Sent {
  stream: string;
  body: string;
  id?: string;
  /** Unix milliseconds. */
  receivedAt?: number;
  messageId?: string;
  attributes?: Record<string, string>;
}

let messages = 0;

/** The subscriber's pipeline over BigQuery on this machine; nothing is flushed but by `flush`. */
export class LedgerBed {
  /** Of each delivery that the metrics have as written. */
  readonly streamsWritten: string[] = [];
  readonly #directory: string;
  readonly #server: BigQueryServer;
  readonly bigquery: BigQuery;
  tables!: OpenTables;
  pipeline!: Pipeline;
  ledger!: LedgerWriter;

  constructor(directory: string, server: BigQueryServer) {
    this.#directory = directory;
    this.#server = server;
    this.bigquery = connectBigQuery(relay.project, server.restPort);
  }

  /** A subscriber that remembers nothing; what the one before has not flushed is gone, as by SIGKILL. */
  async restart(options: { inFlight?: InFlightLimit; flushEveryMs?: number } = {}): Promise<void> {
    this.ledger?.stop();
    await this.tables?.close(1000);
    const { flushEveryMs = 3_600_000 } = options;
    const { inFlight = new InFlightLimit({ messages: 1000, bytes: 1_000_000 }) } = options;
    const storageEndpoint = `127.0.0.1:${this.#server.grpcPort}`;
    const { bigquery } = this;
    this.tables = await openTables({ relay, bigquery, storageEndpoint, inFlight, log() {} });
    const { tables } = this;
    this.ledger = new LedgerWriter({
      table: tables.reports.ledger,
      inFlight: () => this.pipeline.inFlight(),
      flushEveryMs,
      log() {},
    });
    this.pipeline = new Pipeline({
      relay,
      tables: tables.rows,
      reports: tables.reports,
      settlements: new Settlements({ relay, ledger: this.ledger }),
      deadLetters: new DeadLetterQueue({ table: tables.deadLetters, inFlight, log() {} }),
      inFlight,
      exports: { write: async () => ({ kind: 'written' }) },
      replays: new ReplayResults(tables.replays),
      log() {},
      metrics: observed(noMetrics, {
        written: ({ stream = '' }) => void this.streamsWritten.push(stream),
      }),
    });
  }

  flush(): Promise<void> {
    return this.ledger.flush();
  }

  /** Resolves to what became of the message. */
  async deliver(sent: Sent): Promise<'ack' | 'nack' | undefined> {
    const { stream, body, id = uuidv7(), receivedAt = Date.now(), attributes } = sent;
    let settled: 'ack' | 'nack' | undefined;
    await this.pipeline.handle({
      id: sent.messageId ?? `m${++messages}`,
      data: new TextEncoder().encode(body),
      attributes: { ...toAttributes({ stream, deliveryId: id, receivedAt }), ...attributes },
      ack: () => {
        settled = 'ack';
      },
      nack: () => {
        settled = 'nack';
      },
    });
    return settled;
  }

  /** What an isolate of the edge reports. */
  async report(...ledger: EdgeCount[]): Promise<void> {
    const body = writeReport({ isolate: '0a1b2c3d', ledger, census: [], refused: [] });
    await this.deliver({ stream: edgeReportStream, body: new TextDecoder().decode(body) });
  }

  /** The edge accepted so many deliveries at that time. */
  async accepted(stream: string, at: number, deliveries: number): Promise<void> {
    const minute = Math.floor(at / 60_000);
    await this.report({ minute, stream, outcome: 'accepted', deliveries });
  }

  /** The line of a stream and minute, with what is not 0. */
  async line(stream: string, at: number, recount = true): Promise<Record<string, unknown>> {
    const since = Math.floor(at / 60_000) * 60_000;
    const range = { since, until: since + 60_000 };
    const [line] = await readLedger(
      { bigquery: this.bigquery, relay },
      { ...range, stream, recount },
    );
    const { minute: _m, stream: _s, rejected: _r, recountedAt, ...counts } = line ?? {};
    const some = Object.entries(counts).filter(([, value]) => value !== 0);
    return { ...Object.fromEntries(some), ...(recountedAt && { isRecounted: true }) };
  }

  async rows<Row>(query: string): Promise<Row[]> {
    return await select<Row>(this.bigquery, query);
  }

  /** The rows of the ledger itself. */
  async ledgerRows(): Promise<Record<string, unknown>[]> {
    return await this.rows(`SELECT * FROM ${ledgerTable(relay)}`);
  }

  async stop(): Promise<void> {
    this.ledger.stop();
    await this.tables.close(1000);
    await this.#server.stop();
    await rm(this.#directory, { recursive: true });
  }
}

export async function startLedgerBed(): Promise<LedgerBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-ledger-'));
  const server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  const bed = new LedgerBed(directory, server);
  await bed.restart();
  return bed;
}
