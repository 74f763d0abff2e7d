import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Clients, until } from '../../beds/pubsub-clients.ts';

const SERVER = fileURLToPath(new URL('../../beds/pubsub-process.ts', import.meta.url));

let directory: string;
let server: ChildProcess | undefined;
const open: Clients[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pubsub-'));
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((clients) => clients.close()));
  await kill();
  await rm(directory, { recursive: true });
});

async function start(): Promise<Clients> {
  server = spawn(process.execPath, [SERVER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = server.stdout ? await once(server.stdout, 'data') : [];
  const clients = new Clients(Number(line));
  open.push(clients);
  return clients;
}

/** SIGKILL: nothing is flushed, nothing is closed. */
async function kill(): Promise<void> {
  const running = server;
  server = undefined;
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  const exited = once(running, 'exit');
  running.kill('SIGKILL');
  await exited;
}

/** Publishes one message per request, 16 requests at a time, until the server is killed. */
async function publishUntilKilled(clients: Clients, topic: string): Promise<Set<string>> {
  const answered = new Set<string>();
  const path = `/topics/${topic.split('/').at(-1)}:publish`;
  const publish = async (worker: number): Promise<void> => {
    for (let count = 0; ; count++) {
      const text = `${worker}-${count}`;
      const messages = [{ data: Buffer.from(text).toString('base64') }];
      const answer = await clients.rest('POST', path, { messages }).catch(() => null);
      if (answer?.status !== 200) return;
      answered.add(text);
    }
  };
  const burst = Promise.all(Array.from({ length: 16 }, (_, worker) => publish(worker)));
  await until(() => answered.size >= 500);
  await kill();
  await burst;
  return answered;
}

test('every answered publish is delivered after a SIGKILL, no answered ack is', async () => {
  const clients = await start();
  const { topic, subscription } = await clients.queue();
  const acked = new Set<string>();
  for (let index = 0; index < 20; index++) {
    await topic.publishMessage({ data: Buffer.from(`acked ${index}`) });
  }
  const received = await clients.pull(subscription.name, 20);
  const some = received.slice(0, 12);
  const ackIds = some.map(({ ackId }) => ackId ?? '');
  await clients.subscriber.acknowledge({ subscription: subscription.name, ackIds });
  for (const { message } of some) acked.add(String(message?.data));

  const answered = await publishUntilKilled(clients, topic.name);
  const later = await start();
  const texts = new Set<string>();
  const again = later.pubsub.subscription(subscription.name);
  again.on('message', (message) => {
    texts.add(String(message.data));
    message.ack();
  });
  await until(() => texts.size >= answered.size + 8);
  await again.close();
  expect([...answered].filter((text) => !texts.has(text))).toEqual([]);
  expect([...acked].filter((text) => texts.has(text))).toEqual([]);
});
