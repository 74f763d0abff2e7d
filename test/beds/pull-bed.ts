import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Faults } from '../../local/faults/faults.ts';
import { connectPubsub } from '../../local/google-clients.ts';
import { startPubsub } from '../../local/pubsub/main.ts';
import type { LogEntry } from '../../subscriber/log.ts';
import { Pull, type PullOptions } from '../../subscriber/pull/pull.ts';
import { openPullClient, type PullClient } from '../../subscriber/pull/pull-client.ts';
import type { StreamEnd } from '../../subscriber/pull/stream-end.ts';
import type { PulledMessage } from '../../subscriber/pull/subscription.ts';

const project = 'test-project';

/** A Pub/Sub on this machine with one subscription, until the test is over. */
export async function startPullBed() {
  const directory = await mkdtemp(join(tmpdir(), 'tributary-pull-'));
  const faults = new Faults();
  const server = await startPubsub({ port: 0, directory, faults });
  const pubsub = connectPubsub(project, server.port);
  const [topic] = await pubsub.createTopic('topic');
  await topic.createSubscription('pulled');
  onTestFinished(async () => {
    await pubsub.close();
    await server.stop();
    await rm(directory, { recursive: true });
  });
  const subscription = `projects/${project}/subscriptions/pulled`;
  return {
    faults,
    pubsub,
    subscription,
    async publish(...texts: string[]): Promise<void> {
      await Promise.all(texts.map((text) => topic.publishMessage({ data: Buffer.from(text) })));
    },
    openClient: (): Promise<PullClient> => openPullClient(pubsub, subscription),
    /** Messages that nobody has acked, in order; they are not acked here either. */
    async left(): Promise<string[]> {
      faults.add({ name: 'leases.expire' });
      const client = await openPullClient(pubsub, subscription);
      const left: string[] = [];
      const options = { ...quiet, client, subscription, streams: 1 };
      const pull = new Pull({ ...options, onMessage: (message) => left.push(textOf(message)) });
      // The first response of a stream is sent before any message; one that is here afterwards came with it.
      await new Promise((resolve) => setTimeout(resolve, 300));
      await pull.close(0);
      return left.sort();
    },
  };
}

const quiet = {
  limits: { messages: 1000, bytes: 1_000_000 },
  onFailure: () => {},
  log: () => {},
  random: () => 0.1,
};

export function textOf({ data }: { data: Uint8Array }): string {
  return Buffer.from(data).toString();
}

type PullBed = Awaited<ReturnType<typeof startPullBed>>;

/** A pull that records, and acks each message unless told otherwise; until the test is over. */
export async function startPull(
  { openClient, subscription }: PullBed,
  options: Partial<Omit<PullOptions, 'client' | 'subscription'>> = {},
) {
  const messages: PulledMessage[] = [];
  const failures: StreamEnd[] = [];
  const log: LogEntry[] = [];
  const client = await openClient();
  const pull = new Pull({
    ...quiet,
    onFailure: (end) => failures.push(end),
    log: (entry) => log.push(entry),
    ...options,
    client,
    subscription,
    onMessage(message) {
      messages.push(message);
      if (options.onMessage) options.onMessage(message);
      else message.ack();
    },
  });
  onTestFinished(() => pull.close(0));
  return {
    pull,
    failures,
    log,
    messages,
    /** What has come, each text once. */
    texts: () => [...new Set(messages.map(textOf))].sort(),
  };
}
