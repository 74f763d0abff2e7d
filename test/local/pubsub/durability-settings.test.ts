// SIGKILL at any point: what was answered is there after a restart.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { Clients, codeOf, freshName, PROJECT, until } from '../../beds/pubsub-clients.ts';

const script = fileURLToPath(new URL('../../beds/pubsub-process.ts', import.meta.url));
const parent = `projects/${PROJECT}`;
const avro = (name: string) =>
  JSON.stringify({ type: 'record', name: 'R', fields: [{ name, type: 'string' }] });

async function start(directory: string): Promise<{ clients: Clients; server: ChildProcess }> {
  const server = spawn(process.execPath, [script, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void server.kill('SIGKILL'));
  const [line] = await once(server.stdout, 'data');
  const clients = new Clients(Number(line));
  onTestFinished(() => clients.close());
  return { clients, server };
}

type Check = (clients: Clients) => Promise<void>;

const subscriptionOf = async ({ subscriber }: Clients, subscription: string) =>
  (await subscriber.getSubscription({ subscription }))[0];

/** Each makes a change, and returns how it is recognised. */
const changes: Record<string, (clients: Clients) => Promise<Check>> = {
  async snapshot(clients) {
    const { topic, subscription } = await clients.queue();
    const messages = [{ data: Buffer.from('kept') }];
    await clients.publisher.publish({ topic: topic.name, messages });
    const snapshot = `${parent}/snapshots/${freshName()}`;
    const { name } = subscription;
    await clients.subscriber.createSnapshot({ name: snapshot, subscription: name });
    return async (later) => {
      await later.subscriber.seek({ subscription: name, snapshot });
      const [received] = await later.pull(name, 1);
      expect(String(received?.message?.data)).toBe('kept');
    };
  },
  async seek(clients) {
    const { topic, subscription } = await clients.queue();
    const messages = [{ data: Buffer.from('purged') }];
    await clients.publisher.publish({ topic: topic.name, messages });
    const time = { seconds: Math.floor(Date.now() / 1000) + 3600 };
    await clients.subscriber.seek({ subscription: subscription.name, time });
    return async (later) => expect(await later.isEmpty(subscription.name)).toBe(true);
  },
  async schema({ schemas }) {
    const schema = { type: 'AVRO' as const, definition: avro('a') };
    const [made] = await schemas.createSchema({ parent, schemaId: freshName(), schema });
    const name = made.name ?? '';
    await schemas.commitSchema({ name, schema: { ...schema, name, definition: avro('b') } });
    return async (later) => {
      const [all] = await later.schemas.listSchemaRevisions({ name, view: 'FULL' });
      expect(all.map(({ definition }) => definition).sort()).toEqual([avro('a'), avro('b')]);
    };
  },
  async policies(clients) {
    const { topic } = await clients.queue();
    const { topic: letters } = await clients.queue();
    const deadLetterPolicy = { deadLetterTopic: letters.name, maxDeliveryAttempts: 7 };
    const [{ name }] = await topic.createSubscription(freshName(), {
      enableExactlyOnceDelivery: true,
    });
    await clients.subscriber.updateSubscription({
      subscription: { name, deadLetterPolicy },
      updateMask: { paths: ['dead_letter_policy'] },
    });
    return async (later) => {
      const shown = await subscriptionOf(later, name);
      expect(shown).toMatchObject({ enableExactlyOnceDelivery: true, deadLetterPolicy });
    };
  },
  async detach(clients) {
    const { subscription } = await clients.queue();
    const { name } = subscription;
    await clients.publisher.detachSubscription({ subscription: name });
    return async (later) => {
      const pull = later.subscriber.pull({ subscription: name, maxMessages: 1 });
      expect(await codeOf(pull)).toBe(status.FAILED_PRECONDITION);
    };
  },
  async push(clients) {
    const { subscription } = await clients.queue();
    const { name } = subscription;
    const pushEndpoint = 'http://127.0.0.1:9/nobody';
    const pushConfig = { pushEndpoint };
    await clients.subscriber.modifyPushConfig({ subscription: name, pushConfig });
    return async (later) => {
      expect((await subscriptionOf(later, name)).pushConfig?.pushEndpoint).toBe(pushEndpoint);
    };
  },
};

test.each([1, 13, 30])(
  'snapshots, seeks, schemas, policies and detachments survive a SIGKILL after %d answers',
  { timeout: 120_000 },
  async (answers) => {
    const directory = await mkdtemp(join(tmpdir(), 'pubsub-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const { clients, server } = await start(directory);
    const checks: Check[] = [];
    let isKilled = false;
    const work = async (change: (clients: Clients) => Promise<Check>) => {
      while (!isKilled) {
        try {
          checks.push(await change(clients));
        } catch (error) {
          if (!isKilled) throw error;
        }
      }
    };
    const working = Promise.allSettled(Object.values(changes).map(work));
    await until(() => checks.length >= answers);
    isKilled = true;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
    // What is under way may be tried again for minutes: it is not waited for.
    const known = [...checks];
    const { clients: later, server: next } = await start(directory);
    for (const check of known) await check(later);
    next.kill('SIGKILL');
    void working;
  },
);
