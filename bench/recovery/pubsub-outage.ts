import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectPubsub } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { makeDelivery } from '../edge/deliveries.ts';
import { type BenchEdge, startBenchEdge } from '../load/edge.ts';
import { relay } from '../load/relay-config.ts';
import { type Answer, Sender } from '../load/sender.ts';
import type { Outage } from './outages.ts';

export interface PubsubOutage {
  /** From its return to the first 2xx, in milliseconds. */
  firstStoredMs: number;
  /** How long the sender waited for each 503 of the outage, in milliseconds. */
  refusedMs: number[];
  /** Deliveries that got another answer than 204 or 503, or none. */
  others: number;
}

export interface PubsubOutageOptions {
  outage: Outage;
  awaySeconds: number;
  perSecond: number;
}

const before = 3;
const after = 15;

/** Takes Pub/Sub away while deliveries come at a fixed rate, and brings it back. */
export async function measurePubsubOutage(options: PubsubOutageOptions): Promise<PubsubOutage> {
  const pubsub = await AwayPubsub.start();
  let edge: BenchEdge | undefined;
  const sender = new Sender();
  try {
    edge = await startBenchEdge(pubsub.port);
    const delivery = await makeDelivery('purchase', 1024, edge.secret);
    const { outage, awaySeconds, perSecond } = options;
    const seconds = before + awaySeconds + after;
    const sending = sender.send({ port: edge.port, delivery, perSecond, seconds });
    await sleep(before * 1000);
    await pubsub.leave(outage);
    const leftAt = now();
    await sleep(awaySeconds * 1000);
    await pubsub.comeBack(outage);
    const backAt = now();
    return toOutage(await sending, leftAt, backAt);
  } finally {
    await Promise.all([edge?.stop(), sender.stop(), pubsub.stop()]);
  }
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

function toOutage(answers: readonly Answer[], leftAt: number, backAt: number): PubsubOutage {
  const stored = answers
    .filter(({ status, sentAt, ms }) => status === 204 && sentAt + ms > backAt)
    .map(({ sentAt, ms }) => sentAt + ms - backAt);
  const refused = answers.filter(({ status, sentAt }) => status === 503 && sentAt > leftAt - 1000);
  return {
    firstStoredMs: Math.min(...stored),
    refusedMs: refused.map(({ ms }) => ms),
    others: answers.filter(({ status }) => status !== 204 && status !== 503).length,
  };
}

/** local/pubsub, which can go away and come back at the same port. */
class AwayPubsub {
  readonly #directory: string;
  #part: PartProcess;
  port = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#part = this.#open(0);
  }

  static async start(): Promise<AwayPubsub> {
    const pubsub = new AwayPubsub(await mkdtemp(join(tmpdir(), 'tributary-bench-')));
    pubsub.port = (await pubsub.#part.ready)['pubsub'] ?? 0;
    const client = connectPubsub(relay.project, pubsub.port);
    await client.createTopic(relay.topic);
    await client.close();
    return pubsub;
  }

  async leave(outage: Outage): Promise<void> {
    if (outage === 'failing') await this.#script('POST');
    else this.#part.process.kill(outage === 'killed' ? 'SIGKILL' : 'SIGSTOP');
  }

  async comeBack(outage: Outage): Promise<void> {
    if (outage === 'failing') await this.#script('DELETE');
    else if (outage === 'frozen') this.#part.process.kill('SIGCONT');
    else {
      this.#part = this.#open(this.port);
      await this.#part.ready;
    }
  }

  async stop(): Promise<void> {
    this.#part.process.kill('SIGCONT');
    await this.#part.stop(5000);
    await rm(this.#directory, { recursive: true, force: true });
  }

  #open(port: number): PartProcess {
    const options = { port, directory: this.#directory, faults: true };
    return new PartProcess('pubsub', options, {}, { onLine: () => {}, onExit: () => {} });
  }

  async #script(method: 'POST' | 'DELETE'): Promise<void> {
    const fault = { name: 'publish.status', code: 'UNAVAILABLE', times: 'always' };
    const url = `http://127.0.0.1:${this.port}/__faults`;
    const headers = { 'content-type': 'application/json' };
    const body = method === 'POST' ? { body: JSON.stringify(fault), headers } : {};
    const response = await fetch(url, { method, ...body });
    if (!response.ok) throw new Error(`faults: ${response.status} ${await response.text()}`);
  }
}
