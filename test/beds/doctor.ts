import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BigQuery } from '@google-cloud/bigquery';
import type { PubSub } from '@google-cloud/pubsub';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { startEdge } from '../../local/edge.ts';
import { Faults } from '../../local/faults/faults.ts';
import { connectBigQuery, connectPubsub } from '../../local/google-clients.ts';
import { startPubsub } from '../../local/pubsub/main.ts';
import { completeSecrets, type Secrets } from '../../local/secrets.ts';
import type { Relay } from '../../shared/config/config.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import { loadRelay } from '../../subscriber/service/load-relay.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Of a config, as text. */
interface ConfigText {
  /** Options beside the streams. */
  options?: string;
  streams?: string;
}

const streams = `shop: datanostro({ table: 'shop.events', filter: { event: '^purchase$' } }),
    crm: segmentstream({ table: 'crm.orders' }),
    billing: stripe({ table: 'billing.stripe', key: ['event_id'] }),
    muted: stripe({ table: 'billing.muted', filter: { event: '^never$' } }),`;

/** A whole local stack, with faults, as `tributary start` leaves it for the other commands. */
export class DoctorBed {
  readonly pubsubFaults = new Faults();
  readonly bigqueryFaults = new Faults();
  readonly directory: string;
  #ports = { edge: 0, pubsub: 0, bigquery: 0, bigqueryGrpc: 0 };
  #configs = 0;
  readonly #stop: (() => Promise<unknown>)[] = [];
  config = '';
  secrets: Secrets = {};

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(): Promise<DoctorBed> {
    const bed = new DoctorBed(await mkdtemp(join(tmpdir(), 'tributary-doctor-')));
    try {
      await bed.#start();
    } catch (error) {
      await bed.stop();
      throw error;
    }
    return bed;
  }

  async #start(): Promise<void> {
    const { directory } = this;
    // As in a project that depends on the package.
    await mkdir(join(directory, 'node_modules'));
    await symlink(root, join(directory, 'node_modules/tributary-relay'));
    // Without a limit of failed tries: the tests make many.
    await writeFile(
      this.#wranglerConfig,
      'name = "tributary"\ncompatibility_date = "2026-11-01"\n',
    );
    this.config = await this.writeConfig();
    const relay = await loadRelay(this.config);
    this.secrets = completeSecrets(this.secretsFile, relay).secrets;
    const [bigquery, pubsub] = await Promise.all([
      startBigQuery({
        restPort: 0,
        grpcPort: 0,
        directory: join(directory, 'bigquery'),
        faults: this.bigqueryFaults,
      }),
      startPubsub({ port: 0, directory: join(directory, 'pubsub'), faults: this.pubsubFaults }),
    ]);
    this.#stop.push(() => Promise.all([bigquery.stop(), pubsub.stop()]));
    const { restPort, grpcPort } = bigquery;
    Object.assign(this.#ports, { pubsub: pubsub.port, bigquery: restPort, bigqueryGrpc: grpcPort });
    const environment = {
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${pubsub.port}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${restPort}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${grpcPort}`,
    };
    // Google's clients read them by themselves; the doctor is to find the stack without them.
    Object.assign(process.env, environment);
    const subscriber = await startSubscriber(
      { ...process.env, STOP_WITHIN_SECONDS: '2' },
      () => {},
      { relay, log: () => {} },
    );
    for (const name of Object.keys(environment)) delete process.env[name];
    this.#stop.push(() => subscriber.stop());
    this.#ports.edge = await this.startEdge();
    await this.announce();
  }

  get #wranglerConfig(): string {
    return join(this.directory, 'wrangler.toml');
  }

  get secretsFile(): string {
    return join(this.directory, '.dev.vars');
  }

  /** The state folder of the running stack. */
  get state(): string {
    return join(this.directory, 'state');
  }

  get pubsubOrigin(): string {
    return `http://127.0.0.1:${this.#ports.pubsub}`;
  }

  bigqueryOf(relay: Pick<Relay, 'project'>): BigQuery {
    return connectBigQuery(relay.project, this.#ports.bigquery);
  }

  pubsubOf(relay: Pick<Relay, 'project'>): PubSub {
    return connectPubsub(relay.project, this.#ports.pubsub);
  }

  async stop(): Promise<void> {
    for (const part of this.#stop.toReversed()) await part();
    await rm(this.directory, { recursive: true });
  }

  /** Writes a config, and returns its path. Each has a name of its own, because Node keeps what it imported. */
  async writeConfig({ options = '', streams: own = streams }: ConfigText = {}): Promise<string> {
    const file = join(this.directory, `tributary-${++this.#configs}.config.ts`);
    const names = 'datanostro, defineRelay, segmentstream, stripe';
    await writeFile(
      file,
      `import { ${names} } from 'tributary-relay';

export const relay = defineRelay({
  project: 'test-project',
  ${options}
  streams: {
    ${own}
  },
});
`,
    );
    return file;
  }

  /** The edge of the stack's config, if none is given; with other secrets, if some are given. Returns its port. */
  async startEdge(secrets: Secrets = {}, config = this.config): Promise<number> {
    const edge = await startEdge({
      port: 0,
      relayConfig: config,
      wranglerConfig: this.#wranglerConfig,
      bindings: {
        ...this.secrets,
        ...secrets,
        PUBSUB_ENDPOINT: `http://127.0.0.1:${this.#ports.pubsub}`,
      },
    });
    this.#stop.push(() => edge.stop());
    return edge.port;
  }

  /** A state folder of a stack with these ports in the place of the real ones. */
  async announce(ports: Partial<Record<'edge' | 'pubsub', number>> = {}): Promise<string> {
    const isReal = Object.keys(ports).length === 0;
    const state = isReal ? this.state : await mkdtemp(join(this.directory, 'state-'));
    await mkdir(state, { recursive: true });
    const running = { pid: process.pid, ports: { ...this.#ports, ...ports } };
    await writeFile(join(state, 'stack.json'), JSON.stringify(running));
    return state;
  }

  /** A port where a connection is accepted and nothing is ever answered. */
  async startSilence(): Promise<number> {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#stop.push(async () => void server.close());
    return (server.address() as AddressInfo).port;
  }
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
