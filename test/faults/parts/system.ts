import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../relay-under-test.ts';
import type { SenderCounts, SenderOptions } from '../senders/sender-process.ts';
import { type LaunchOptions, launchOwn, launchPart, launchSubscriber } from './launch.ts';
import { Part } from './part.ts';

export interface SystemOptions {
  /** The temporary folder of the run. */
  directory: string;
  root: string;
  project: Project;
  replicas: number;
  senders: Omit<SenderOptions, 'edge' | 'secrets' | 'ledger' | 'life' | 'sender'> & {
    count: number;
  };
  /** Called when a part ends by itself. */
  onExit: (name: string) => void;
}

export interface Ports {
  pubsub: number;
  bigquery: number;
  bigqueryGrpc: number;
  absmartly: number;
  edge: number;
}

const none: SenderCounts = { done: 0, acknowledged: 0, underWay: 0, tries: 0 };

/** Every part of the relay under test, and its senders. */
export class System {
  /** 0 until a part has chosen its own, which it keeps. */
  readonly ports: Ports = { pubsub: 0, bigquery: 0, bigqueryGrpc: 0, absmartly: 0, edge: 0 };
  readonly servers: readonly Part[];
  readonly subscribers: readonly Part[];
  readonly edge: Part;
  readonly senders: readonly Part[];
  readonly ledgers: string;
  readonly #options: SystemOptions;
  readonly #launch: LaunchOptions;
  /** Of each life of each sender. */
  readonly #counts = new Map<string, SenderCounts>();
  readonly #lives = new Map<number, number>();

