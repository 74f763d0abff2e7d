import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { v7 as uuidv7 } from 'uuid';
import { type BigQueryServer, startBigQuery } from '../../local/bigquery/main.ts';
import { Faults } from '../../local/faults/faults.ts';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { compileCache } from '../../local/parts/compile-cache.ts';
import { type PubsubServer, startPubsub } from '../../local/pubsub/main.ts';
import { toAttributes } from '../../shared/envelope.ts';
import { select } from './relay-process.ts';
import { relay } from './subscriber-process.ts';

const child = fileURLToPath(new URL('./subscriber-process.ts', import.meta.url));

export type StreamName = 'plain' | 'keyed';

/** How often each delivery is in a table, by its id. */
export type Counts = Map<string, number>;

/** Pub/Sub and BigQuery on this machine, with faults, for subscribers that tests start and end. */
export class SubscriberBed {
  readonly pubsubFaults = new Faults();
  readonly bigqueryFaults = new Faults();
  readonly #directory: string;
  #bigqueryServer: BigQueryServer;
  readonly #pubsubServer: PubsubServer;
  readonly bigquery: BigQuery;
  readonly pubsub: PubSub;
  readonly environment: NodeJS.ProcessEnv;

  constructor(
    directory: string,
    bigqueryServer: BigQueryServer,
    pubsubServer: PubsubServer,
    faults: { pubsubFaults: Faults; bigqueryFaults: Faults },
  ) {
    this.#directory = directory;
    this.#bigqueryServer = bigqueryServer;
    this.#pubsubServer = pubsubServer;
    this.pubsubFaults = faults.pubsubFaults;
    this.bigqueryFaults = faults.bigqueryFaults;
    this.bigquery = connectBigQuery(relay.project, bigqueryServer.restPort);
    this.pubsub = connectPubsub(relay.project, pubsubServer.port);
    this.environment = {
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubServer.port}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigqueryServer.restPort}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${bigqueryServer.grpcPort}`,
      METADATA_SERVER_DETECTION: 'none',
      NODE_COMPILE_CACHE: compileCache,
    };
  }

  async stopBigQuery(): Promise<void> {
    await this.#bigqueryServer.stop();
  }

  /** Where it was before. */
  async restartBigQuery(): Promise<void> {
    const { restPort, grpcPort } = this.#bigqueryServer;
    const directory = join(this.#directory, 'bigquery');
    const faults = this.bigqueryFaults;
    this.#bigqueryServer = await startBigQuery({ restPort, grpcPort, directory, faults });
  }

  async stop(): Promise<void> {
    await this.pubsub.close();
    await Promise.all([this.#bigqueryServer.stop(), this.#pubsubServer.stop()]);
    await rm(this.#directory, { recursive: true });
  }

  /** What the edge would publish; resolves to the ids that Pub/Sub has taken. */
  async publish(stream: string, count: number, body = (n: number) => `{"id":"e${n}"}`) {
    const topic = this.pubsub.topic(relay.topic, { batching: { maxMessages: 500 } });
    const ids = Array.from({ length: count }, () => uuidv7());
    await Promise.all(
      ids.map((deliveryId, n) =>
        topic.publishMessage({
          data: Buffer.from(body(n)),
          attributes: toAttributes({ stream, deliveryId, receivedAt: Date.now() }),
        }),
      ),
    );
    return ids;
  }

  /** @param column of the table that has the stream's name */
  async counts(
    stream: string,
    column = stream === 'keyed' ? 'delivery_id' : 'hit_id',
  ): Promise<Counts> {
    const rows = await select<{ id: string; times: number }>(
      this.bigquery,
      `SELECT ${column} AS id, COUNT(*) AS times FROM shop.${stream} GROUP BY id`,
    );
    return new Map(rows.map(({ id, times }) => [id, times]));
  }

  /** How many rows the view of unique rows shows. */
  async countUnique(stream: string): Promise<number> {
    const query = `SELECT COUNT(*) AS n FROM shop.${stream}_unique`;
    const [row] = await select<{ n: number }>(this.bigquery, query);
    return row?.n ?? 0;
  }

  /** The deliveries of dead letters with this in their body. */
  async deadLetters(mark: string): Promise<string[]> {
    const query = `SELECT DISTINCT delivery_id AS id FROM ${relay.deadLetters}
      WHERE STRPOS(SAFE_CONVERT_BYTES_TO_STRING(data), '${mark}') > 0`;
    const rows = await select<{ id: string }>(this.bigquery, query);
    return rows.map(({ id }) => id);
  }

  /** A subscriber in a process of its own, as it runs in production. */
  spawn(mode: string[] = ['serve'], environment: NodeJS.ProcessEnv = {}): SubscriberProcess {
    return new SubscriberProcess(mode, { ...process.env, ...this.environment, ...environment });
  }
}

export async function startSubscriberBed(): Promise<SubscriberBed> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-subscriber-'));
  const bed = { pubsubFaults: new Faults(), bigqueryFaults: new Faults() };
  const [bigquery, pubsub] = await Promise.all([
    startBigQuery({
      restPort: 0,
      grpcPort: 0,
      directory: join(directory, 'bigquery'),
      faults: bed.bigqueryFaults,
    }),
    startPubsub({ port: 0, directory: join(directory, 'pubsub'), faults: bed.pubsubFaults }),
  ]);
  return new SubscriberBed(directory, bigquery, pubsub, bed);
}

export class SubscriberProcess {
  readonly process: ChildProcess;
  output = '';

  constructor(mode: string[], environment: NodeJS.ProcessEnv) {
    this.process = spawn(process.execPath, [child, ...mode], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  /** The lines of its log. */
  get lines(): Record<string, unknown>[] {
    const lines = this.output.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.process.kill(signal);
    return await this.exited();
  }

  async exited(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      await once(this.process, 'exit');
    }
    return this.process.exitCode;
  }
}
