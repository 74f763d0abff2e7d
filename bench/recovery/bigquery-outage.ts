import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { benchRelay, table } from '../subscriber/bench-relay.ts';
import { MeasuredProcess } from '../subscriber/child-processes.ts';
import { publishEvents } from '../subscriber/publish-events.ts';

export interface BigQueryOutage {
  /** From its return until the first row of the backlog can be queried, in milliseconds. */
  firstRowMs: number;
  /** Until all of the backlog can be. */
  allRowsMs: number;
  /** The subscriber's greatest resident set. */
  peakRssBytes: number;
}

export interface BigQueryOutageOptions {
  awaySeconds: number;
  /** How many messages come during the outage. */
  messages: number;
}

const name = 'recovery';
const quiet = { onLine: () => {}, onExit: () => {} };
/** Before the outage, so that its connections are open. */
const warmUp = 500;
const everyMs = 20;

/** Kills BigQuery while messages come, and starts it again. */
export async function measureBigQueryOutage(
  options: BigQueryOutageOptions,
): Promise<BigQueryOutage> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const pubsub = new PartProcess('pubsub', { port: 0, directory: `${directory}/p` }, {}, quiet);
  const openBigQuery = (restPort: number, grpcPort: number) =>
    new PartProcess('bigquery', { restPort, grpcPort, directory: `${directory}/b` }, {}, quiet);
  let bigquery = openBigQuery(0, 0);
  let subscriber: MeasuredProcess | undefined;
  try {
    const [{ pubsub: pubsubPort = 0 }, { bigquery: restPort = 0, bigqueryGrpc: grpcPort = 0 }] =
      await Promise.all([pubsub.ready, bigquery.ready]);
    await subscribe(pubsubPort);
    subscriber = startSubscriber({ pubsubPort, restPort, grpcPort });
    await subscriber.ready();
    const rows = rowCounter(restPort);
    await publishEvents(pubsubPort, name, warmUp);
    await waitFor(rows, warmUp);

    bigquery.process.kill('SIGKILL');
    await publishSteadily(pubsubPort, options);
    const peakRssBytes = await subscriber.rssBytes();
    bigquery = openBigQuery(restPort, grpcPort);
    await bigquery.ready;
    const backAt = performance.now();
    await waitFor(rows, warmUp + 1);
    const firstRowMs = performance.now() - backAt;
    await waitFor(rows, warmUp + options.messages);
    return { firstRowMs, allRowsMs: performance.now() - backAt, peakRssBytes };
  } finally {
    await subscriber?.stop();
    await Promise.all([pubsub.stop(5000), bigquery.stop(5000)]);
    await rm(directory, { recursive: true, force: true });
  }
}

function startSubscriber(ports: Record<'pubsubPort' | 'restPort' | 'grpcPort', number>) {
  const environment = {
    PUBSUB_EMULATOR_HOST: `127.0.0.1:${ports.pubsubPort}`,
    BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${ports.restPort}`,
    BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${ports.grpcPort}`,
    METADATA_SERVER_DETECTION: 'none',
  };
  return new MeasuredProcess({ kind: 'relay', name, warmUp: 0, events: 1e9, environment });
}

async function subscribe(port: number): Promise<void> {
  const pubsub = connectPubsub(benchRelay(name).project, port);
  await pubsub.createTopic(name);
  await pubsub.createSubscription(name, name);
  await pubsub.close();
}

/** Spreads the messages over the outage. */
async function publishSteadily(
  port: number,
  { awaySeconds, messages }: BigQueryOutageOptions,
): Promise<void> {
  const begun = performance.now();
  let sent = 0;
  for (let second = 1; second <= awaySeconds; second++) {
    const due = Math.round((messages * second) / awaySeconds) - sent;
    await publishEvents(port, name, due);
    sent += due;
    await sleep(Math.max(0, begun + second * 1000 - performance.now()));
  }
}

function rowCounter(restPort: number): () => Promise<number> {
  const client = connectBigQuery(benchRelay(name).project, restPort);
  return async () => {
    try {
      const [rows] = await client.query({ query: `SELECT COUNT(*) AS n FROM ${table}` });
      return Number((rows as { n: number }[])[0]?.n ?? 0);
    } catch {
      // It may not answer right after its start.
      return 0;
    }
  };
}

async function waitFor(rows: () => Promise<number>, count: number): Promise<void> {
  while ((await rows()) < count) await sleep(everyMs);
}