  constructor(options: SystemOptions) {
    const { directory, root, project, replicas, senders } = options;
    this.#options = options;
    const logs = join(directory, 'logs');
    this.ledgers = join(directory, 'outside');
    for (const folder of [logs, this.ledgers]) mkdirSync(folder, { recursive: true });
    this.#launch = { root, project: project.path, logs };
    this.servers = [
      this.#part('pubsub', () => {
        const folder = join(directory, 'pubsub');
        const given = { port: this.ports.pubsub, directory: folder, faults: true };
        return launchPart('pubsub', given, this.#launch);
      }),
      this.#part('bigquery', () => {
        const { bigquery: restPort, bigqueryGrpc: grpcPort } = this.ports;
        const given = { restPort, grpcPort, directory: join(directory, 'bigquery'), faults: true };
        return launchPart('bigquery', given, this.#launch);
      }),
      this.#part('absmartly', () => {
        const given = { port: this.ports.absmartly, apiKey: project.secrets['AB_API_KEY'] ?? '' };
        return launchOwn('./absmartly-process.ts', given, this.#launch);
      }),
    ];
    this.subscribers = Array.from({ length: replicas }, (_, n) =>
      this.#part(`subscriber-${n + 1}`, () =>
        launchSubscriber(`subscriber-${n + 1}`, this.#environment(), this.#launch),
      ),
    );
    this.edge = this.#part('edge', () => {
      const bindings = {
        ...project.secrets,
        PUBSUB_ENDPOINT: `http://127.0.0.1:${this.ports.pubsub}`,
      };
      const given = { port: this.ports.edge, relayConfig: project.config, bindings };
      return launchPart('edge', given, this.#launch);
    });
    this.senders = Array.from({ length: senders.count }, (_, n) =>
      this.#part(`sender-${n + 1}`, () => this.#launchSender(n)),
    );
  }

  get all(): readonly Part[] {
    return [...this.servers, ...this.subscribers, this.edge, ...this.senders];
  }

  find(name: string): Part {
    const part = this.all.find((one) => one.name === name);
    if (!part) throw new Error(`there is no part ${name}`);
    return part;
  }

  /** Of all lives of all senders. */
  get counts(): SenderCounts {
    const sum = { ...none };
    for (const counts of this.#counts.values()) {
      sum.done += counts.done;
      sum.acknowledged += counts.acknowledged;
      sum.tries += counts.tries;
    }
    for (const part of this.senders) {
      const life = `${part.name} ${this.#lives.get(this.senders.indexOf(part))}`;
      if (part.isReady) sum.underWay += this.#counts.get(life)?.underWay ?? 0;
    }
    return sum;
  }

  async start(): Promise<void> {
    await this.startRest();
    // The subscriber makes the topic, so the edge starts after it.
    await this.edge.start();
  }

  async startSenders(): Promise<void> {
    await Promise.all(this.senders.map((part) => part.start()));
  }

  /** Each delivery under way is still answered, within the given time. @returns whether all were */
  async finishSenders(withinMs: number): Promise<boolean> {
    const finished = this.senders.map((part) => {
      const child = part.process;
      if (!child || child.exitCode !== null || !part.isReady) return Promise.resolve(true);
      const done = new Promise<boolean>((resolve) => {
        const late = setTimeout(() => resolve(false), withinMs);
        child.once('exit', () => {
          clearTimeout(late);
          resolve(true);
        });
      });
      part.stopsItself();
      child.send('finish', () => {});
      return done;
    });
    const all = await Promise.all(finished);
    await Promise.all(this.senders.map((part) => part.stop('SIGKILL')));
    return !all.includes(false);
  }

  /** Stops everything but the senders, as a rollout would. */
  async stop(): Promise<void> {
    await this.edge.stop('SIGTERM');
    await this.stopRest();
  }

  /** Starts what brings to the tables what was sent. */
  async startRest(): Promise<void> {
    await Promise.all(this.servers.map((part) => part.start()));
    await Promise.all(this.subscribers.map((part) => part.start()));
  }

  async stopRest(): Promise<void> {
    await Promise.all(this.subscribers.map((part) => part.stop('SIGTERM')));
    await Promise.all(this.servers.map((part) => part.stop('SIGTERM')));
  }

  async killAll(): Promise<void> {
    await Promise.all(this.all.map((part) => part.stop('SIGKILL')));
  }

  #part(name: string, launch: () => ReturnType<typeof launchPart> | ReturnType<typeof launchOwn>) {
    const remembered = async () => {
      const launched = await launch();
      void launched.ready.then(
        (ports) => Object.assign(this.ports, ports),
        () => {},
      );
      return launched;
    };
    return new Part(name, remembered, { onExit: ({ name }) => this.#options.onExit(name) });
  }

  #launchSender(sender: number) {
    const life = (this.#lives.get(sender) ?? -1) + 1;
    this.#lives.set(sender, life);
    const { count: _, exportEveryMs, ...shared } = this.#options.senders;
    const options: SenderOptions = {
      ...shared,
      ...{ sender, life, edge: this.ports.edge, secrets: this.#options.project.secrets },
      ...(sender === 0 && exportEveryMs !== undefined && { exportEveryMs }),
      ledger: join(this.ledgers, `${sender}.${life}`),
    };
    const onMessage = (counts: unknown) => {
      this.#counts.set(`sender-${sender + 1} ${life}`, counts as SenderCounts);
    };
    return launchOwn('../senders/sender-process.ts', options, this.#launch, onMessage);
  }

  /** The environment of a production deployment, except for the endpoints. */
  #environment(): NodeJS.ProcessEnv {
    const { project } = this.#options;
    return {
      ...project.secrets,
      TRIBUTARY_CONFIG: project.config,
      AB_API_URL: `http://127.0.0.1:${this.ports.absmartly}`,
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${this.ports.pubsub}`,
      BIGQUERY_EMULATOR_HOST: `http://127.0.0.1:${this.ports.bigquery}`,
      BIGQUERY_STORAGE_EMULATOR_HOST: `127.0.0.1:${this.ports.bigqueryGrpc}`,
      METADATA_SERVER_DETECTION: 'none',
    };
  }
}
