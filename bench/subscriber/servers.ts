import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { InstantBigQuery } from './child-processes.ts';

const quiet = { onLine: () => {}, onExit: () => {} };
const project = 'bench-project';

/** The local servers and an instant BigQuery, each in its own process. */
export interface BenchServers {
  readonly pubsubPort: number;
  readonly instant: InstantBigQuery;
  /** The environment of a subscriber that writes to the instant BigQuery or to local/bigquery. */
  environment(bigquery: 'instant' | 'local'): NodeJS.ProcessEnv;
  subscribe(name: string): Promise<void>;
  unsubscribe(name: string): Promise<void>;
  countRows(table: string): Promise<number>;
  stop(): Promise<void>;
}

export async function startServers(): Promise<BenchServers> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const pubsubPart = new PartProcess(
    'pubsub',
    { port: 0, directory: join(directory, 'pubsub') },
    {},
    quiet,
  );
  const bigqueryPart = new PartProcess(
    'bigquery',
    { restPort: 0, grpcPort: 0, directory: join(directory, 'bigquery') },
    {},
    quiet,
  );
  const instant = new InstantBigQuery();
  const [{ pubsub: pubsubPort = 0 }, { bigquery = 0, bigqueryGrpc = 0 }, instantPort] =
    await Promise.all([pubsubPart.ready, bigqueryPart.ready, instant.port()]);
  const pubsub = connectPubsub(project, pubsubPort);
  const client = connectBigQuery(project, bigquery);
  return {
    pubsubPort,
    instant,
    environment: (where) => ({
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsubPort}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigquery}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${where === 'instant' ? instantPort : bigqueryGrpc}`,
      METADATA_SERVER_DETECTION: 'none',
    }),
    async subscribe(name) {
      await pubsub.createTopic(name);
      await pubsub.createSubscription(name, name);
    },
    async unsubscribe(name) {
      await pubsub.subscription(name).delete();
      await pubsub.topic(name).delete();
    },
    async countRows(table) {
      const [rows] = await client.query({ query: `SELECT COUNT(*) AS n FROM ${table}` });
      return Number((rows as { n: number }[])[0]?.n ?? 0);
    },
    async stop() {
      await pubsub.close();
      await Promise.all([pubsubPart.stop(5000), bigqueryPart.stop(5000), instant.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
