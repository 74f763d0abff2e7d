import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PubSub } from '@google-cloud/pubsub';
import autocannon from 'autocannon';
import { connectPubsub } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { startGoogleEmulator } from '../../local/pubsub/google-emulator.ts';
import { type Figure, toFigure } from '../figure.ts';

const rounds = 3;
const publishSeconds = 4;
const connections = 32;
const backlog = 20_000;
const project = 'bench-project';

/** A measured Pub/Sub server: ours, or Google's emulator. */
interface Server {
  name: string;
  port: number;
  publishRates: number[];
  pullRates: number[];
  stop(): Promise<void>;
}

/**
 * Measures publishing, with one message per request as the edge does, and pulling with Google's client as the
 * subscriber does. Runs against local/pubsub and, if it is installed, Google's emulator, alternating.
 */
export async function measurePubsub(say: (what: string) => void): Promise<Figure[]> {
  const own = await startOwn();
  const official = await startOfficial();
  const servers = official ? [own, official] : [own];
  if (!official) say('skipped: the official Pub/Sub emulator is not installed');
  for (let round = 1; round <= rounds; round++) {
    for (const server of servers) {
      say(`${server.name}: publish and pull, round ${round} of ${rounds}`);
      server.publishRates.push(await measurePublish(server.port, `publish-${round}`));
      server.pullRates.push(await measurePull(server.port, `pull-${round}`));
    }
  }
  await Promise.all(servers.map((server) => server.stop()));
  return servers.length === 1
    ? figuresOf(own)
    : [...figuresOf(own), ...figuresOf(servers[1] ?? own), ...ratios(own, servers[1] ?? own)];
}

function figuresOf({ name, publishRates, pullRates }: Server): Figure[] {
  return [
    toFigure(`${name}: REST publish`, 'messages/s', publishRates),
    toFigure(`${name}: streamingPull + ack`, 'messages/s', pullRates),
  ];
}

function ratios(own: Server, official: Server): Figure[] {
  const ratio = (ours: number[], theirs: number[]) =>
    ours.map((rate, round) => rate / (theirs[round] ?? Number.NaN));
  const target = { atLeast: 2 };
  return [
    toFigure(
      'REST publish, ours ÷ emulator',
      '×',
      ratio(own.publishRates, official.publishRates),
      target,
    ),
    toFigure(
      'streamingPull + ack, ours ÷ emulator',
      '×',
      ratio(own.pullRates, official.pullRates),
      target,
    ),
  ];
}

async function startOwn(): Promise<Server> {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const part = new PartProcess(
    'pubsub',
    { port: 0, directory },
    {},
    { onLine: () => {}, onExit: () => {} },
  );
  const { pubsub = 0 } = await part.ready;
  return {
    name: 'local/pubsub',
    port: pubsub,
    publishRates: [],
    pullRates: [],
    async stop() {
      await part.stop(5000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function startOfficial(): Promise<Server | undefined> {
  const emulator = await startGoogleEmulator();
  return emulator && { name: "Google's emulator", ...emulator, publishRates: [], pullRates: [] };
}

const body = JSON.stringify({
  messages: [{ data: Buffer.alloc(1024, 'x').toString('base64'), attributes: { stream: 'bench' } }],
});

async function measurePublish(port: number, name: string): Promise<number> {
  await withTopic(port, name, async () => {});
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/v1/projects/${project}/topics/${name}:publish`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections,
    duration: publishSeconds,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx + result.errors} publishes failed`);
  return result['2xx'] / result.duration;
}

async function measurePull(port: number, name: string): Promise<number> {
  return await withTopic(port, name, async (pubsub) => {
    const url = `http://127.0.0.1:${port}/v1/projects/${project}/topics/${name}:publish`;
    const message = (JSON.parse(body) as { messages: object[] }).messages[0];
    const batch = JSON.stringify({ messages: Array.from({ length: 1000 }, () => message) });
    for (let sent = 0; sent < backlog; sent += 1000) {
      const response = await fetch(url, {
        method: 'POST',
        body: batch,
        headers: { 'content-type': 'application/json' },
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`publish: ${response.status}`);
    }
    const subscription = pubsub.subscription(name, { flowControl: { maxMessages: 10_000 } });
    const seen = new Set<string>();
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      subscription.on('error', reject);
      subscription.on('message', (pulled) => {
        pulled.ack();
        seen.add(pulled.id);
        if (seen.size === backlog) resolve();
      });
    });
    const seconds = (performance.now() - begun) / 1000;
    await subscription.close();
    return backlog / seconds;
  });
}

/** Runs with a temporary topic and subscription of this name. */
async function withTopic<Result>(
  port: number,
  name: string,
  run: (pubsub: PubSub) => Promise<Result>,
): Promise<Result> {
  const pubsub = connectPubsub(project, port);
  await pubsub.createTopic(name);
  await pubsub.createSubscription(name, name);
  const result = await run(pubsub);
  await pubsub.subscription(name).delete();
  await pubsub.close();
  return result;
}
