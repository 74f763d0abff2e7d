import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBigQuery } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { fineCpuMs } from '../edge/cpu.ts';
import { type BenchEdge, startBenchEdge } from '../load/edge.ts';
import { relay, table } from '../load/relay-config.ts';
import { type CountingProxy, startCountingProxy, type Traffic } from './counting-proxy.ts';
import { type Replica, startReplica } from './subscriber-process.ts';

const quiet = { onLine: () => {}, onExit: () => {} };

/** What each part has used, in milliseconds of CPU. */
export type PartCpu = Record<'edge' | 'subscriber' | 'pubsub' | 'bigquery', number>;

/** What went over each connection. */
export interface PartTraffic {
  edgeToPubsub: Traffic;
  subscriberToPubsub: Traffic;
  subscriberToBigQuery: Traffic;
}

/** The whole relay, each part in its own process. */
export class RelayStack {
  readonly #directory: string;
  readonly #pubsub: PartProcess;
  readonly #bigquery: PartProcess;
  #proxies: Record<keyof PartTraffic, CountingProxy> | undefined;
  #replicas: Replica[] = [];
  #environment: NodeJS.ProcessEnv = {};
  #edge: BenchEdge | undefined;
  #restPort = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#pubsub = new PartProcess('pubsub', { port: 0, directory: `${directory}/p` }, {}, quiet);
    const bigquery = { restPort: 0, grpcPort: 0, directory: `${directory}/b` };
    this.#bigquery = new PartProcess('bigquery', bigquery, {}, quiet);
  }

  /** @param isCounted with a proxy on each connection */
  static async start(isCounted = false): Promise<RelayStack> {
    const stack = new RelayStack(await mkdtemp(join(tmpdir(), 'tributary-bench-')));
    try {
      await stack.#open(isCounted);
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get edge(): BenchEdge {
    if (!this.#edge) throw new Error('the edge is not open');
    return this.#edge;
  }

  async #open(isCounted: boolean): Promise<void> {
    const [{ pubsub = 0 }, { bigquery = 0, bigqueryGrpc = 0 }] = await Promise.all([
      this.#pubsub.ready,
      this.#bigquery.ready,
    ]);
    if (isCounted) {
      this.#proxies = {
        edgeToPubsub: await startCountingProxy(pubsub),
        subscriberToPubsub: await startCountingProxy(pubsub),
        subscriberToBigQuery: await startCountingProxy(bigqueryGrpc),
      };
    }
    this.#restPort = bigquery;
    const { edgeToPubsub, subscriberToPubsub, subscriberToBigQuery } = this.#proxies ?? {};
    this.#environment = {
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${subscriberToPubsub?.port ?? pubsub}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${bigquery}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${subscriberToBigQuery?.port ?? bigqueryGrpc}`,
      METADATA_SERVER_DETECTION: 'none',
    };
    // The first replica makes the topic.
    await this.scale(1);
    this.#edge = await startBenchEdge(edgeToPubsub?.port ?? pubsub);
  }

  async scale(replicas: number): Promise<void> {
    while (this.#replicas.length > replicas) await this.#replicas.pop()?.stop();
    while (this.#replicas.length < replicas) {
      this.#replicas.push(await startReplica(this.#environment));
    }
  }

  async countRows(): Promise<number> {
    const client = connectBigQuery(relay.project, this.#restPort);
    const [rows] = await client.query({ query: `SELECT COUNT(*) AS n FROM ${table}` });
    return Number((rows as { n: number }[])[0]?.n ?? 0);
  }

  cpu(): PartCpu {
    return {
      edge: fineCpuMs(this.edge.pid),
      subscriber: this.#replicas.reduce((sum, { pid }) => sum + fineCpuMs(pid), 0),
      pubsub: fineCpuMs(this.#pubsub.process.pid ?? 0),
      bigquery: fineCpuMs(this.#bigquery.process.pid ?? 0),
    };
  }

  /** Since the last call. */
  async traffic(): Promise<PartTraffic> {
    if (!this.#proxies) throw new Error('this stack does not count');
    const { edgeToPubsub, subscriberToPubsub, subscriberToBigQuery } = this.#proxies;
    return {
      edgeToPubsub: await edgeToPubsub.take(),
      subscriberToPubsub: await subscriberToPubsub.take(),
      subscriberToBigQuery: await subscriberToBigQuery.take(),
    };
  }

  async stop(): Promise<void> {
    await this.#edge?.stop();
    await this.scale(0);
    await Promise.all([
      this.#pubsub.stop(5000),
      this.#bigquery.stop(5000),
      ...Object.values(this.#proxies ?? {}).map((proxy) => proxy.stop()),
    ]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
